"""Runs cases in a process of its own, so that a crash, a hang or a leak is a finding like any other."""

import ctypes
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from fuzz.targets import TARGETS

HANG = 20.0  # s for one case
MEMORY = 512  # MiB that one process may grow by
MOST_FINDINGS = 20


@dataclass
class Report:
    """What came of a run: findings are case number and what went wrong."""

    cases: int = 0
    accepted: int = 0
    findings: list[tuple[int, str]] = field(default_factory=list)


def run(name: str, seconds: float, *, seed: int = 0, start: int = 0) -> Report:
    """Try cases of a target for so long, from the number ``start`` on."""
    report, end, number = Report(), time.monotonic() + seconds, start
    while (left := end - time.monotonic()) > 0 and len(report.findings) < MOST_FINDINGS:
        last, finding = _in_process(name, seed, number, left, report)
        if finding:
            report.findings.append((last, finding))
        report.cases += last - number + 1
        number = last + 1
    return report


def _in_process(name: str, seed: int, start: int, seconds: float, report: Report) -> tuple[int, str | None]:
    """Run cases until one goes wrong or time is up; return the last number, and what went wrong."""
    context = multiprocessing.get_context("spawn")
    at, accepted = context.Value(ctypes.c_longlong, start - 1), context.Value(ctypes.c_longlong, 0)
    theirs, ours = context.Pipe()
    process = context.Process(target=_work, args=(name, seed, start, seconds, at, accepted, theirs))
    process.start()
    theirs.close()
    finding = _watched(process, at, ours)
    process.join()
    report.accepted += accepted.value
    return at.value, finding


def _watched(process: Any, at: "Synchronized[int]", answer: Any) -> str | None:
    """Wait until the process answers or dies; end it if one case takes too long."""
    last, since = at.value, time.monotonic()
    while not answer.poll(0.5):
        now = time.monotonic()
        if at.value != last:
            last, since = at.value, now
        elif last >= 0 and now - since > HANG:
            process.kill()
            return f"hangs for more than {HANG:.0f} s"
    try:
        found: str | None = answer.recv()
        return found
    except EOFError:
        process.join()
        return f"ended the process: exit code {process.exitcode}"


def _work(
    name: str,
    seed: int,
    start: int,
    seconds: float,
    at: "Synchronized[int]",
    accepted: "Synchronized[int]",
    answer: Any,
) -> None:
    target, end, number = TARGETS[name], 0.0, start
    seeds = target.seeds()
    warnings.simplefilter("always")  # a warning is noise, not only the first time
    with tempfile.TemporaryFile() as noise:
        stderr = os.dup(2)
        os.dup2(noise.fileno(), 2)
        target.accepts(seeds[0])  # what is loaded once counts for no case
        before, end = _peak(), time.monotonic() + seconds
        finding = None
        while finding is None and time.monotonic() < end:
            at.value = number
            finding = _tried(target, target.case(seeds, seed, number), seeds, accepted, noise) or _grown(before)
            number += 1
        os.dup2(stderr, 2)
    answer.send(finding)


def _tried(target: Any, data: bytes, seeds: list[bytes], accepted: "Synchronized[int]", noise: Any) -> str | None:
    """Try one input and return what went wrong."""
    try:
        accepted.value += target.accepts(data) and data not in seeds  # some mutations change nothing
    except Exception:
        return traceback.format_exc()
    sys.stderr.flush()
    if noise.tell() or os.fstat(noise.fileno()).st_size:
        noise.seek(0)
        return f"speaks on stderr: {noise.read(500)!r}"
    return None


def _grown(before: float) -> str | None:
    grown = _peak() - before
    return f"takes {grown:.0f} MiB" if grown > MEMORY else None


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
