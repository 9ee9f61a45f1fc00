"""Pretrained weights: published ones through their library's own cache, or any file; no pickle in it is ever run."""

import os
import pickle
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xrayscan.errors import ModelError
from xrayscan.model.file import is_model, load_model
from xrayscan.model.provenance import PREFIX, Provenance

if TYPE_CHECKING:
    import torch
    from torch import nn

    State = Mapping[str, torch.Tensor]

WRAPPERS = ("state_dict", "model_state_dict", "model", "model_ema", "net")  # under which checkpoints keep weights
PREFIXES = ("module.", "_orig_mod.")  # of networks that were wrapped while they were trained


@dataclass(frozen=True, slots=True)
class WeightSource:
    """Where a network's first weights come from: ``none`` (random), ``imagenet``, or the path of a file."""

    name: str = "none"

    def fill(
        self,
        network: "nn.Module",
        *,
        published: "Callable[[], State]",
        renamed: "Callable[[State], State]" = dict,
        head: Iterable[str] = (),
        first: str | None = None,
    ) -> None:
        """Put the weights into a network, in place; with ``none``, leave it as it is.

        ``published`` fetches the weights that ``imagenet`` stands for; ``renamed`` gives weights in other layouts the
        network's own names. ``head`` are prefixes of what belongs to the
        source's own classes: left out on both sides. ``first`` names the first layer's weight: when the network takes
        one channel and the weights three, their sum over the channels is taken, which on a grey film gives what three
        equal channels would.
        Raises: ModelError if a file cannot be read, runs code, or does not fit the network.
        """
        if self.name == "none":
            return
        state = dict(renamed(published() if self.name == "imagenet" else read_state(self.name)))
        own = network.state_dict()
        if first in state and first in own and (state[first].shape[1], own[first].shape[1]) == (3, 1):
            state[first] = state[first].sum(1, keepdim=True)
        heads = tuple(head)
        wanted = {name: tensor for name, tensor in own.items() if not name.startswith(heads)}
        given = {name: tensor for name, tensor in state.items() if not name.startswith(heads)}
        self._refuse_misfits(wanted, given)
        network.load_state_dict(given, strict=False)

    def _refuse_misfits(self, wanted: "State", given: "State") -> None:
        # Counters of batches seen are missing from weights published before they existed.
        missing = [name for name in wanted if name not in given and not name.endswith("num_batches_tracked")]
        foreign = [name for name in given if name not in wanted]
        shapes = [name for name in wanted if name in given and wanted[name].shape != given[name].shape]
        if shapes:
            name = shapes[0]
            what = f"{name} has shape {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}"
        elif missing:
            what = f"{missing[0]} is missing (and {len(missing) - 1} more)"
        elif foreign:
            what = f"{foreign[0]} belongs to another network (and {len(foreign) - 1} more)"
        else:
            return
        raise ModelError(f"{self.name}: these weights do not fit the network: {what}")


def weights_seen(name: str) -> Provenance | None:
    """The films behind first weights that are one of our own model files; None for weights from elsewhere.

    Raises: ModelError for a model file of ours that is damaged, or does not say on which films it was trained.
    """
    if not name.endswith(".safetensors") or not os.path.isfile(name) or not is_model(name):
        return None
    model = load_model(name)
    if model.seen is None:
        raise ModelError(f"{name} does not say on which films it was trained, so it is not built upon")
    return model.seen


def read_state(path: str) -> "State":
    """Read a state dict from a .safetensors file, or from a .pth file with ``weights_only=True``.

    Raises: ModelError if there is no such file, it holds anything but tensors, or would run code.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not os.path.isfile(path):
        raise ModelError(f"{path}: no such file: give a .safetensors or .pth file, 'imagenet' or 'none' to --weights")
    try:
        if path.endswith(".safetensors"):
            return {name: tensor for name, tensor in load_file(path).items() if not name.startswith(PREFIX)}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected pickle protocol")  # such a file is refused below, or was read
            return _state(torch.load(path, map_location="cpu", weights_only=True), path)
    except (SafetensorError, EOFError, OSError) as error:
        raise ModelError(f"{path}: not a file of weights, or a damaged one: download or write it again") from error
    except (pickle.UnpicklingError, RuntimeError, ValueError, KeyError) as error:
        raise ModelError(
            f"{path}: refused, since it is damaged or holds more than weights, which may be code: save its state dict "
            "alone, as .safetensors"
        ) from error


def torchvision_state(weights: Any) -> "State":
    """Fetch weights published by torchvision, a member of one of its enums, through its cache.

    Raises: ModelError that names the file, where to get it and where to put it, when there is no network.
    """
    import torch

    try:
        state: State = weights.get_state_dict(progress=False, check_hash=True)
        return state
    except (OSError, RuntimeError) as error:  # URLError is an OSError; a wrong hash is a RuntimeError
        name = weights.url.rpartition("/")[2]
        place = os.path.join(torch.hub.get_dir(), "checkpoints", name)
        raise ModelError(absent_weights(name, weights.url, place, str(error))) from error


def absent_weights(name: str, url: str, place: str, reason: str) -> str:
    """The message for weights that are neither in the cache nor to be had."""
    return (
        f"the pretrained weights {name} are not in the cache and could not be downloaded ({reason}): "
        f"get them from {url} and put them at {place}, or pass the file with --weights FILE, "
        "or start from random weights with --weights none"
    )


def _state(loaded: Any, path: str) -> "State":
    import torch

    for wrapper in WRAPPERS:
        if isinstance(loaded, dict) and isinstance(loaded.get(wrapper), dict):
            loaded = loaded[wrapper]
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise ModelError(f"{path}: it holds no state dict: save the network's state_dict() alone")
    state: State = {_bare(name): tensor for name, tensor in loaded.items()}
    return state


def _bare(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name
