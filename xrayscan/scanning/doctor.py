"""Whether this installation can do its work: what it consists of, and a test of both ends of a scan."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image

from xrayscan.errors import Code, InputError, ModelError, OutputError, XrayscanError
from xrayscan.files.text import counted
from xrayscan.model.backend import Placement
from xrayscan.model.file import Model, load_model
from xrayscan.models import DEFAULT
from xrayscan.network.device import cpu_has_bf16
from xrayscan.plugin.extras import extras
from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.registry import Registry
from xrayscan.report.run_json import versions
from xrayscan.runtime.films import drawn_film
from xrayscan.runtime.interface import cores, why_missing
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.score import BatchScorer

SIDE = 512  # pixels of the self-test's film
ALIKE = 0.05  # how far the probabilities of one film as JPEG and as PNG may lie apart
CUT = 0.6  # of a file: what is left is to be refused


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    section: str  # versions, devices, runtimes, extras, plugins, disk, model or self-test
    name: str
    state: str  # in words
    exit_code: int = 0  # that of the error that it will cause; 0: nothing is wrong


def examine(reference: str = DEFAULT) -> Iterator[Finding]:
    """Look at everything, with the model that a user would name so. What is wrong is a finding, never an exception."""
    yield from (Finding("versions", name, version) for name, version in versions().items())
    yield from _devices()
    registry = load_registry()
    for name, runtime in registry.runtimes.items():
        yield Finding("runtimes", name, why_missing(runtime, Placement()) or "ready")
    yield from (Finding("extras", one.name, one.state) for one in extras())
    yield from _plugins(registry)
    yield from _disk()
    try:
        model = load_model(reference)
    except ModelError as error:
        yield Finding("model", reference, str(error), error.exit_code)
        return
    size = os.path.getsize(model.path) / 1e6
    yield Finding("model", reference, f"{model.card.backend}, {size:.1f} MB, {model.fingerprint[:12]}")
    for name, test in {"scores a drawn film": _scores, "refuses half a film": _refuses}.items():
        yield _tested(name, test, model)


def _devices() -> Iterator[Finding]:
    import torch

    yield Finding(
        "devices", "cpu", f"{counted(cores(), 'core')}, bf16 {'in hardware' if cpu_has_bf16() else 'emulated'}"
    )
    for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        told = torch.cuda.get_device_properties(number)
        yield Finding("devices", f"cuda:{number}", f"{told.name}, {told.total_memory / 1e9:.0f} GB")
    if torch.backends.mps.is_available():
        yield Finding("devices", "mps", "there")


def _plugins(registry: Registry) -> Iterator[Finding]:
    for plugin in registry.plugins:
        told = "; ".join(f"{edge}: {', '.join(names)}" for edge, names in plugin.registered.items())
        wrong = f"did not load: {plugin.error}" if plugin.error else ""
        yield Finding("plugins", plugin.name, wrong or told, ModelError.exit_code if wrong else 0)


def _disk() -> Iterator[Finding]:
    for name, folder in {"working folder": os.curdir, "temporary files": tempfile.gettempdir()}.items():
        free = f"{shutil.disk_usage(folder).free / 1e9:,.1f} GB free"
        wrong = not os.access(folder, os.W_OK)
        yield Finding(
            "disk", name, f"{free}{', cannot be written' if wrong else ''}", OutputError.exit_code if wrong else 0
        )


def _tested(name: str, test: Callable[[Model, str], None], model: Model) -> Finding:
    """Run a test with a folder of its own."""
    started = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            test(model, folder)
    except (XrayscanError, OSError) as error:
        return Finding("self-test", name, f"failed: {error}", getattr(error, "exit_code", OutputError.exit_code))
    return Finding("self-test", name, f"passed in {time.perf_counter() - started:.1f} s")


def _scores(model: Model, folder: str) -> None:
    rows = [prepare({"path": path}, specs=(model.card.input,)) for path in _film(folder)]
    if wrong := [row["reason"] for row in rows if row.get("reason")]:
        raise InputError(f"a sound film is refused: {wrong[0]}")
    scored = BatchScorer([model], Placement(), len(rows))(rows)
    if wrong := [row["reason"] for row in scored if row.get("reason")]:
        raise ModelError(wrong[0])
    first, second = (row["probabilities"][0] for row in scored)
    if abs(first - second) > ALIKE:
        raise ModelError(f"one film has the probability {first:.3f} as JPEG and {second:.3f} as PNG")


def _refuses(model: Model, folder: str) -> None:
    path, _ = _film(folder)
    os.truncate(path, int(os.path.getsize(path) * CUT))
    if prepare({"path": path}, specs=(model.card.input,)).get("code") != Code.TRUNCATED:
        raise InputError("a truncated film is not seen to be truncated")


def _film(folder: str) -> tuple[str, str]:
    """One drawn film as JPEG and as PNG."""
    paths = os.path.join(folder, "film.jpeg"), os.path.join(folder, "film.png")
    for path in paths:
        Image.fromarray(drawn_film(SIDE, 0)).save(path, quality=95)
    return paths
