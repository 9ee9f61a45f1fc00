"""Several addresses listed at a time, for places that answer slowly."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from xrayscan.errors import DecodeError
from xrayscan.sources.source import Source
from xrayscan.sources.system_error import code_of, why

THREADS = 16
Item = TypeVar("Item")
AHEAD = 2000  # sources listed and not yet drawn


def in_threads(
    find: Callable[[str], Iterable[Source]], addresses: Iterable[str], threads: int = THREADS
) -> Iterator[Source]:
    """Yield what ``find`` yields for each address, in no order; it is called from several threads at once.

    A DecodeError or OSError that it raises becomes the address's record, beside what it had yielded by then. Any other
    error ends them all.
    """
    waiting = list(addresses)[::-1]
    listing = _Listing(find, waiting)
    workers = [threading.Thread(target=listing.work, daemon=True) for _ in waiting[:threads]]
    for worker in workers:
        worker.start()
    try:
        yield from listing.sources(len(workers))
    finally:
        listing.stopped.set()


class _Listing:
    """What the threads share."""

    def __init__(self, find: Callable[[str], Iterable[Source]], waiting: list[str]) -> None:
        self._find, self._waiting = find, waiting
        self._found: queue.Queue[Source | BaseException | None] = queue.Queue(AHEAD)
        self.stopped = threading.Event()

    def sources(self, working: int) -> Iterator[Source]:
        """Yield what is found until all threads are done."""
        while working:
            item = self._found.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                working -= 1
            else:
                yield item

    def work(self) -> None:
        """List one address after another."""
        try:
            while not self.stopped.is_set():
                try:
                    address = self._waiting.pop()  # one step for all threads
                except IndexError:
                    break
                for source in self._one(address):
                    put(self._found, source, self.stopped)
        except BaseException as error:
            put(self._found, error, self.stopped)
        put(self._found, None, self.stopped)

    def _one(self, address: str) -> Iterator[Source]:
        try:
            yield from self._find(address)
        except OSError as error:
            yield Source(address, address, reason=why(error), code=code_of(error))
        except DecodeError as error:
            yield Source(address, address, reason=str(error), code=error.code)


def put(found: queue.Queue[Item], item: Item, stopped: threading.Event) -> None:
    """Wait for room in a queue and put an item there, unless nobody draws from it any more."""
    while not stopped.is_set():
        try:
            found.put(item, timeout=0.1)
            return
        except queue.Full:
            continue
