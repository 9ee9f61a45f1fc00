"""Several addresses listed at a time, for places that answer slowly."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator

from xrayscan.errors import DecodeError
from xrayscan.sources.source import Source
from xrayscan.sources.system_error import code_of, why

THREADS = 16
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
                    self._put(source)
        except BaseException as error:
            self._put(error)
        self._put(None)

    def _one(self, address: str) -> Iterator[Source]:
        try:
            yield from self._find(address)
        except OSError as error:
            yield Source(address, address, reason=why(error), code=code_of(error))
        except DecodeError as error:
            yield Source(address, address, reason=str(error), code=error.code)

    def _put(self, item: Source | BaseException | None) -> None:
        while not self.stopped.is_set():
            try:
                self._found.put(item, timeout=0.1)
                return
            except queue.Full:
                continue
