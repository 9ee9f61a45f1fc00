"""The command line: one file per command, imported when it is run, so that --help is quick."""

import sys
from typing import Any, NoReturn

import click

from xrayscan.cli.environment import misspelt
from xrayscan.cli.installed import installed
from xrayscan.cli.signals import RESUME, Signals
from xrayscan.cli.surroundings import checked
from xrayscan.cli.wording import worded
from xrayscan.errors import UsageError, XrayscanError
from xrayscan.files.targets import load_target
from xrayscan.files.text import escaped, nearest
from xrayscan.plugin.command import Command
from xrayscan.plugin.manager import BUILT_IN


class Commands(click.Group):
    """The commands that plugins register, imported when they are run; library errors become messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which people meet them, those of plugins last."""
        return list(installed(ctx).commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """`help COMMAND` is `COMMAND --help`; a name that is none is answered with the nearest one."""
        known = self.list_commands(ctx)
        if args[0] == "help" and "help" not in known:
            return self.resolve_command(ctx, [args[1], "--help"]) if args[1:] else _own_help(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            near = nearest(args[0], known)
            ctx.fail(f"no command {args[0]!r}{near}; there are: {', '.join(known)}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of one command."""
        command = installed(ctx).commands.get(name)
        return imported(command) if command else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _help_line(ctx, name)) for name in self.list_commands(ctx)])

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command line from parsing to the last byte it prints."""
        try:
            with checked():
                return super().main(*args, **options)
        except XrayscanError as error:
            _end(error)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. A bug keeps its traceback."""
        with Signals(ctx.obj) as signals:
            ctx.obj = signals
            try:
                for warning in misspelt(ctx):
                    click.echo(f"xrayscan: {escaped(warning)}", err=True)
                return super().invoke(ctx)
            except XrayscanError as error:
                _end(error)
            except SystemExit as ended:
                _check_own(ctx, ended)
                raise
            except click.ClickException as error:
                error.message = escaped(worded(error))  # type: ignore[misc]  # a shell may have found the paths in it
                raise
            except KeyboardInterrupt:
                click.echo(f"xrayscan: stopped by {signals.name}{ctx.meta.get(RESUME, str)()}", err=True)
                sys.exit(signals.exit_code)


def _check_own(ctx: click.Context, ended: SystemExit) -> None:
    """Raises: RuntimeError if a command of ours ends by ``sys.exit``: what it ran did that, and the exit code lies."""
    broken_pipe = isinstance(ended.__context__, BrokenPipeError)  # rich's way to end
    name, known = ctx.invoked_subcommand or "", installed(ctx)
    if not broken_pipe and name in known.commands and known.plugin_of("commands", name) == BUILT_IN.name:
        raise RuntimeError(f"sys.exit({ended.code!r}) was called by a plugin or a library") from ended


def _own_help(ctx: click.Context) -> NoReturn:
    click.echo(ctx.get_help())
    ctx.exit()


def _end(error: XrayscanError) -> NoReturn:
    """Say what is wrong, with harmless names in it, and exit."""
    click.echo(f"xrayscan: {escaped(str(error))}", err=True)
    sys.exit(error.exit_code)


def imported(command: Command) -> click.Command:
    """Import a click command from its target. Raises: UsageError if there is none."""
    try:
        found = load_target(command.target)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"command {command.name}: {command.target} did not load: {error}") from error
    if not isinstance(found, click.Command):
        raise UsageError(f"command {command.name}: {command.target} is {type(found).__name__}, not a click command")
    return found


def _help_line(ctx: click.Context, name: str) -> str:
    summary, plugin = installed(ctx).commands[name].summary, installed(ctx).plugin_of("commands", name)
    return summary if plugin == BUILT_IN.name else escaped(f"{summary} (plugin {plugin})")


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Start with: xrayscan predict FOLDER    Each command has its own --help with examples.",
)
@click.version_option(package_name="xrayscan")
def main() -> None:
    """Rank folders of chest radiographs (JPEG, PNG, DICOM) by pneumonia probability: batched, offline, nothing lost.

    Suggested reading order. Not a diagnosis.
    """
