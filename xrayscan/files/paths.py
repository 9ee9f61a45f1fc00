"""Paths as callers give them: text, `os.PathLike`, or several of them."""

import os
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def path_text(path: Path) -> str:
    """Return the path as text; what is no UTF-8 in it becomes surrogate escapes (PEP 383)."""
    return os.fsdecode(path)


def path_texts(paths: Path | Iterable[Path | T]) -> Iterator[str | T]:
    """Yield each path as text, lazily. A text is one path, not the characters it is made of.

    What is no path is passed on as it is.
    """
    if isinstance(paths, str | bytes | os.PathLike):
        yield path_text(paths)
        return
    for path in paths:
        yield path_text(path) if isinstance(path, str | bytes | os.PathLike) else path
