"""The command line: one file per command. Commands are imported when they are run, so that --help is quick."""

import importlib
import sys
from typing import Any, NoReturn

import click

from xrayscan.cli.signals import RESUME, Signals
from xrayscan.cli.surroundings import checked
from xrayscan.errors import XrayscanError
from xrayscan.files.text import escaped

COMMANDS = {  # name → the line in `xrayscan --help`, so that help imports no command
    "predict": "Rank a folder of chest radiographs by the probability of pneumonia.",
    "report": "Write the reports of an earlier scan again, with other settings.",
    "show": "Show what is known of one film, and where its score came from.",
    "explore": "Look at a labelled folder before training on it.",
    "train": "Train a model on a labelled folder.",
    "tune": "Search for the parameters that train the best model.",
    "evaluate": "Measure models on labelled films that they have never seen.",
    "calibrate": "Fit a model to one site from a few labelled films.",
    "models": "List the models and backends at hand, or show one.",
    "plugins": "List the plugins and what they register.",
}


class Commands(click.Group):
    """Imports a command's module when the command is run, and turns library errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of one command."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"xrayscan.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command line from parsing to the last byte it prints."""
        try:
            with checked():
                return super().main(*args, **options)
        except XrayscanError as error:
            _end(error)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. A bug keeps its traceback."""
        with Signals() as signals:
            ctx.obj = signals
            try:
                return super().invoke(ctx)
            except XrayscanError as error:
                _end(error)
            except click.ClickException as error:
                error.message = escaped(error.message)  # type: ignore[misc]  # a shell may have found the paths in it
                raise
            except KeyboardInterrupt:
                click.echo(f"xrayscan: stopped by {signals.name}{ctx.meta.get(RESUME, str)()}", err=True)
                sys.exit(signals.exit_code)


def _end(error: XrayscanError) -> NoReturn:
    """Say what is wrong, with harmless names in it, and exit."""
    click.echo(f"xrayscan: {escaped(str(error))}", err=True)
    sys.exit(error.exit_code)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Start with: xrayscan predict FOLDER    Each command has its own --help with examples.",
)
@click.version_option(package_name="xrayscan")
def main() -> None:
    """Rank folders of chest radiographs (JPEG, PNG, DICOM) by pneumonia probability: batched, offline, nothing lost.

    The order is for reading. It is not a diagnosis.
    """
