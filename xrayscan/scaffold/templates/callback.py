"""A callback: every epoch of a training as one line of JSON."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xrayscan import Callback, Epoch, TrainingRun, hookimpl


@contextmanager
def listen(run: TrainingRun) -> Iterator[Callable[[Epoch], None]]:
    """Open a file as training begins, add a line after each epoch, and close it however training ends."""
    with open(os.path.join(run.folder, "my-plugin.jsonl"), "a", encoding="utf-8") as file:
        yield lambda epoch: print(json.dumps(dataclasses.asdict(epoch)), file=file, flush=True)


@hookimpl
def register_callbacks(register: Callable[[Callback], None]) -> None:
    """Offer the callback; its function is imported when ``train --callback my-plugin`` uses it."""
    register(Callback("my-plugin", "Every epoch as one line of JSON.", "my_plugin:listen"))
