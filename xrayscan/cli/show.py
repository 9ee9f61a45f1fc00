"""`xrayscan show`: what is known of one film, and where its score came from."""

import os
from dataclasses import dataclass

from xrayscan.cli import options
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.types import FilmPath


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
    burned_in: bool = options.burned_in_option()
    overwrite: bool = options.overwrite_option()
    device: str = options.device_option()


@command(
    ShowOptions,
    "xrayscan show sample_images/film-02.jpeg",
    "xrayscan show film.dcm --model default --model runs/first --out film-heatmap.png",
)
def show(asked: ShowOptions) -> None:
    """Inspect one film: metadata, score, heatmap.

    Prints technical tags, how the pixels were read and what was repaired, each model's probability, tier and
    operating points, and writes a PNG of the film under its heatmap: which part of it moved the first model's score.
    A model that compares films prints the nearest training cases instead.

    Exit code: 0 shown, 3 the film cannot be scored, 4 unusable model, 5 the PNG cannot be written.
    """
    from xrayscan.console.show import print_film
    from xrayscan.errors import InputError
    from xrayscan.explain.evidence import WITHHELD, Evidence, gather_one, is_withheld, write_heatmap
    from xrayscan.explain.seen import read_film, write_picture
    from xrayscan.files.run_folder import own_file, refuse_file
    from xrayscan.files.text import encodable
    from xrayscan.network.choice import AUTO, choose
    from xrayscan.plugin.loading import load_models, names_of
    from xrayscan.runtime.interface import EAGER
    from xrayscan.scanning.prepare import prepare
    from xrayscan.scanning.score import BatchScorer

    film, png = asked.film, asked.png
    for path in filter(None, (asked.out, png)):
        refuse_file(path, overwrite=asked.overwrite)
    loaded = load_models(asked.models)
    runtime = AUTO if any(model.graph for model in loaded) else EAGER  # heatmaps need torch
    placement = choose(loaded, device=asked.device, precision="fp32", runtime=runtime)
    row = prepare({"path": film}, specs=tuple({model.card.input for model in loaded}))
    if not row.get("reason"):
        row = BatchScorer(loaded, placement, 1)([row])[0]
    if row.get("reason"):
        raise InputError(f"{encodable(film)} cannot be scored: {row['reason']}")
    read, picture = read_film(film, loaded[0].card.input)
    if is_withheld(read.flags, burned_in=asked.burned_in):
        evidence, png = Evidence(film, problem=WITHHELD), None
    else:
        evidence = gather_one(film, row["sha256"], loaded[0], placement)
    if png is not None:
        write_picture(picture, png)
    name = os.path.splitext(os.path.basename(film))[0]
    path = asked.out or own_file(f"{name}-heatmap.png")
    if evidence.heatmap is not None:
        write_heatmap(evidence, path)
    cards = dict(zip(names_of(loaded), [model.card for model in loaded], strict=True))
    print_film(row, read, cards, evidence, path, png)
