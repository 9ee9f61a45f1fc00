"""One film and all that is known of it: how it was read, what models say of it, and where the score came from."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from PIL import Image

from xrayscan.decode import Radiograph
from xrayscan.errors import InputError
from xrayscan.explain.evidence import WITHHELD, Evidence, gather_one, is_withheld, overlay, write_heatmap
from xrayscan.explain.seen import png, read_film
from xrayscan.files.text import encodable, visible
from xrayscan.model.card import ModelCard
from xrayscan.model.file import Model
from xrayscan.network.choice import AUTO, choose
from xrayscan.plugin.loading import names_of
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.score import BatchScorer
from xrayscan.store.record import FACT_LABELS, UNLIKE
from xrayscan.worklist.tiers import Tier, TierScale
from xrayscan.worklist.worklist import NOTICE

UNLIKE_NOTE = "unlike the films that the model was trained on: read it without the model's help"
PICTURES = {b"\xff\xd8": "jpeg", b"\x89PNG": "png"}  # by their first bytes, those that we make


@dataclass(frozen=True, slots=True)
class InspectedFilm:
    """One film that was scored. A notebook shows it under its heatmap, with its facts."""

    source: str
    facts: Mapping[str, Any]  # the fields of `Facts` by name
    flags: tuple[str, ...]  # what a reader should know of it, such as what was repaired
    film: Radiograph  # as it was read for the first model
    cards: Mapping[str, ModelCard]  # of the models, by what tells them apart
    probabilities: tuple[float, ...]  # of the label looked for, calibrated, by each of the models
    picture: Image.Image | None  # beside what the first model sees of it; None where pictures are withheld
    evidence: Evidence

    @property
    def probability(self) -> float:
        """By the first model."""
        return self.probabilities[0]

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """By each model's own thresholds; the first model's is unlike where the film stands apart in a worklist."""
        own = [TierScale(card).tier(p) for card, p in zip(self.cards.values(), self.probabilities, strict=True)]
        return ("unlike", *own[1:]) if UNLIKE in self.flags else tuple(own)

    @property
    def tier(self) -> Tier:
        """By the first model, as in a worklist."""
        return self.tiers[0]

    def write_heatmap(self, path: str) -> None:
        """Write the film under its heatmap as a PNG. Raises: ValueError if there is no heatmap; OutputError."""
        write_heatmap(self.evidence, path)

    def __repr__(self) -> str:
        told = ", ".join(f"{name} {p:.4f}" for name, p in zip(self.cards, self.probabilities, strict=True))
        return f"<{type(self).__name__} {self.source!r}: {told}, tier {self.tier}>"

    def _repr_html_(self) -> str:
        """The film under its heatmap, and what is known of it, with all that strangers wrote escaped."""
        known = {name: self.facts.get(name) for name in FACT_LABELS}
        rows = [("file", self.source), *((FACT_LABELS[name], value) for name, value in known.items())]
        rows += [(name, f"{p:.4f}") for name, p in zip(self.cards, self.probabilities, strict=True)]
        rows += [("tier", self.tier), ("flags", ", ".join(self.flags) or "none")]
        if self.tier == "unlike":
            rows.append(("note", UNLIKE_NOTE))
        if self.evidence.problem:
            rows.append(("no picture", self.evidence.problem))
        cells = (
            Markup("<tr><th style='text-align:left'>{}</th><td>{}</td></tr>").format(visible(name), visible(str(value)))
            for name, value in rows
            if value not in (None, "")
        )
        table = Markup("<table>{}</table>").format(Markup("").join(cells))
        return str(self._image() + table + Markup("<p><em>{}</em></p>").format(NOTICE))

    def _image(self) -> Markup:
        shown = self.evidence
        if not shown.film:
            return Markup("")
        data = shown.film if shown.heatmap is None else png(overlay(shown.film, shown.heatmap))
        return Markup('<img alt="{}" style="max-width:512px" src="{}">').format(visible(self.source), data_url(data))


def data_url(picture: bytes) -> str:
    """A picture as an address that holds all of it."""
    kind = next(kind for head, kind in PICTURES.items() if picture.startswith(head))
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def inspect_film(path: str, models: Sequence[Model], *, device: str = AUTO, burned_in: bool = False) -> InspectedFilm:
    """Read and score one film by every model, and have the first one show where its score came from.

    ``burned_in``: make pictures also of a film whose header says that text of a person stands in it.
    Raises: InputError if the film cannot be scored; UsageError for a device that is not there; ModelError for a model
    that cannot be used.
    """
    placement = choose(models, device=device, precision="fp32")
    row = prepare({"path": path}, specs=tuple({model.card.input for model in models}))
    if not row.get("reason"):
        row = BatchScorer(models, placement, 1)([row])[0]
    if row.get("reason"):
        raise InputError(f"{encodable(path)} cannot be scored: {row['reason']}")
    film, picture = read_film(path, models[0].card.input)
    withheld = is_withheld(film.flags, burned_in=burned_in)
    return InspectedFilm(
        path,
        {name: row[name] for name in FACT_LABELS if name in row},
        tuple(row["flags"]),
        film,
        dict(zip(names_of(models), [model.card for model in models], strict=True)),
        row["probabilities"],
        None if withheld else picture,
        Evidence(path, problem=WITHHELD) if withheld else gather_one(path, row["sha256"], models[0], placement),
    )
