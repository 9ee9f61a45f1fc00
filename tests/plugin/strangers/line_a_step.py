"""An observer that a stranger might write: a line of a log for every step."""

from collections.abc import Callable

from xrayscan import ObservedRun, Observer, Progress, hookimpl


class Log:
    def __init__(self, run: ObservedRun) -> None:
        self._path = run.where or f"{run.folder}/steps.log"

    def update(self, progress: Progress) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            print(progress.done, progress.found, file=file)

    def close(self) -> None: ...


@hookimpl
def register_observers(register: Callable[[Observer], None]) -> None:
    register(Observer("line-a-step", "A line of a log for every step.", Log))
