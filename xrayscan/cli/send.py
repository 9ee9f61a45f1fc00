"""`xrayscan send`: the reports of an earlier scan, to where they belong."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from xrayscan.cli import options
from xrayscan.cli.folders import RunFolder
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.types import Destination

if TYPE_CHECKING:
    from xrayscan.plugin.delivery import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """Which scan's reports are sent, and where to."""

    run: str = argument("RUN_DIR", RunFolder())
    to: tuple[str, ...] = option(
        (),
        "Address to send to; may be repeated.",
        each=Destination(),
        metavar="ADDRESS",
        shown="wherever they were to be sent before",
    )
    quiet: bool = options.quiet_option()
    as_json: bool = options.json_option()


@dataclass(frozen=True, slots=True)
class SentTo:
    """What came of sending to one address."""

    destination: str
    sent: int  # files, by this call
    before: int  # files, by earlier calls
    problems: dict[str, str]  # files that did not arrive, with the reason


@dataclass(frozen=True, slots=True)
class Sent:
    """The files of a scan's reports that were sent."""

    destinations: list[SentTo]
    exit_code: int


@command(
    SendOptions,
    "xrayscan send triage",
    "xrayscan send triage --to dicomweb+https://pacs/dicom-web",
    "xrayscan send triage --to dimse://PACS@pacs:11112",
    result=Sent,
)
def send(asked: SendOptions) -> Sent:
    """Send the files of a scan's reports, such as those of `--format dicom-sr`, each one once.

    RUN_DIR is the --out of an earlier predict. What has arrived at an address is not sent there again; what was
    refused, or not reached by a call that was interrupted, is.

    Exit code: 0 all of them have arrived, 5 some have not, 3 where RUN_DIR holds no scan.
    """
    from xrayscan.errors import OutputError
    from xrayscan.plugin.delivery import refuse_unsent

    deliveries = _delivered(asked.run, asked.to, quiet=asked.quiet)
    exit_code = 0
    try:
        refuse_unsent(deliveries, asked.run)
    except OutputError as error:
        click.echo(f"xrayscan: {error}", err=True)
        exit_code = error.exit_code
    return Sent([SentTo(one.destination, one.sent, one.before, dict(one.problems)) for one in deliveries], exit_code)


def send_reports(run: str, destinations: Iterable[str], *, quiet: bool) -> None:
    """Send, and say what came of it. Raises: OutputError if something did not arrive."""
    from xrayscan.plugin.delivery import refuse_unsent

    refuse_unsent(_delivered(run, destinations, quiet=quiet), run)


def _delivered(run: str, destinations: Iterable[str], *, quiet: bool) -> "list[Delivery]":
    from xrayscan.errors import UsageError
    from xrayscan.files.text import counted, encodable
    from xrayscan.plugin.delivery import deliver

    deliveries = deliver(run, destinations)
    if not deliveries:
        raise UsageError(f"nothing was to be sent from {encodable(run)} before: give --to ADDRESS")
    for one in deliveries:
        for name, reason in one.problems:
            click.echo(f"not sent: {name}: {reason}", err=True)
        if not quiet:
            before = f", {one.before:,} sent before" if one.before else ""
            click.echo(f"{counted(one.sent, 'file')} sent to {one.destination}{before}", err=True)
    return deliveries
