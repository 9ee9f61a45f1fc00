import os
import sqlite3

import pytest
from stored import MODELS

from xrayscan.errors import OutputError
from xrayscan.sources.reading import read_head
from xrayscan.store.store import Store


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_file_is_an_error_that_says_what_to_do(path, content):
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(content)
    with pytest.raises(OutputError, match="--fresh to replace this scan"):
        Store.open(path, models=MODELS)
    Store.open(path, models=MODELS, fresh=True).close()


def test_a_foreign_database_is_left_alone(path):
    os.makedirs(os.path.dirname(path))
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE patients (name TEXT)")
    connection.close()
    before = read_head(path)
    with pytest.raises(OutputError, match="not a scan of xrayscan"):
        Store.open(path, models=MODELS)
    assert read_head(path) == before


def test_a_store_that_another_version_wrote_is_refused(path):
    Store.open(path, models=MODELS).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(OutputError, match="another version"):
        Store.open(path, models=MODELS)
