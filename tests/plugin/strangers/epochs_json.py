"""A callback that a stranger might write: every epoch as one line of JSON, for a dashboard."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xrayscan import Callback, Epoch, TrainingRun, hookimpl


@contextmanager
def listen(run: TrainingRun) -> Iterator[Callable[[Epoch], None]]:
    with open(os.path.join(run.folder, "epochs.jsonl"), "a") as file:
        yield lambda epoch: print(json.dumps(dataclasses.asdict(epoch)), file=file, flush=True)


@hookimpl
def register_callbacks(register: Callable[[Callback], None]) -> None:
    register(Callback("epochs-json", "Every epoch as one line of JSON.", "epochs_json:listen"))
