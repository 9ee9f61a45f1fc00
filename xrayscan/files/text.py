"""File names and header text, which strangers chose, made fit for each kind of report."""

import ast
import difflib
import os
import re
from collections.abc import Iterable

# Control characters, line and paragraph separators, and what reorders text or takes no room in it, such as a soft
# hyphen or a tag (U+E0000 to U+E007F). The joiners U+200C and U+200D stay: scripts and emoji need them. Source: Unicode
# Standard Annex 9, section 2 (explicit and implicit directional formatting characters); categories Cc, Cf, Zl, Zp.
INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[tnr])")  # as ``escaped`` writes them
PLAIN = re.compile("[0-9A-Za-z_./][ -~]*")  # as nearly all cells are: neither invisible nor a formula
# Source: OWASP, "CSV Injection"; the wide forms are read as formulas by East Asian spreadsheets.
FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def encodable(text: str) -> str:
    """Return the text with bytes that were no UTF-8 (lone surrogates) as backslash escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def escaped(text: str) -> str:
    r"""Return the text on one line, with invisible characters as Python escapes such as ``\n`` or ``\u202e``."""
    return INVISIBLE.sub(lambda match: repr(match[0])[1:-1], encodable(text))


def visible(text: str) -> str:
    """Return the text with ASCII control characters as control pictures and other invisible ones as ``[U+202E]``."""
    return INVISIBLE.sub(lambda match: _picture(ord(match[0])), encodable(text))


def spreadsheet_cell(text: str) -> str:
    """Return the text as ``escaped`` does, with a leading ``'`` where a spreadsheet would take it for a formula."""
    if not text or PLAIN.fullmatch(text):
        return text
    dangerous = text.startswith(("\t", "\r", "\n")) or INVISIBLE.sub("", text).lstrip().startswith(FORMULA_SIGNS)
    return f"'{escaped(text)}" if dangerous else escaped(text)


def unquoted(cell: str) -> str:
    """Return the text without the ``'`` that ``spreadsheet_cell`` puts before what looks like a formula."""
    return cell[1:] if cell.startswith("'") and spreadsheet_cell(cell[1:]) == cell else cell


def spellings(cell: str) -> tuple[str, ...]:
    """Return what a cell may stand for: itself, and what else ``spreadsheet_cell`` writes that way."""
    text = unquoted(cell)
    plain = ESCAPE.sub(lambda match: str(ast.literal_eval(f"'{match[0]}'")), text)
    return tuple(dict.fromkeys((cell, text, plain)))


def ending(name: str, most: int) -> str:
    """Return the end of a name that is longer than ``most`` characters: paths differ there."""
    return name if len(name) <= most else f"…{name[1 - most :]}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number and its noun: "1 film" or "1,200 films"; ``plural`` where it is not the noun and an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'predict'?)" for a misspelt or shortened word; empty where nothing known comes near."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1) or [name for name in names if len(word) > 2 and word in name]
    return f" (did you mean {near[0]!r}?)" if near else ""


def with_size(path: str, name: str = "") -> str:
    """Return the path, or the name given, with its size: ``triage/triage.html (1.4 MB)``, or ``(60 files)``."""
    name = name or path
    if os.path.isdir(path):
        return f"{name} ({counted(len(os.listdir(path)), 'file')})"
    size = os.path.getsize(path)
    return f"{name} ({size / 1e6:,.1f} MB)" if size >= 1e5 else f"{name} ({size / 1e3:,.1f} kB)"


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"[U+{code:04X}]"
