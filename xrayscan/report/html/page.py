"""Self-contained pages with figures and films: what train, tune, explore and evaluate leave for people."""

from xrayscan.files.atomic import atomic_writer
from xrayscan.report.html.worklist_page import environment


def write_page(path: str, template: str, **context: object) -> None:
    """Render a template of this folder that extends ``page.html``; no page loads anything from elsewhere.

    ``context`` is escaped wherever the template shows it, except for `markupsafe.Markup` such as `plots.svg` returns;
    names that strangers chose still need the filter ``visible``.
    Raises: OutputError if the page cannot be written.
    """
    text = environment().get_template(template).render(**context)
    with atomic_writer(path) as file:
        file.write(text)
