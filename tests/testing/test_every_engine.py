"""The local engine is held to the contract that a stranger's is, and careless ones are found out."""

import itertools

import pytest

from xrayscan import Engine, load_registry
from xrayscan.testing.engine import (
    CLAUSES,
    EngineSubject,
    check_bounded,
    check_every_row,
    check_registration,
    check_rows_with_a_reason,
    check_stopped,
)

RUN = load_registry().engine("local").load()


@pytest.fixture(scope="module")
def local():
    return EngineSubject.from_engine(load_registry().engine("local"))


@pytest.mark.parametrize("clause", CLAUSES)
def test_the_local_engine_keeps(clause, local):
    clause(local)


def dropping(job, rows):
    """Loses the files that could not be read."""
    for batch in RUN(job, rows):
        yield [row for row in batch if "probabilities" in row]


def repeating(job, rows):
    for batch in RUN(job, rows):
        yield batch + batch[:1]


def rounding(job, rows):
    for batch in RUN(job, rows):
        yield [row | {"probabilities": tuple(round(p, 3) for p in row.get("probabilities", ()))} for row in batch]


def greedy(job, rows):
    return RUN(job, iter(list(itertools.islice(rows, 40_000))))


def deaf(job, rows):
    return ([*batch, {"source": "?"}] for batch in RUN(job, rows))


@pytest.mark.parametrize(
    ("clause", "run"),
    [
        (check_every_row, dropping),
        (check_every_row, repeating),
        (check_every_row, rounding),
        (check_rows_with_a_reason, dropping),
        (check_bounded, greedy),
        (check_stopped, deaf),
        (check_registration, None),
    ],
)
def test_a_careless_engine_is_found_out(clause, run, local, monkeypatch):
    if run:
        monkeypatch.setattr(f"{__name__}.chosen", run, raising=False)
    target = f"{__name__}:chosen" if run else "nowhere:run"
    with pytest.raises(Exception, match=r"."):
        clause(EngineSubject(Engine("careless", "A careless one.", target), local.cluster, local.model, local.folder))
