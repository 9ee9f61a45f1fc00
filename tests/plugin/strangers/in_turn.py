"""An engine that a stranger might write: one worker, which takes ten films after ten."""

import itertools
from collections.abc import Callable, Iterator

from xrayscan import Engine, EngineJob, Row, hookimpl


def run(job: EngineJob, rows: Iterator[Row | None]) -> Iterator[list[Row]]:
    plan, found = job.plan(), (row for row in rows if row)
    settled = plan.settle()
    job.started(settled)
    worker = plan.open(settled)
    try:
        while not job.stopping() and (block := list(itertools.islice(found, 10))):
            finished = [row for row in block if row.get("reason")]
            yield finished + worker.score([row for row in block if not row.get("reason")])
    finally:
        worker.close()


@hookimpl
def register_engines(register: Callable[[Engine], None]) -> None:
    register(Engine("in-turn", "One worker in this process.", "in_turn:run"))
