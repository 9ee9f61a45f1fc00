"""All observers of one scan, asked every other second, each for its own good and trouble."""

import functools
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from xrayscan.files.text import escaped
from xrayscan.observing.interface import ObservedRun, Observer, Watcher
from xrayscan.observing.progress import Progress

EVERY = 2.0  # s


class Watching:
    """Passes progress on. One that raises is told of once, by ``on_failure``, and watches no more."""

    def __init__(
        self, observers: Iterable[tuple[Observer, ObservedRun]], on_failure: Callable[[str], None] = lambda told: None
    ) -> None:
        self._on_failure = on_failure
        self._watchers: dict[str, Watcher] = {}
        self._told = time.monotonic()
        self._last: Progress | None = None
        for observer, run in observers:
            name = f"{observer.name}={run.where}" if run.where else observer.name
            self._guarded(name, functools.partial(self._begin, name, observer, run))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._tell()
        for name, watcher in list(self._watchers.items()):
            self._guarded(name, watcher.close)

    def update(self, progress: Progress) -> None:
        """Take over how far the scan is."""
        self._last = progress
        if time.monotonic() - self._told >= EVERY:
            self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        if (last := self._last) is not None:
            for name, watcher in list(self._watchers.items()):
                self._guarded(name, functools.partial(watcher.update, last))

    def _begin(self, name: str, observer: Observer, run: ObservedRun) -> None:
        self._watchers[name] = observer.watch(run)

    def _guarded(self, name: str, call: Callable[[], None]) -> None:
        try:
            call()
        except (Exception, SystemExit) as error:
            self._watchers.pop(name, None)
            self._on_failure(escaped(f"observer {name} failed and is left out: {type(error).__name__}: {error}"))
