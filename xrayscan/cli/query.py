"""`xrayscan query`: the rows of a worklist for which a condition holds."""

import sys
from dataclasses import dataclass

import click

from xrayscan.cli import options
from xrayscan.cli.settings import argument, command, option


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """Which rows of which run."""

    run: str = options.run_argument()
    condition: str = argument("CONDITION", click.STRING)
    columns: str = option(
        "rank,source,status,probability,tier,prediction,flags,code,reason",
        "Columns to print, separated by commas; '*': all.",
        metavar="A[,B]",
    )
    as_json: bool = options.json_option()


@dataclass(frozen=True, slots=True)
class RowsFound:
    """The rows for which the condition holds, in the worklist's order."""

    rows: list[dict[str, object]]  # values by column


@command(
    "xrayscan query triage \"tier = 'high' AND view = 'AP'\"",
    "xrayscan query triage \"status = 'failed'\" --columns source,reason",
    "xrayscan query triage \"list_contains(flags, 'lateral')\" --columns '*' > lateral.csv",
)
def query(asked: QueryOptions) -> RowsFound | None:
    """Print the rows of a worklist for which CONDITION holds, as CSV on stdout.

    RUN_DIR is the --out of an earlier predict whose formats include parquet. CONDITION is what stands behind WHERE in
    SQL, in the words of DuckDB, over the columns of the worklist. Needs pip install 'xrayscan[query]'.

    Exit code: 0 also where no row is found; 2 no such condition or column; 3 RUN_DIR holds no Parquet worklist.
    """
    from xrayscan.files.plain import plain
    from xrayscan.report.csv import write_rows
    from xrayscan.report.query import select

    columns, rows = select(asked.run, asked.condition, asked.columns.split(","))
    if asked.as_json:
        return RowsFound([plain(dict(zip(columns, row, strict=True))) for row in rows])
    write_rows(sys.stdout, columns, rows)
    return None
