"""The tables of an exploration, as text: the same ones in the terminal, on the page and as JSON."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from xrayscan.exploration.copies import Copies
from xrayscan.exploration.explore import Explored
from xrayscan.exploration.file_properties import Look

MOST_ROWS = 8  # of formats, and of groups of patients
SPLIT_NAMES = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as people read them; the first column names the row. Not escaped for any kind of report."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(explored: Explored) -> tuple[Table, ...]:
    """Every table, in the order in which a careful person asks."""
    found = (_counts, _sizes, _formats, _brightness, _patients, _copies, _shortcut)
    return tuple(table for table in (make(explored) for make in found) if table.rows)


def _counts(explored: Explored) -> Table:
    """Films and patients per label and split."""
    looks = explored.films.looks
    splits = [name for name in SPLIT_NAMES if any(look.film.split == name for look in looks)]
    if splits and any(look.film.split is None for look in looks):
        splits.append("no split")
    rows = []
    for name, some in (*_by_label(explored), ("both", list(looks))):
        per_split = Counter(look.film.split or "no split" for look in some)
        patients = len({look.film.patient for look in some})
        shares = f"{100 * len(some) / len(looks):.1f} %"
        rows.append((name, f"{len(some):,}", shares, f"{patients:,}", *(f"{per_split[split]:,}" for split in splits)))
    return Table("Films", ("label", "films", "share", "patients", *splits), tuple(rows))


def _sizes(explored: Explored) -> Table:
    """What a model's input side and a reader's patience depend on."""
    measures: dict[str, tuple[Callable[[Look], float], str]] = {
        "width (px)": (lambda look: look.columns, ",.0f"),
        "height (px)": (lambda look: look.rows, ",.0f"),
        "aspect ratio": (lambda look: look.aspect, ".2f"),
        "file size (kB)": (lambda look: look.size / 1000, ",.1f"),
    }
    return _spread("Sizes", explored, measures)


def _brightness(explored: Explored) -> Table:
    measures: dict[str, tuple[Callable[[Look], float], str]] = {
        "mean": (lambda look: look.brightness, ".3f"),
        "contrast (standard deviation)": (lambda look: look.contrast, ".3f"),
        "black pixels (%)": (lambda look: 100 * look.black, ".1f"),
        "white pixels (%)": (lambda look: 100 * look.white, ".1f"),
    }
    return _spread("Brightness, from 0 (black) to 1 (white)", explored, measures)


def _spread(title: str, explored: Explored, measures: dict[str, tuple[Callable[[Look], float], str]]) -> Table:
    rows = []
    for measure, (value, form) in measures.items():
        for name, some in _by_label(explored):
            low, middle, high = np.percentile([value(look) for look in some], (5, 50, 95))
            rows.append((measure, name, *(format(float(number), form) for number in (low, middle, high))))
    return Table(title, ("measure", "label", "5 %", "median", "95 %"), tuple(rows))


def _formats(explored: Explored) -> Table:
    """How films are stored: a label with a format of its own is a shortcut."""
    kinds: dict[tuple[str, str, str], list[Look]] = defaultdict(list)
    for look in explored.films.looks:
        kinds[look.format, f"{look.bits} bit" if look.bits else "unknown", _channels(look)].append(look)
    ordered = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [(*kind, *_per_label(some)) for kind, some in ordered[:MOST_ROWS]]
    if rest := [look for _, some in ordered[MOST_ROWS:] for look in some]:
        rows.append(("others", "", "", *_per_label(rest)))
    return Table("Formats", ("format", "depth", "colours", *explored.folder.labels), tuple(rows))


def _patients(explored: Explored) -> Table:
    """How many films patients have: films of one patient are alike, so they count for less than they seem."""
    rows = []
    for name, some in (*_by_label(explored), ("both", list(explored.films.looks))):
        counts = np.array(list(Counter(look.film.patient for look in some).values()))
        shared = int(counts[counts > 1].sum())
        rows.append((name, f"{len(counts):,}", f"{counts.mean():.2f}", f"{counts.max():,}", f"{shared:,}"))
    headings = ("label", "patients", "films per patient", "most films", "films from patients with several films")
    return Table(f"Patients (IDs from {explored.folder.patients_by})", headings, tuple(rows))


def _copies(explored: Explored) -> Table:
    kinds = (("identical files", explored.exact), ("near-duplicates", explored.near))
    rows = tuple((name, *(f"{number:,}" for number in _numbers(groups))) for name, groups in kinds)
    headings = ("copies", "groups", "films", "across patients", "across labels", "across splits")
    return Table("Copies", headings, rows)


def _shortcut(explored: Explored) -> Table:
    if not explored.shortcut:
        return Table("Shortcuts", (), ())
    told = explored.shortcut
    low, high = told.interval
    rows = [("all file metadata together", f"{told.auroc:.3f} ({low:.3f} to {high:.3f})")]
    rows += [(f"{name} alone", f"{value:.3f}") for name, value in list(told.alone.items())[:MOST_ROWS]]
    return Table("Shortcut check: can file properties alone predict the label?", ("seen", "AUROC (95 %)"), tuple(rows))


def as_json(explored: Explored) -> dict[str, object]:
    """The figures as plain values."""
    looks, labels, told = explored.films.looks, explored.folder.labels, explored.shortcut
    names = ("groups", "films", "across_patients", "across_labels", "across_splits")
    return {
        "labels": {name: len(some) for name, some in _by_label(explored)},
        "splits": {
            split: {name: sum(look.film.split == split for look in some) for name, some in _by_label(explored)}
            for split in SPLIT_NAMES
            if any(look.film.split == split for look in looks)
        },
        "finding": labels[1],
        "left_out": explored.films.failed,
        "patients": len({look.film.patient for look in looks}),
        "patients_by": explored.folder.patients_by,
        "patients_in_several_splits": explored.crossing.splits,
        "patients_with_both_labels": explored.crossing.labels,
        "identical": dict(zip(names, _numbers(explored.exact), strict=True)),
        "alike": dict(zip(names, _numbers(explored.near), strict=True)),
        "metadata_auroc": told.auroc if told else None,
        "metadata_auroc_ci95": list(told.interval) if told else None,
        "metadata_alone": told.alone if told else None,
        "warnings": list(explored.warnings),
    }


def _by_label(explored: Explored) -> Iterator[tuple[str, list[Look]]]:
    for label, name in enumerate(explored.folder.labels):
        yield name, [look for look in explored.films.looks if look.film.label == label]


def _per_label(looks: Sequence[Look]) -> tuple[str, str]:
    with_finding = sum(look.film.label for look in looks)
    return f"{len(looks) - with_finding:,}", f"{with_finding:,}"


def _numbers(groups: Sequence[Copies]) -> tuple[int, ...]:
    """Groups, the films in them, and how many groups reach across patients, labels and splits."""
    across = [(len(g.patients) > 1, len(g.labels) > 1, len(g.splits) > 1) for g in groups]
    sums = np.array(across, int).reshape(-1, 3).sum(0).tolist()
    return len(groups), sum(len(group.looks) for group in groups), *sums


def _channels(look: Look) -> str:
    return {0: "unknown", 1: "grey"}.get(look.channels, f"{look.channels} channels")
