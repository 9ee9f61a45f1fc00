"""What ends a pause early: something happened in the folder. Where nothing can tell, pauses simply end."""

import threading
import time
from collections.abc import Callable
from types import ModuleType, TracebackType
from typing import Self

TICK = 0.5  # s between two looks at whether to stop
MISSING = "watchfiles is not installed (xrayscan[watch]): the folder is looked at every --poll seconds"


class Waker:
    """Hears of changes below a folder, through watchfiles in a thread of its own."""

    def __init__(self, folder: str, tell: Callable[[str], None]) -> None:
        self._folder, self._tell = folder, tell
        self._changed, self._ended = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        try:
            import watchfiles  # before the thread: imports of two threads at once may find half a package
        except ImportError:
            self._tell(MISSING)
        else:
            threading.Thread(target=self._listen, args=(watchfiles,), name="wake", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()

    def pause(self, seconds: float, least: float, stopping: Callable[[], bool]) -> None:
        """Wait ``seconds``, or after ``least`` of them until something changes, or it is time to stop."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds and not stopping():
            if passed < least:
                self._ended.wait(min(TICK, least - passed, seconds - passed))
            elif self._changed.wait(min(TICK, seconds - passed)):
                break
        self._changed.clear()

    def _listen(self, watchfiles: ModuleType) -> None:
        how = {"stop_event": self._ended, "raise_interrupt": False, "watch_filter": None}
        while not self._ended.is_set():
            try:
                for _ in watchfiles.watch(self._folder, **how):
                    self._changed.set()
            except (OSError, RuntimeError):  # the folder is not there, or the system watches no more folders
                self._ended.wait(60)
