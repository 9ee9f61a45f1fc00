"""Reports → the places that they are sent to, each file once, whatever interrupts it."""

import contextlib
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from xrayscan.errors import OutputError, UsageError, XrayscanError
from xrayscan.files.regular import read_regular
from xrayscan.files.text import counted
from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.registry import Registry
from xrayscan.report.interface import FolderReport
from xrayscan.report.sink import Sink
from xrayscan.store.outbox import WAITING, Outbox

NOTHING_TO_SEND = "nothing to send: --send needs a --format that writes a folder, such as dicom-sr"
UNREACHABLE = "no connection"
FAILED = "not sent ({})"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of sending a run's files to one address."""

    destination: str
    sent: int = 0  # by this call
    before: int = 0  # settled by earlier ones
    problems: tuple[tuple[str, str], ...] = ()  # file and why it did not arrive
    later: str = ""  # why some were not even tried: no connection, or no time

    @property
    def reasons(self) -> dict[str, int]:
        """How many files did not arrive, by reason."""
        return dict(Counter(reason for _, reason in self.problems))


def sink_of(address: str, registry: Registry | None = None) -> Sink:
    """Return what sends to this address. Raises: UsageError where nothing does, or the address is not right."""
    sinks = (registry or load_registry()).sinks
    name = address.partition("://")[0].lower()
    if "://" not in address or name not in sinks:
        raise UsageError(f"nothing is sent to {name}: addresses begin with {', '.join(f'{one}://' for one in sinks)}")
    sinks[name].check(address)
    return sinks[name]


def sends_anything(formats: Iterable[str], registry: Registry) -> bool:
    """Whether any of these formats writes files that are sent."""
    return any(isinstance(registry.report(name), FolderReport) for name in formats)


def deliver(
    folder: str,
    destinations: Iterable[str] = (),
    *,
    refused: bool = True,
    stopping: Callable[[], bool] = lambda: False,
) -> list[Delivery]:
    """Send what the reports in a run's folder hold and has not arrived; default: to wherever it was to be sent before.

    A file that was sent when the process was killed is sent again: its name is that of its content, and whoever takes
    it keeps one. Without ``refused``, what was refused before is left to a later call; ``stopping`` is asked before
    each file. Raises: UsageError for an address that is none; InputError, OutputError of the run's store.
    """
    registry = load_registry()
    files = _files(folder, registry)
    with Outbox.of_run(folder) as outbox:
        wanted = tuple(destinations) or outbox.destinations()
        sinks = [(sink_of(destination, registry), destination) for destination in wanted]
        waiting = {destination: outbox.expect(destination, files, refused=refused) for destination in wanted}
        return [_sent(outbox, sink, to, files, waiting[to], stopping) for sink, to in sinks]


def refuse_unsent(deliveries: Iterable[Delivery], folder: str) -> None:
    """Raise OutputError where something did not arrive."""
    problems = [
        f"{counted(len(one.problems), 'file')} not sent to {one.destination} ({'; '.join(one.reasons)})"
        for one in deliveries
        if one.problems
    ]
    if problems:
        raise OutputError(f"{', '.join(problems)}: run `xrayscan send {folder}` to send again")


def _files(folder: str, registry: Registry) -> dict[str, str]:
    """Every file to be sent, by its name."""
    found: dict[str, str] = {}
    for report in registry.reports.values():
        if isinstance(report, FolderReport):
            path = os.path.join(folder, f"triage.{report.suffix}")
            names = os.listdir(path) if os.path.isdir(path) else []
            found |= {name: os.path.join(path, name) for name in names if name.endswith(report.sent_suffix)}
    return found


def _sent(
    outbox: Outbox,
    sink: Sink,
    destination: str,
    files: dict[str, str],
    waiting: list[str],
    stopping: Callable[[], bool],
) -> Delivery:
    problems: dict[str, str | None] = dict.fromkeys(waiting, WAITING)
    later = WAITING
    try:
        with sink.connect(destination) if waiting else contextlib.nullcontext(_nowhere) as send:
            for name in itertools.takewhile(lambda _: not stopping(), waiting):
                problems[name] = _refused(send, files[name])
                outbox.note(destination, name, problems[name])
    except OSError as error:
        later = str(error) or UNREACHABLE
    except XrayscanError:
        raise
    except Exception as error:  # of a plugin; its text may quote anything
        later = FAILED.format(type(error).__name__)
    left = {name: later if problem is WAITING else problem for name, problem in problems.items() if problem}
    unreached = later if WAITING in problems.values() else ""
    return Delivery(destination, len(waiting) - len(left), len(files) - len(waiting), tuple(left.items()), unreached)


def _nowhere(content: bytes) -> None:
    """Of nothing that waits, nothing is sent."""


def _refused(send: Callable[[bytes], None], path: str) -> str | None:
    """Send one file; say why it was refused, if it was."""
    try:
        content = read_regular(path)
    except OSError:
        return "the file cannot be read"
    try:
        send(content)
    except OutputError as error:
        return str(error)
    except (OSError, XrayscanError):
        raise
    except Exception as error:  # of a plugin; its text may quote the file
        return FAILED.format(type(error).__name__)
    return None
