"""A worklist as Python and notebooks take it: rows to go through, tables, and a picture of its first films."""

from __future__ import annotations

import contextlib
import os
import shutil
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Self

from markupsafe import Markup

from xrayscan.errors import UsageError
from xrayscan.explain.evidence import THUMBNAIL, Evidence, gather
from xrayscan.explain.film import data_url
from xrayscan.files.text import counted, encodable, visible
from xrayscan.model.backend import Placement
from xrayscan.report.jsonl import json_value
from xrayscan.report.table import worklist_table
from xrayscan.store.record import FACT_TYPES
from xrayscan.store.store import Store
from xrayscan.worklist.tiers import Tier
from xrayscan.worklist.worklist import NOTICE, Worklist, WorklistRow

if TYPE_CHECKING:
    import pandas
    import pyarrow

SHOWN = 20  # first films that a notebook shows


class PredictedWorklist(Worklist):
    """What `xrayscan.predict` returns: a `Worklist` that notebooks show, and that becomes a table of pandas or Arrow.

    Its rows (`WorklistRow`) come in reading order, then those set aside, then those that failed; ``len`` counts them.
    What it holds of the disk is let go of with it, or earlier by ``close`` or at the end of a ``with`` block.
    """

    @classmethod
    def from_worklist(cls, worklist: Worklist, folder: str | None = None) -> Self:
        """The same worklist. ``folder``: a temporary one that holds its scan, to be removed with it."""
        made = cls(worklist.store, worklist.cards, worklist.settings, worklist.names)
        made._end = weakref.finalize(made, _forget, worklist.store, folder)
        return made

    _end: Callable[[], object]

    def close(self) -> None:
        """Let go of the scan; counts and thresholds stay, rows do not."""
        self._end()

    def to_arrow(self) -> pyarrow.Table:
        """Return the columns of ``triage.csv`` as a table of Arrow, with null where nothing is known.

        Bytes of a name that are no UTF-8 are spelt as in the CSV. Raises: UsageError where pyarrow is not installed.
        """
        with _needed("to_arrow", "pyarrow", "parquet"):
            import pyarrow
        from xrayscan.report.arrow import arrow_batches

        schema, batches = arrow_batches(self)
        return pyarrow.Table.from_batches(batches, schema)

    def to_pandas(self) -> pandas.DataFrame:
        """Return the columns of ``triage.csv`` as a data frame: whole numbers are ``Int64``, flags are tuples.

        Bytes of a name that are no UTF-8 are spelt as in the CSV. Raises: UsageError where pandas is not installed.
        """
        with _needed("to_pandas", "pandas", "pandas"):
            import pandas
        names, rows = worklist_table(self)
        values = ([tuple(v) if isinstance(v, list) else v for v in map(json_value, row)] for row in rows)
        frame = pandas.DataFrame.from_records(list(values), columns=list(map(encodable, names)))
        return frame.astype({encodable(name): _dtype(name) for name in names})

    def __repr__(self) -> str:
        apart: dict[Tier, int] = {"unlike": self.unlike} if self.apart else {}
        tiers = ", ".join(f"{films:,} {tier}" for tier, films in {**self.tier_counts, **apart}.items())
        return f"<{type(self).__name__} of {counted(self.counts.found, 'file')}: {self.outcomes}; {tiers}>"

    def _repr_html_(self) -> str:
        """The first films with their pictures, and what is to be known of the whole, with strangers' text escaped."""
        rows = self.top(SHOWN)
        evidence = gather(rows, None, Placement(), top=SHOWN, heatmaps=0, side=THUMBNAIL)
        label = visible(self.card.labels[1])
        head = Markup("<tr><th>rank<th><th>{}<th>tier<th style='text-align:left'>file").format(label)
        lines = Markup("").join(map(_line, rows, evidence))
        told = Markup("").join(Markup("<p><strong>{}</strong></p>").format(visible(one)) for one in self.warnings)
        first = f"the first {len(rows)} of them" if len(rows) < self.counts.scored else "all of them"
        note = Markup("<p>{}: {}; {}. <em>{}</em></p>").format(
            counted(self.counts.found, "file"), self.outcomes, first, NOTICE
        )
        return str(told + note + Markup("<table>{}{}</table>").format(head, lines))


@contextlib.contextmanager
def _needed(method: str, package: str, extra: str) -> Iterator[None]:
    """Say what to install where an import fails."""
    try:
        yield
    except ImportError as error:
        raise UsageError(f"{method} needs {package}: pip install 'xrayscan[{extra}]'") from error


def _forget(store: Store, folder: str | None) -> None:
    store.close()
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def _line(row: WorklistRow, evidence: Evidence) -> Markup:
    picture = Markup("")
    if evidence.thumbnail:
        picture = Markup('<img alt="" src="{}">').format(data_url(evidence.thumbnail))
    remarks = ", ".join(filter(None, (*row.remarks, evidence.problem)))
    return Markup("<tr><td>{}<td>{}<td>{}<td>{}<td style='text-align:left' title='{}'>{}{}").format(
        row.rank,
        picture,
        f"{row.probability:.2%}",
        row.tier,
        visible(row.source),
        visible(os.path.basename(row.source)),
        Markup("<br><small>{}</small>").format(visible(remarks)) if remarks else "",
    )


def _dtype(column: str) -> str:
    """What pandas calls the type of a column; those of further models are called "probability NAME"."""
    number = column == "mean probability" or column.startswith("probability")
    kind = FACT_TYPES.get(column, {"rank": int | None}.get(column, float | None if number else str))
    return {int | None: "Int64", float | None: "float64"}.get(kind, "object")
