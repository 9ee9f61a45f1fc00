"""One SQLite file with one writer: how it is opened, locked and replaced, and what its errors mean to a user."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator

from xrayscan.errors import OutputError
from xrayscan.files.atomic import new_file, refuse_foreign, writing
from xrayscan.files.text import encodable

LOCK_SECONDS = 1.0  # a reader is done by then; a writer keeps its lock to the end, so waiting longer is of no use
START_OVER = "use another --out folder, or --fresh to replace this scan"
IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def connect(path: str, *, wait: float = LOCK_SECONDS) -> sqlite3.Connection:
    """Open the file, whose transactions are the caller's; ``wait`` seconds for whoever has locked it."""
    return sqlite3.connect(path, timeout=wait, isolation_level=None)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """Commit what is done inside, or nothing of it."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextlib.contextmanager
def held(path: str, in_use: str) -> Iterator[None]:
    """Hold a lock file that ends with the process, however it ends. Raises: OutputError, ``in_use`` if another has it.

    A file system that knows no locks holds nobody up.
    """
    refuse_foreign(path)
    with writing(path), contextlib.suppress(FileExistsError):
        os.close(new_file(path))
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(contextlib.closing(connect(path))).execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if _code(error) in IN_USE:
                raise OutputError(in_use) from error
        yield


@contextlib.contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn what SQLite or the system says about the file into an OutputError with what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code in IN_USE:
            message = f"another scan is writing to {encodable(path)}: wait for it to end, or give another --out"
        elif code in DAMAGED:
            message = f"{encodable(path)} is damaged, or not a scan of xrayscan: {START_OVER}"
        else:
            message = f"{encodable(path)} cannot be used ({error}): make room, or give another --out"
        raise OutputError(message) from error
    except OSError as error:
        raise OutputError(f"{encodable(path)} cannot be written ({error.strerror}): give another --out") from error


def is_in_use(error: OutputError) -> bool:
    """Whether this is what `explained` makes of a file that another process has locked."""
    return isinstance(error.__cause__, sqlite3.Error) and _code(error.__cause__) in IN_USE


def remove(path: str) -> None:
    """Delete the file with its journal, damaged or not, unless another process has locked it."""
    if not os.path.lexists(path):
        return
    with contextlib.closing(connect(path)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if _code(error) not in DAMAGED:
                raise
    os.unlink(path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{path}-journal")  # or it would be rolled back into the new file


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code, without its details


def refuse_links(path: str) -> None:
    """Raise OutputError where the file, or the journal beside it, is a link that somebody else may have put there."""
    for name in (path, f"{path}-journal"):
        refuse_foreign(name)
