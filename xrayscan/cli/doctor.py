"""`xrayscan doctor`: whether this installation can do its work, and what is wrong where it cannot."""

from dataclasses import dataclass

import click

from xrayscan.cli import options
from xrayscan.cli.settings import command, option
from xrayscan.cli.types import ModelReference
from xrayscan.files.text import counted
from xrayscan.models import DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOptions:
    """Which model is looked at."""

    model: str = option(DEFAULT, "Model to look at.", type=ModelReference(), env="XRAYSCAN_MODEL")
    as_json: bool = options.json_option()


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One thing that was looked at."""

    section: str  # versions, devices, runtimes, extras, plugins, disk, model or self-test
    name: str
    state: str  # in words
    exit_code: int  # that of the error that it will cause; 0: nothing is wrong


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything that was looked at."""

    findings: list[FindingLine]
    exit_code: int  # of the worst finding


@command(
    "xrayscan doctor",
    "xrayscan doctor --model runs/first",
    "xrayscan doctor --json > report-of-a-bug.json",
)
def doctor(asked: DoctorOptions) -> Examined:
    """Look at versions, devices, runtimes, extras, plugins, disk and model, and test both ends of a scan.

    The self-test draws a film, reads it as JPEG and as PNG, scores both, and sees that half of it is refused.

    Exit code: 0 nothing is wrong, else that of the worst finding: 3 films are not read as they should be, 4 the model
    or a plugin cannot be used, 5 the disk cannot be written.
    """
    from xrayscan.scanning.doctor import examine

    findings = [FindingLine(one.section, one.name, one.state, one.exit_code) for one in examine(asked.model)]
    if not asked.as_json:
        _print(findings)
    return Examined(findings, max(one.exit_code for one in findings))


def _print(findings: list[FindingLine]) -> None:
    from xrayscan.console.terminal import print_table

    sections = [one.section for one in findings]
    rows = [
        (one.section if n == sections.index(one.section) else "", one.name, one.state, "WRONG" if one.exit_code else "")
        for n, one in enumerate(findings)
    ]
    print_table("What xrayscan finds here", ("", "what", "state", ""), rows)
    wrong = sum(bool(one.exit_code) for one in findings)
    click.echo(f"{counted(wrong, 'thing')} wrong." if wrong else "Nothing is wrong.")
