"""`xrayscan show`: what is known of one film, and where its score came from."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xrayscan.cli import options
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.types import FilmPath
from xrayscan.report.interface import burned_in_option

if TYPE_CHECKING:
    from xrayscan.explain.film import InspectedFilm


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions:
    """Which film, and what looks at it."""

    film: str = argument("FILE", FilmPath(exists=True, dir_okay=False))
    models: tuple[str, ...] = options.models_option(
        "Model that scores; repeat for several. The first makes the heatmap."
    )
    out: str | None = options.out_option(
        "Output file.", "FILE.png", "FILE's name with -heatmap.png, or -heatmap-2.png and so on, here"
    )
    png: str | None = option(
        None, "Also write a picture of the film beside what the first model sees of it.", metavar="FILE.png"
    )
    burned_in: bool = burned_in_option()
    overwrite: bool = options.overwrite_option()
    device: str = options.device_option()
    as_json: bool = options.json_option()


@dataclass(frozen=True, slots=True)
class ScoreOfFilm:
    """What one model says of the film."""

    model: str
    probability: float  # calibrated
    tier: str  # high, intermediate or low, by the model's own thresholds; the first model's unlike as in a worklist
    flagged: dict[str, bool]  # by each operating point


@dataclass(frozen=True, slots=True)
class NearCase:
    """A training case that the first model compared the film with."""

    label: str
    distance: float  # in the model's own unit


@dataclass(frozen=True, slots=True)
class FilmShown:
    """One film that was scored."""

    source: str
    facts: dict[str, str | int | float | None]  # the columns of a worklist, by name
    reading: dict[str, str]  # how the pixels were read
    flags: list[str]
    scores: list[ScoreOfFilm]  # the first model's first
    heatmap: str | None  # the file that was written
    picture: str | None  # that of --png
    nearest: list[NearCase]  # of a model that compares films
    problem: str | None  # why there is no heatmap, where one was to be had


@command(
    "xrayscan show sample_images/film-02.jpeg",
    "xrayscan show film.dcm --model default --model runs/first --out film-heatmap.png",
)
def show(asked: ShowOptions) -> FilmShown:
    """Inspect one film: metadata, score, heatmap.

    Prints technical tags, how the pixels were read and what was repaired, each model's probability, tier and
    operating points, and writes a PNG of the film under its heatmap: which part of it moved the first model's score.
    A model that compares films prints the nearest training cases instead.

    Exit code: 0 shown, 3 the film cannot be scored, 4 unusable model, 5 the PNG cannot be written.
    """
    from xrayscan.console.show import print_film
    from xrayscan.explain.film import inspect_film
    from xrayscan.explain.seen import write_picture
    from xrayscan.files.run_folder import own_file, refuse_file
    from xrayscan.plugin.loading import load_models

    for path in filter(None, (asked.out, asked.png)):
        refuse_file(path, overwrite=asked.overwrite)
    film = inspect_film(asked.film, load_models(asked.models), device=asked.device, burned_in=asked.burned_in)
    beside = asked.png if film.picture else None
    if beside and film.picture:
        write_picture(film.picture, beside)
    name = os.path.splitext(os.path.basename(asked.film))[0]
    path = asked.out or own_file(f"{name}-heatmap.png")
    if film.evidence.heatmap is not None:
        film.write_heatmap(path)
    if not asked.as_json:
        print_film(film, path, beside)
    return _answer(film, path, beside)


def _answer(film: "InspectedFilm", path: str, beside: str | None) -> FilmShown:
    scores = [
        ScoreOfFilm(name, p, tier, {one.name: p >= one.threshold for one in card.operating_points})
        for (name, card), p, tier in zip(film.cards.items(), film.probabilities, film.tiers, strict=True)
    ]
    evidence = film.evidence
    return FilmShown(
        film.source,
        dict(film.facts),
        {name: str(value) for name, value in film.film.reading.items()},
        list(film.flags),
        scores,
        path if evidence.heatmap is not None else None,
        beside,
        [NearCase(case.label, case.distance) for case in evidence.neighbours],
        evidence.problem,
    )
