import json
import sqlite3

import pytest

from xrayscan.observing.progress import Progress
from xrayscan.observing.state import scan_state
from xrayscan.store.store import STORE_NAME, Store

TOLD = {"updated": 12.0, "started": 2.0, "host": "here", "process": 7, "engine": "local", "found": 3, "scored": 2}
ODD = {"updated": float("nan"), "started": float("inf"), "found": "many", "scored": [], "unanswered": float("inf")}


@pytest.fixture
def folder(tmp_path):
    """Of a scan that runs."""
    path = str(tmp_path / STORE_NAME)
    Store.open(path, models=("model-a",)).close()
    running = sqlite3.connect(path, isolation_level=None)
    running.execute("BEGIN EXCLUSIVE")
    yield tmp_path
    running.close()


def test_a_running_scan_is_as_far_as_its_process_told_last(folder):
    (folder / "status.json").write_text(json.dumps(TOLD))
    state = scan_state(str(folder))
    assert (state.state, state.running_seconds, state.process) == ("running", 10.0, 7)
    assert state.progress == Progress(found=3, scored=2)


@pytest.mark.parametrize("key", ODD)
def test_a_status_that_makes_no_sense_counts_as_not_told(folder, key):
    (folder / "status.json").write_text(json.dumps({**TOLD, key: ODD[key]}))
    state = scan_state(str(folder))
    assert (state.state, state.process, state.progress) == ("running", 0, Progress())
