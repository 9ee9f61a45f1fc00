"""What of a process and its libraries is nobody's to change but the tool's: how to read it and put it back."""

import contextlib
import logging
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

_SIGNALS = [int(number) for number in signal.valid_signals()]  # asked once: it makes an enumeration each time


@dataclass(frozen=True, slots=True)
class Setting:
    """Something of a process, or of a library once it is imported, that is nobody's to change but the tool's."""

    what: str
    read: Callable[[], Any]
    restore: Callable[[Any], None]
    library: str = "sys"  # what has to be imported before it can be read

    @property
    def readable(self) -> bool:
        """Whether its library is imported; not while another thread is still at it."""
        found = sys.modules.get(self.library)
        return found is not None and not getattr(found.__spec__, "_initializing", False)


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in _SIGNALS}


def _set_handlers(before: dict[int, Any]) -> None:
    if threading.current_thread() is threading.main_thread():
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) != handler:
                signal.signal(number, handler)


def _folder() -> str | None:
    with contextlib.suppress(OSError):  # it may be deleted
        return os.getcwd()
    return None


def _go_back(folder: str | None) -> None:
    if folder is not None:
        os.chdir(folder)


def _set_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


def _logging() -> tuple[Any, ...]:
    root = logging.getLogger()
    return root.level, root.manager.disable, list(root.handlers)


def _set_logging(before: tuple[Any, ...]) -> None:
    root = logging.getLogger()
    root.level, root.manager.disable, root.handlers[:] = before


def _numpy() -> tuple[Any, ...]:
    import numpy as np

    kind, keys, *rest = cast(tuple[str, Any, int, int, float], np.random.get_state())
    return np.geterr(), kind, keys.tobytes(), rest


def _set_numpy(before: tuple[Any, ...]) -> None:
    import numpy as np

    errors, kind, keys, rest = before
    np.seterr(**errors)
    np.random.set_state((kind, np.frombuffer(keys, np.uint32), *rest))


def _attribute(what: str, library: str, name: str) -> "Setting":
    """A setting that is a variable of a module."""
    return Setting(
        what,
        lambda: getattr(sys.modules[library], name),
        lambda before: setattr(sys.modules[library], name, before),
        library,
    )


def _torch() -> tuple[Any, ...]:
    torch: Any = sys.modules["torch"]  # read where it is imported already, never imported for this
    return (
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_float32_matmul_precision(),
        torch.get_rng_state().numpy().tobytes(),
    )


def _set_torch(before: tuple[Any, ...]) -> None:
    torch: Any = sys.modules["torch"]
    dtype, device, threads, gradients, deterministic, precision, state = before
    torch.set_default_device(None if device == torch.device("cpu") else device)
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    torch.set_grad_enabled(gradients)
    torch.use_deterministic_algorithms(deterministic)
    torch.set_float32_matmul_precision(precision)
    torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


SETTINGS = (
    Setting("the working directory", _folder, _go_back),
    Setting("the environment", lambda: dict(os.environ), _set_environment),
    Setting("signal handlers", _handlers, _set_handlers),
    _attribute("the exception hook", "sys", "excepthook"),
    Setting("logging", _logging, _set_logging),
    Setting("random numbers", random.getstate, random.setstate),
    Setting("NumPy's defaults", _numpy, _set_numpy, "numpy"),
    _attribute("Pillow's limits", "PIL.Image", "MAX_IMAGE_PIXELS"),
    _attribute("how Pillow reads truncated images", "PIL.ImageFile", "LOAD_TRUNCATED_IMAGES"),
    Setting("torch's defaults", _torch, _set_torch, "torch"),
)
