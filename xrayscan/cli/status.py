"""`xrayscan status`: how far a scan is, from another shell."""

from dataclasses import dataclass

import click

from xrayscan.cli import options
from xrayscan.cli.folders import RunFolder
from xrayscan.cli.settings import argument, command
from xrayscan.observing.state import ScanState, scan_state

SILENT = 30.0  # s without a word after which people are told


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOptions:
    """Which scan, and for whom."""

    run: str = argument("RUN_DIR", RunFolder())
    as_json: bool = options.json_option()


@command(
    StatusOptions,
    "xrayscan status triage",
    "watch xrayscan status triage",
    "xrayscan status triage --json",
    result=ScanState,
)
def status(wanted: StatusOptions) -> ScanState:
    """Say whether the scan into RUN_DIR runs, was interrupted or is complete, and how far it is.

    It may be asked from any machine that sees the folder; the scan is not disturbed.

    Exit code: 0, whatever the state; 3 where RUN_DIR holds no scan.
    """
    state = scan_state(wanted.run)
    if not wanted.as_json:
        click.echo(_told(state))
    return state


def _told(state: ScanState) -> str:
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
