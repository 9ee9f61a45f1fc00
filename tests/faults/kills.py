"""Scans that are killed at random moments, and what the same command makes of them afterwards.

``python -m faults.kills POINTS [SEED]`` in ``tests/`` prints what was killed when, and exits with 1 if any row is not
the one of a scan that nobody killed.
"""

import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from small import make_model, write_film

FILMS = 250
KILLED = ("the scan", "the scan and its readers", "a reader")
ROWS = "SELECT source, status, reason, probabilities, sha256 FROM records ORDER BY source"


def scan(folder: Path, out: Path) -> int:
    """Run the command in a process of its own, which has nothing left to import but what a scan imports late."""
    if process := os.fork():
        return process
    os.setsid()
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    from xrayscan.cli import main

    words = ("predict", folder / "films", "--model", folder / "model.safetensors", "--out", out)
    try:
        main([*map(os.fspath, words), "--workers", "2", "--device", "cpu", "--batch-size", "8", "--heatmaps", "none"])
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 0)
    finally:
        os._exit(70)


def readers(process: int) -> list[int]:
    """The readers of a scan, which are children of its fork server."""
    found = [process]
    for parent in found:
        try:
            found += map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
        except OSError:
            continue
    return found[2:]


def kill(process: int, which: str, rng: random.Random) -> None:
    if which == "the scan":
        os.kill(process, signal.SIGKILL)
    elif which == "a reader":
        if there := readers(process):
            os.kill(rng.choice(there), signal.SIGKILL)
    else:
        os.killpg(process, signal.SIGKILL)


def rows(out: Path, how: str = "ro") -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{out}/scan.sqlite?mode={how}", uri=True)) as store:
        return store.execute(ROWS).fetchall()


def recorded(out: Path) -> int:
    """Count them without a look at the journal, or SQLite would mend here what the next scan is to mend."""
    try:
        return len(rows(out, "ro&immutable=1"))
    except sqlite3.Error:  # no file yet, or no tables
        return 0


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def differences(points: int, seed: int, folder: Path) -> Sequence[str]:
    """Kill so many scans, spread over the life of one, run the same command again, and tell what came out otherwise."""
    import torch

    import xrayscan.network.predictor  # noqa: F401  # as torch, imported once for all scans

    torch.set_num_threads(1)
    rng, wrong = random.Random(seed), []
    for n in range(FILMS):
        write_film(folder / "films" / f"{n % 5}" / f"{n:03}.png", n, side=150)
    make_model(folder / "model.safetensors")
    started = time.monotonic()
    assert ended(scan(folder, folder / "whole")) == 0
    life, whole = time.monotonic() - started, rows(folder / "whole")
    assert len(whole) == FILMS
    for point in range(points):
        which, out = KILLED[point % len(KILLED)], folder / f"out-{point}"
        moment = life * (point + rng.random()) / points
        process = scan(folder, out)
        time.sleep(moment)
        if os.waitpid(process, os.WNOHANG) == (0, 0):
            kill(process, which, rng)
            code = ended(process)
        else:
            code = 0
        kept = recorded(out)
        again = ended(scan(folder, out))
        same = again == 0 and rows(out) == whole and json.loads((out / "run.json").read_text())["complete"]
        said = f"{which} at {moment:.2f} of {life:.2f} s: exit {code}, {kept} records; "
        said += f"again: exit {again}, {'the same rows' if same else 'OTHER ROWS'}"
        print(said, flush=True)
        wrong += [] if same else [said]
    return wrong


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.exit(bool(differences(int(sys.argv[1]), int((sys.argv[2:] or ["0"])[0]), Path(place))))
