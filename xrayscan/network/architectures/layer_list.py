"""A sequential network as a list of short texts, checked without torch: all shapes are known before it is built.

Each text is a kind, its number and options: ``conv 32``, ``conv 96 kernel=5 dilation=2 swish``, ``pool``,
``pool 3 mean``, ``norm``, ``dropout 0.25``, ``flatten``, ``global``, ``dense 128 swish``. The last layer,
``dense 1 linear``, is implied.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from xrayscan.errors import ModelError

ACTIVATIONS = ("relu", "swish", "elu", "tanh", "sigmoid", "linear")
WORDS = {"conv": (*ACTIVATIONS, "same", "valid"), "dense": ACTIVATIONS, "pool": ("max", "mean")}
OPTIONS = {"conv": {"kernel": 3, "stride": 1, "dilation": 1}, "pool": {"stride": 0}}
NEEDS_NUMBER = ("conv", "dense", "dropout")
KINDS = ("conv", "pool", "norm", "dropout", "flatten", "global", "dense")
MOST_WEIGHTS = 400_000_000  # 1.6 GB in fp32: a slip of the pen, not a plan


@dataclass(frozen=True, slots=True)
class Shape:
    """What flows between layers: (channels, side, side), or (channels,) once it is flat."""

    channels: int
    side: int | None = None

    @property
    def size(self) -> int:
        """Numbers per film."""
        return self.channels * (self.side or 1) ** 2

    def __str__(self) -> str:
        return f"{self.channels} x {self.side} x {self.side}" if self.side else f"{self.channels}"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, its options resolved, with the shapes before and after it."""

    kind: str
    number: float | None
    words: tuple[str, ...]
    options: dict[str, int]
    before: Shape
    after: Shape

    @property
    def activation(self) -> str:
        """The non-linearity behind a convolution or dense layer; ReLU unless named."""
        return next((word for word in self.words if word in ACTIVATIONS), "relu")

    @property
    def padding(self) -> int:
        """Pixels added around a convolution's input: ``same``, the default, keeps the side at stride 1."""
        return 0 if "valid" in self.words else self.options["dilation"] * (self.options["kernel"] - 1) // 2

    @property
    def weights(self) -> int:
        """How many numbers this layer learns."""
        if self.kind == "conv":
            return int(self.after.channels * (self.before.channels * self.options["kernel"] ** 2 + 1))
        if self.kind == "dense":
            return self.after.channels * (self.before.size + 1)
        return 2 * self.before.channels if self.kind == "norm" else 0


def planned_layers(texts: Sequence[str], side: int, channels: int = 1) -> list[Layer]:
    """Read a layer list for films (channels, side, side) and work out every shape, the implied last layer included.

    Raises: ModelError that points at the layer which cannot be read, or cannot follow the one before it.
    """
    shape, layers = Shape(channels, side), []
    for place, text in enumerate([*texts, "dense 1 linear"], 1):
        try:
            layer = _layer(text, shape)
        except ValueError as error:
            raise ModelError(f"layer {place}, {text!r}: {error}") from error
        layers.append(layer)
        shape = layer.after
    if (total := sum(layer.weights for layer in layers)) > MOST_WEIGHTS:
        largest = max(layers, key=lambda layer: layer.weights)
        raise ModelError(
            f"the network would have {total:,} weights, most of them in '{largest.kind} {largest.number:g}' "
            f"on {largest.before}: add pooling before it"
        )
    return layers


def _layer(text: str, before: Shape) -> Layer:
    kind, number, words, options = _read(text)
    return Layer(kind, number, words, options, before, _after(kind, number, words, options, before))


def _read(text: str) -> tuple[str, float | None, tuple[str, ...], dict[str, int]]:
    kind, *rest = text.split() or [""]
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}: choose among {', '.join(KINDS)}")
    number, words, options = None, [], dict(OPTIONS.get(kind, {}))
    for part in rest:
        name, equals, value = part.partition("=")
        if equals and name in options:
            options[name] = _whole(name, value)
        elif part in WORDS.get(kind, ()):
            words.append(part)
        elif number is None and kind in (*NEEDS_NUMBER, "pool") and _is_number(part):
            number = float(part)
        else:
            known = [*(f"{option}=N" for option in options), *WORDS.get(kind, ())]
            raise ValueError(f"{kind} does not take {part!r}" + (f"; it takes {', '.join(known)}" if known else ""))
    if number is None and kind in NEEDS_NUMBER:
        raise ValueError(f"{kind} needs a number, such as '{kind} {0.25 if kind == 'dropout' else 32}'")
    return kind, number, tuple(words), options


def _after(kind: str, number: float | None, words: tuple[str, ...], options: dict[str, int], before: Shape) -> Shape:
    if kind in ("conv", "pool", "global") and before.side is None:
        raise ValueError(f"{kind} needs a picture, but what comes before it is flat ({before} numbers)")
    if kind == "dropout":
        if not 0 <= (number or 0) < 1:
            raise ValueError("dropout takes a share from 0 to below 1")
        return before
    if kind == "norm":
        return before
    if kind == "flatten":
        return Shape(before.size)
    if kind == "global":
        return Shape(before.channels)
    if number is not None and (number != int(number) or number < 1):
        raise ValueError(f"{kind} takes a whole number of 1 or more, not {number:g}")
    if kind == "dense":
        if before.side is not None:
            raise ValueError(f"dense needs a flat input, but gets {before}: put 'flatten' or 'global' before it")
        return Shape(int(number or 1))
    return _picture(kind, number, words, options, before)


def _picture(kind: str, number: float | None, words: tuple[str, ...], options: dict[str, int], before: Shape) -> Shape:
    side = before.side or 0
    if kind == "pool":
        window = int(number or 2)
        after = (side - window) // (options["stride"] or window) + 1
        channels = before.channels
    else:
        if options["kernel"] % 2 == 0 and "valid" not in words:
            raise ValueError("an even kernel cannot keep the side: give an odd one, or 'valid'")
        reach = options["dilation"] * (options["kernel"] - 1)
        after = (side + (0 if "valid" in words else reach) - reach - 1) // options["stride"] + 1
        channels = int(number or 1)
    if after < 1:
        raise ValueError(f"its input of {before} is too small for it")
    return Shape(channels, after)


def _whole(name: str, value: str) -> int:
    if not value.isdigit() or int(value) < 1:
        raise ValueError(f"{name}={value!r} is not a whole number of 1 or more")
    return int(value)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
