"""Worklist rows → the compact JSON that stands in the page and is shown on demand."""

import itertools
import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from xrayscan.files.text import spreadsheet_cell, visible
from xrayscan.model.card import ModelCard
from xrayscan.report.remedies import remedy
from xrayscan.store.record import FACT_LABELS, Facts, Status
from xrayscan.worklist.tiers import Tier
from xrayscan.worklist.worklist import Worklist, WorklistRow

# A row is a list, in this order; worklist_data.js reads it. Names of keys 100,000 times over would double the page.
FIELDS = (
    *("rank", "probability", "tier", "flagged", "flags", "source", "view", "rows", "columns", "format", "reason"),
    *("mark", "others", "cell", "link", "tags", "status", "mean"),
)
TAGS = {name: label for name, label in FACT_LABELS.items() if name not in FIELDS}  # what has no column of its own
MARK = 12  # digits of the SHA-256 that tie a reader's answer to the film's content
DIGITS = 8  # of a probability, as in the CSV
NEAR, SMALLEST = 5e-5, 1e-9  # what rounds to 0 or 100 percent with two decimals; what the bar takes for 0


def embedded(value: object) -> str:
    r"""Return JSON in ASCII that can neither end the ``<script>`` element it stands in nor open a comment there.

    Source: HTML Living Standard, "Restrictions for contents of script elements".
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def row_lines(worklist: Worklist, top: int, most: int) -> Iterator[str]:
    """Yield the JSON array of the first ``most`` rows, line by line, ``top`` of them with all technical tags."""
    yield "["
    for number, row in enumerate(itertools.islice(worklist.rows(), most)):
        yield f"{',' if number else ''}{embedded(_values(row, worklist.card, tags=number < top))}\n"
    yield "]"


def _values(row: WorklistRow, card: ModelCard, *, tags: bool) -> list[object]:
    source, cell = visible(row.source), spreadsheet_cell(row.source)
    return [
        row.rank,
        None if row.probability is None else round(row.probability, DIGITS),
        row.tier,
        int(row.prediction == card.labels[1]),
        [visible(remark) for remark in row.remarks],
        source,
        visible(row.facts.view),
        row.facts.rows,
        row.facts.columns,
        visible(row.facts.format),
        visible(row.reason),
        row.facts.sha256[:MARK],
        others(row),
        0 if cell == source else cell,
        0 if source == row.source else quote(os.fsencode(row.source)),
        _tags(row.facts) if tags else 0,
        row.status,
        *([] if row.mean is None else [round(row.mean, DIGITS)]),
    ]


def percent(probability: float) -> tuple[str, str]:
    """A probability as percent, whole and with its fraction apart: two decimals, and near 0 and 1 as many as tell it
    from them, such as 99.9997.

    The page's script does the same.
    """
    rest = min(probability, 1 - probability)
    decimals = min(DIGITS - 2, math.ceil(-math.log10(100 * rest))) if 0 < rest < NEAR else 2
    whole, _, fraction = f"{100 * probability:.{decimals}f}".partition(".")
    return whole, f".{fraction}"


def place(probability: float, reach: float) -> float:
    """Where a probability stands on a bar that shows log odds from ``-reach`` to ``reach``: a share of its width."""
    odds = math.log(max(probability, SMALLEST) / max(1 - probability, SMALLEST))
    return min(1.0, max(0.0, (odds / reach + 1) / 2))


def _tags(facts: Facts) -> dict[str, str]:
    """What is known of a film beside its columns, by what people call it."""
    known = {label: getattr(facts, name) for name, label in TAGS.items()}
    return {label: visible(str(value)) for label, value in known.items() if value not in (None, "")}


def others(row: WorklistRow) -> list[tuple[float, Tier]]:
    """Probability and tier by each model after the first one."""
    pairs = zip(row.probabilities, row.tiers, strict=True)
    return [(round(probability, DIGITS), tier) for probability, tier in pairs][1:]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often the first model and another one give a film the same tier."""

    name: str  # of the other one
    films: Mapping[tuple[Tier, Tier], int]  # by the first model's tier and the other one's
    same: float  # share of the films whose tier is the same


def agreements(worklist: Worklist) -> list[Agreement]:
    """Compare the first model with each other one, film by film; at least one film must have been scored."""
    found = []
    for n, name in enumerate(worklist.names[1:], 1):
        films: Counter[tuple[Tier, Tier]] = Counter()
        for tiers, count in worklist.agreement.items():
            films[tiers[0], tiers[n]] += count
        same = sum(count for (one, other), count in films.items() if one == other)
        found.append(Agreement(name, films, same / worklist.counts.scored))
    return found


def reason_groups(worklist: Worklist, status: Status, shown: int) -> Iterable[tuple[str, int, str, list[str]]]:
    """Return reason, count, what to do and the first ``shown`` sources of each group of files that ended so.

    The largest group stands first.
    """
    counts, codes = worklist.reasons(status), worklist.codes(status)
    sources: dict[str, list[str]] = {reason: [] for reason in counts}
    for row in worklist.unscored(status) if counts else ():
        if len(sources[row.reason]) < shown:
            sources[row.reason].append(row.source)
    largest = sorted(counts, key=lambda reason: (-counts[reason], reason))
    return [(reason, counts[reason], remedy(codes[reason]), sources[reason]) for reason in largest]
