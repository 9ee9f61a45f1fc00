"""`xrayscan status`: how far a scan is, from another shell."""

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from xrayscan.cli.settings import argument, command, option

if TYPE_CHECKING:
    from xrayscan.observing.state import ScanState

SILENT = 30.0  # s without a word after which people are told


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOptions:
    """Which scan, and for whom."""

    run: str = argument("RUN_DIR", click.Path(exists=True, file_okay=False))
    as_data: bool = option(False, "Print it as JSON.", "--json")


@command(StatusOptions, "xrayscan status triage", "watch xrayscan status triage", "xrayscan status triage --json")
def status(wanted: StatusOptions) -> None:
    """Say whether the scan into RUN_DIR runs, was interrupted or is complete, and how far it is.

    It may be asked from any machine that sees the folder; the scan is not disturbed.

    Exit code: 0, whatever the state; 3 where RUN_DIR holds no scan.
    """
    from xrayscan.observing.state import scan_state

    state = scan_state(wanted.run)
    if wanted.as_data:
        click.echo(json.dumps(dataclasses.asdict(state)))
    else:
        click.echo(_told(state))


def _told(state: "ScanState") -> str:
    from xrayscan.console.predict import progress_line
    from xrayscan.console.terminal import duration
    from xrayscan.files.text import counted, escaped

    done = state.progress
    if state.state == "running":
        if not state.process:
            return "running; it has not told how far it is"
        silent = f"; nothing heard for {duration(state.silent_seconds)}" if state.silent_seconds > SILENT else ""
        where = escaped(f"{state.host}, process {state.process}, engine {state.engine}")
        return (
            f"running for {duration(state.running_seconds)} ({where}): {progress_line(done, state.per_second)}{silent}"
        )
    ends = f"{done.scored:,} scored, {done.set_aside:,} set aside, {done.failed:,} failed, {done.skipped:,} skipped"
    if state.state == "complete":
        return f"complete: {counted(done.found, 'file')} found: {ends}"
    return f"interrupted: {counted(done.found, 'file')} recorded: {ends}; run the same `xrayscan predict` to resume"
