"""A table of labels as people save it: its encoding, its delimiter, and the lines above its heading."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence

from xrayscan.errors import InputError

SAVE_AS = "save it as CSV with the columns path,label"
DELIMITERS = ",;\t|"
HINT_LINES = 10  # that may stand above the heading, such as "sep=;" and a title
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"  # how such files begin; a workbook of Excel is a ZIP
MOST = 2**30  # bytes of a table once it is inflated
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_table(
    path: str, is_heading: Callable[[Sequence[str]], bool]
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the heading, and below it the number and the cells of each line that is not empty.

    The heading is the first line for which ``is_heading`` holds, else the first one.
    Raises: InputError for a file that cannot be read or is no CSV, also while lines are taken.
    """
    lines = _text(_bytes(path)).split("\n")
    if any(not sign.isprintable() and sign != "\t" for sign in lines[0]) or "\ufffd" in lines[0]:
        raise InputError(f"{path} is no text: {SAVE_AS}")
    above, delimiter = _heading(lines, is_heading)
    return _cells(lines[above] if lines else "", delimiter), _rows(path, lines, above + 1, delimiter)


def _bytes(path: str) -> bytes:
    """The file, inflated where it is gzipped, as MIMIC-CXR ships its tables."""
    try:
        with open(path, "rb") as file:
            start = file.read(4)
            if start == ZIP:
                raise InputError(f"{path} is a workbook or an archive: {SAVE_AS}")
            file.seek(0)
            data = gzip.GzipFile(fileobj=file).read(MOST + 1) if start.startswith(GZIP) else file.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} is a damaged gzip file: fetch it again") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}: give a CSV with the columns path,label") from error
    if len(data) > MOST and start.startswith(GZIP):
        raise InputError(f"{path} inflates to more than {MOST // 2**20:,} MB: {SAVE_AS}")
    return data


def _text(data: bytes) -> str:
    r"""UTF-8, UTF-16 or else the Windows code page; a byte that is neither stays, as in names of files."""
    if data.startswith(UTF_16):
        return _lines_end(data.decode("utf-16", "replace"))
    if 4 * (start := data[:200]).count(0) > len(start):  # every other byte of a heading in English
        return _lines_end(data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "replace"))
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return _lines_end(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _lines_end(data.decode("utf-8-sig", "surrogateescape"))


def _lines_end(text: str) -> str:
    """The text with one kind of line end, as ``open`` would give it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _heading(lines: Sequence[str], is_heading: Callable[[Sequence[str]], bool]) -> tuple[int, str]:
    for number, line in enumerate(lines[:HINT_LINES]):
        delimiter = max(DELIMITERS, key=line.count)
        if is_heading(_cells(line, delimiter)):
            return number, delimiter
    return 0, max(DELIMITERS, key=lines[0].count) if lines else ","


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _rows(path: str, lines: Sequence[str], above: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO("\n".join(lines[above:]), newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num + above, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise InputError(f"{path}: {error}: {SAVE_AS}") from error
