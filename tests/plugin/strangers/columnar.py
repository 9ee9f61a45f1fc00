"""A report that a stranger might write: column by column, as Parquet keeps a table."""

import json
from collections.abc import Callable

from xrayscan import PageSettings, Report, Worklist, atomic_writer, hookimpl, worklist_table


class Columnar:
    name = "columnar"
    suffix = "columns.json"
    shows_pictures = False

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        columns, rows = worklist_table(worklist)
        table = list(rows)
        with atomic_writer(path) as file:
            json.dump({name: [row[n] for row in table] for n, name in enumerate(columns)}, file)


@hookimpl
def register_reports(register: Callable[[Report], None]) -> None:
    register(Columnar())
