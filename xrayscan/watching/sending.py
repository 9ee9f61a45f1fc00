"""Results sent on while a folder is watched: between two looks at it, in turns, so that new films need not wait."""

import math
import os
import time
from collections.abc import Callable

from xrayscan.errors import OutputError
from xrayscan.files.text import counted, escaped
from xrayscan.plugin.delivery import Delivery, deliver
from xrayscan.store.outbox import WAITING
from xrayscan.store.store import STORE_NAME

TURN = 10.0  # s after which new films come first
AGAIN = 60.0  # s until a place that did not answer is tried again, or …
REST = 10  # … so many times as long as it was tried: at most a tenth of the time goes to who does not answer


class Sending:
    """The way to one destination. What it refuses is told and left to `xrayscan send`; what it has not got waits."""

    def __init__(
        self,
        out: str,
        destination: str,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out, self._to, self._tell, self._clock = out, destination, tell, clock
        self._due = 0.0 if os.path.exists(os.path.join(out, STORE_NAME)) else math.inf  # what an earlier watch left
        self._not_before = 0.0
        self._trouble = ""  # that was told

    @property
    def due(self) -> bool:
        """Whether it is time to send."""
        return self._clock() >= self._due

    def new(self) -> None:
        """Something new may be sent."""
        self._due = min(self._due, self._not_before)

    def take_turn(self, stopping: Callable[[], bool]) -> None:
        """Send what is due, for no longer than a turn."""
        if not self.due:
            return
        began = self._clock()
        try:
            (sent,) = deliver(
                self._out, [self._to], refused=False, stopping=lambda: stopping() or self._clock() > began + TURN
            )
        except OutputError as error:  # such as an `xrayscan send` that has the outbox
            self._wait(began, str(error))
        else:
            self._noted(sent, began)

    def _noted(self, sent: Delivery, began: float) -> None:
        if sent.sent:
            self._tell(f"{counted(sent.sent, 'file')} sent to {escaped(self._to)}")
        for name, reason in sent.problems:
            if reason != sent.later:
                self._tell(f"not sent: {escaped(name)}: {reason}; `xrayscan send {escaped(self._out)}` tries it again")
        if not sent.later:
            self._due, self._not_before, self._trouble = math.inf, 0.0, ""
        elif sent.later != WAITING:
            self._wait(began, sent.later)

    def _wait(self, began: float, why: str) -> None:
        """Try again after a pause."""
        now = self._clock()
        self._due = self._not_before = now + max(AGAIN, REST * (now - began))
        if why != self._trouble:
            self._tell(f"{escaped(self._to)}: {why}; what is to be sent there waits")
            self._trouble = why
