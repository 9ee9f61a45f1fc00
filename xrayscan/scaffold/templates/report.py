"""A report: one line per row, tab-separated."""

from collections.abc import Callable

from xrayscan import PageSettings, Report, Worklist, atomic_writer, hookimpl, worklist_table


class MyPlugin:
    """What ``--format my-plugin`` writes: ``triage.my-plugin``."""

    name = suffix = "my-plugin"
    shows_pictures = False

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        """Write every row. Sources and tags are strangers' text, so each cell is spelt in ASCII, in quotes."""
        columns, rows = worklist_table(worklist)
        with atomic_writer(path) as file:
            file.write("\t".join(map(ascii, columns)) + "\n")
            for row in rows:
                file.write("\t".join(map(ascii, row)) + "\n")


@hookimpl
def register_reports(register: Callable[[Report], None]) -> None:
    """Offer the report."""
    register(MyPlugin())
