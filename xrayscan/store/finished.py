"""The store of a scan that came to its end."""

import os

from xrayscan.errors import InputError, OutputError
from xrayscan.files.text import encodable
from xrayscan.store.store import STORE_NAME, Store


def read_finished(folder: str) -> Store:
    """Open the store of the last scan into this folder, to read it.

    Raises: InputError if there is no scan; OutputError if it was interrupted or is damaged.
    """
    store = Store.read(os.path.join(folder, STORE_NAME))
    try:
        if not store.complete:
            raise OutputError(f"the scan in {encodable(folder)} was interrupted: run the same `xrayscan predict` again")
    except BaseException:
        store.close()
        raise
    return store


def is_finished(folder: str) -> bool:
    """Whether the last scan into this folder came to its end, as far as can be told: one that runs has not."""
    try:
        read_finished(folder).close()
    except (InputError, OutputError):
        return False
    return True
