"""Several models as one: the mean of their calibrated logits, in one file."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan import (
    Films,
    FitSettings,
    InputSpec,
    Model,
    ModelCard,
    ModelError,
    Placement,
    Predictor,
    Tensors,
    hookimpl,
    load_model,
    load_predictor,
)

CARD = "card"  # a member's card as JSON text in UTF-8, beside its weights: 0/card, 0/weights/…, 1/card, …


@dataclass(frozen=True)
class EnsembleParams:
    """What can be set with --set."""

    members: tuple[str, ...] = ()  # models: bundled names, files or run folders, trained on the same split


class Members:
    """The loaded members."""

    def __init__(self, models: list[Model], placement: Placement) -> None:
        self._members: list[tuple[ModelCard, Predictor]] = [(m.card, load_predictor(m, placement)) for m in models]

    def predict(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Pixels (B, S, S) uint8 → the mean of the members' calibrated logits (B,) float32."""
        logits = [
            card.calibration.slope * predictor.predict(_at_side(pixels, card.input.side)) + card.calibration.intercept
            for card, predictor in self._members
        ]
        return np.asarray(np.mean(logits, axis=0, dtype=np.float64), np.float32)


def _at_side(pixels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    if pixels.shape[-1] == side:
        return pixels
    films = [Image.fromarray(film).resize((side, side), Image.Resampling.BILINEAR) for film in pixels]
    return np.stack([np.asarray(film) for film in films])


class Ensemble:
    """The backend: nothing is trained, the members are copied; calibration on validation follows as for any model."""

    name = "ensemble"
    summary = "several model files as one: --set members=runs/a,runs/b,runs/c"
    params: type[Any] = EnsembleParams

    def spec(self, params: EnsembleParams) -> InputSpec:
        """The pixels of the member that takes the largest; the others are given them downsized.

        Raises: ModelError if they crop or pad films differently.
        """
        inputs = [load_model(member).card.input for member in params.members] or [InputSpec(side=128)]
        if len({spec.resize for spec in inputs}) > 1:
            raise ModelError("ensemble: its members resize films in different ways, so they cannot share pixels")
        return replace(
            max(inputs, key=lambda spec: spec.side), channels=1, normalise="per_image", mean=(0.5,), std=(1.0,)
        )

    def fit(
        self, params: EnsembleParams, spec: InputSpec, train: Films, validation: Films, settings: FitSettings
    ) -> dict[str, npt.NDArray[Any]]:
        """Copy the members. Raises: ModelError without two, or for one trained on films of this validation side."""
        if len(params.members) < 2:
            raise ModelError("ensemble needs two models or more: --set members=runs/a,runs/b")
        tensors: dict[str, npt.NDArray[Any]] = {}
        seen: list[Any] = []
        for place, member in enumerate(params.members):
            model = load_model(member)
            if not _same_split(model, train, validation):
                raise ModelError(
                    f"ensemble: {member} was trained on another split than this folder's, or does not say on which, so "
                    "validation would flatter it: train it on this folder, with the same seed"
                )
            seen.append(model.seen)
            tensors[f"{place}/{CARD}"] = np.frombuffer(model.card.to_json().encode(), np.uint8)
            tensors |= {f"{place}/weights/{name}": array for name, array in model.tensors.items()}
        return tensors | dict(seen[0].united(*seen[1:]).tensors())

    def load(self, params: EnsembleParams, spec: InputSpec, tensors: Tensors, placement: Placement) -> Members:
        """Load every member. Raises: ModelError if one is missing or damaged, or the pixels are not a member's."""
        members = [_member(tensors, place) for place in range(len(params.members))]
        if spec.side != max((member.card.input.side for member in members), default=0):
            raise ModelError(f"ensemble: an input of {spec.side} px is not that of its largest member")
        return Members(members, placement)


def _same_split(model: Model, train: Films, validation: Films) -> bool:
    """Whether a model was fitted to all these training films, and to none of these validation films, film by film."""
    if model.seen is None or train.identities is None or validation.identities is None:
        return False
    fitted, held_out = train.identities.fitted_to(), validation.identities.validated_on()
    return fitted <= model.seen.fitted_to() and held_out <= model.seen.validated_on()


def _member(tensors: Tensors, place: int) -> Model:
    card = tensors.get(f"{place}/{CARD}")
    if card is None or card.dtype != np.uint8:
        raise ModelError(f"ensemble: member {place + 1} is missing from its model file")
    prefix = f"{place}/weights/"
    weights = {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}
    return Model(ModelCard.from_json(card.tobytes().decode(errors="replace")), weights, fingerprint="", path="")


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backend ``ensemble``."""
    register(Ensemble())
