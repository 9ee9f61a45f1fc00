"""``explore.html``: tables, figures, films of each label and of each kind of copy, in one file."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xrayscan.decode.flags import Flag
from xrayscan.exploration.copies import Copies
from xrayscan.exploration.explore import Explored
from xrayscan.exploration.figures import average_films, figures
from xrayscan.exploration.file_properties import Look
from xrayscan.exploration.tables import tables
from xrayscan.files.text import counted
from xrayscan.model.input_spec import InputSpec
from xrayscan.report import plots
from xrayscan.report.html.page import write_page
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.row import pixel_column

SHOWN = InputSpec(side=160, resize="letterbox")  # of sample films, as a page shows them
FILMS_SHOWN = 18  # of each label
GROUPS_SHOWN = 6  # of each kind of copies
COPIES_SHOWN = 4  # of each group


@dataclass(frozen=True, slots=True)
class Shown:
    """A film with what there is to say of it."""

    image: str  # data URI
    look: Look
    label: str


def write_explore_page(explored: Explored, path: str) -> None:
    """Write the page; the few films it shows are read again. Raises: OutputError if it cannot be written."""
    write_page(
        path,
        "explore.html",
        explored=explored,
        tables=tables(explored),
        figures=figures(explored),
        averages=average_films(explored),
        samples=[(name, _films(explored, _samples(explored, n))) for n, name in enumerate(explored.folder.labels)],
        copies=[
            (f"Identical files: {counted(len(explored.exact), 'group')}", _shown_groups(explored, explored.exact)),
            (f"Near-duplicates: {counted(len(explored.near), 'group')}", _shown_groups(explored, explored.near)),
        ],
        groups_shown=GROUPS_SHOWN,
    )


def _samples(explored: Explored, label: int) -> list[Look]:
    """Films spread evenly over the label's patients, one of each: the same for the same folder."""
    first: dict[str, Look] = {}
    for look in explored.films.looks:
        if look.film.label == label:
            first.setdefault(look.film.patient, look)
    patients = list(first.values())
    places = np.linspace(0, len(patients) - 1, min(FILMS_SHOWN, len(patients))).round().astype(int)
    return [patients[place] for place in places]


def _shown_groups(explored: Explored, groups: Sequence[Copies]) -> list[list[Shown]]:
    """The groups that matter most: across labels, then splits, then patients, then the largest."""

    def harm(group: Copies) -> tuple[bool, bool, bool, int]:
        return len(group.labels) > 1, len(group.splits) > 1, len(group.patients) > 1, len(group.looks)

    worst = sorted(groups, key=harm, reverse=True)[:GROUPS_SHOWN]
    return [_films(explored, group.looks[:COPIES_SHOWN]) for group in worst]


def _films(explored: Explored, looks: Sequence[Look]) -> list[Shown]:
    rows = ((look, prepare({"path": look.film.path}, specs=(SHOWN,))) for look in looks)
    return [
        Shown(plots.thumbnail(row[pixel_column(SHOWN)]), look, explored.folder.labels[look.film.label])
        for look, row in rows
        if not row.get("reason")  # it vanished since
        and Flag.BURNED_IN not in row["flags"]  # text of a person may stand in it
    ]
