"""What click says of a wrong value, in the words of people."""

import re

import click

from xrayscan.cli.types import Share
from xrayscan.files.text import nearest

NO_NUMBER = re.compile(r"^'(?P<value>.*)' is not a valid (?P<kind>float|integer)( range)?\.$", re.DOTALL)
NO_CHOICE = re.compile(r"^'(?P<value>.*)' is not one of ", re.DOTALL)


def worded(error: click.ClickException) -> str:
    """Return what an error says: what a number looks like, and the nearest choice where one was misspelt."""
    kind = error.param.type if isinstance(error, click.BadParameter) and error.param else None
    if kind and (found := NO_NUMBER.match(error.message)):
        number = "a whole number" if found["kind"] == "integer" else "a number"
        return f"{found['value']!r} is not {number}{', such as 0.05 or 5%' if isinstance(kind, Share) else ''}"
    if isinstance(kind, click.Choice) and (found := NO_CHOICE.match(error.message)):
        value = f"'{found['value']}'"
        return error.message.replace(value, value + nearest(found["value"], map(str, kind.choices)), 1)
    return error.message
