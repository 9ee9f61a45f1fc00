"""What the values of options may look like."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from xrayscan.cli.installed import installed
from xrayscan.files.text import nearest

if TYPE_CHECKING:
    from xrayscan.sources.shard import Shard


class Number(click.ParamType[int | None]):
    """A whole number, or a word such as ``auto`` and what it stands for."""

    def __init__(self, least: int, words: Mapping[str, int | None]) -> None:
        self.least, self.words, self.name = least, words, "|".join(("N", *words))

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Name what may be given."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Return the number."""
        if value is None or value in self.words:
            return self.words.get(value)
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a whole number nor {' or '.join(map(repr, self.words))}", param, ctx)
        if number < self.least:
            self.fail(f"{number} is less than {self.least}", param, ctx)
        return number


class Duration(click.ParamType[float]):
    """A time such as 90s, 30m or 2h; without a unit in seconds."""

    name = "duration"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Show the form."""
        return "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        text = str(value).strip().lower()
        try:
            seconds = float(text.rstrip("smhd")) * {"m": 60, "h": 3600, "d": 86400}.get(text[-1:], 1)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < 10 * 365 * 86400:
            self.fail(f"{value!r} is no time such as 90s, 30m or 2h", param, ctx)
        return seconds


class Share(click.FloatRange):
    """A number from 0 to 1, or per cent: 0.05 and 5% are the same."""

    def __init__(self, strictly: bool) -> None:
        super().__init__(0, 1, min_open=strictly, max_open=strictly)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share."""
        if isinstance(value, str) and value.rstrip().endswith("%"):
            try:
                value = float(value.rstrip()[:-1]) / 100
            except ValueError:
                self.fail(f"{value!r} is not a percentage", param, ctx)
        share = float(super().convert(value, param, ctx))
        return share if share == share else self.fail("give a number", param, ctx)  # NaN is in every range


class Formats(click.ParamType[tuple[str, ...]]):
    """A comma-separated choice of report formats."""

    name = "formats"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """List the formats that are installed."""
        return ",".join(installed(ctx).reports)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names as a tuple."""
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(name.strip() for name in str(value).split(",") if name.strip()))
        known = installed(ctx or click.get_current_context()).reports
        if not names or not set(names) <= set(known):
            near = "".join(nearest(name, known) for name in names if name not in known)
            self.fail(f"{value!r}{near}: choose among {', '.join(known)}, separated by commas", param, ctx)
        for name in names:
            installed(ctx or click.get_current_context()).report(name)  # raises where it needs what is not installed
        return names


class Completed(click.ParamType[str]):
    """A text of which a shell can be told what is known to begin like it; any other one is taken, too."""

    name = "name"

    def known(self, ctx: click.Context) -> Iterable[str]:
        """What there is to choose from."""
        raise NotImplementedError

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; a settings file may hold a number in its place."""
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """What begins as what was typed."""
        return [CompletionItem(name) for name in sorted(self.known(ctx)) if name.startswith(incomplete)]


class BackendName(Completed):
    """A backend that is installed."""

    def known(self, ctx: click.Context) -> Iterable[str]:
        """Those of the plugins."""
        return installed(ctx).backends


class RuntimeName(Completed):
    """A runtime that is installed, or auto."""

    def known(self, ctx: click.Context) -> Iterable[str]:
        """Those of the plugins."""
        return ("auto", *installed(ctx).runtimes)


class DeviceName(Completed):
    """A device, whether it is there or not."""

    def known(self, ctx: click.Context) -> Iterable[str]:
        """Kinds of devices: which are there, torch alone knows, and it takes a second to ask."""
        return ("auto", "cpu", "cuda", "mps")


class CommandName(Completed):
    """A command that is installed."""

    def known(self, ctx: click.Context) -> Iterable[str]:
        """Those of the plugins."""
        return installed(ctx).commands

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        known = list(self.known(ctx or click.get_current_context()))
        if value not in known:
            self.fail(f"no command {value!r}{nearest(value, known)}", param, ctx)
        return str(value)


class EngineName(Completed):
    """The name of an engine that is installed."""

    name = "engine"

    def known(self, ctx: click.Context) -> Iterable[str]:
        """Those of the plugins."""
        return installed(ctx).engines

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """List the engines that are installed."""
        return "|".join(self.known(ctx))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name. Raises: UsageError."""
        return installed(ctx or click.get_current_context()).engine(str(value)).name


class ModelReference(Completed):
    """A bundled name, a model file or a training run's folder; in the environment several are joined as in PATH."""

    name = "NAME|FILE|RUN/"
    envvar_list_splitter = os.pathsep

    def known(self, ctx: click.Context) -> Iterable[str]:
        """The bundled models."""
        from xrayscan.model.file import bundled_models

        return bundled_models()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Bundled names, and whatever files there are."""
        return [*super().shell_complete(ctx, param, incomplete), CompletionItem(incomplete, type="file")]

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the models in a variable; empty parts stand for none."""
        return [one for one in rv.split(os.pathsep) if one]


class ShardNumber(click.ParamType["Shard"]):
    """One of several shards: ``3/16``."""

    name = "N/COUNT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Shard":
        """Return the shard."""
        from xrayscan.errors import UsageError
        from xrayscan.sources.shard import Shard

        try:
            return value if isinstance(value, Shard) else Shard.parse(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


class FilmPath(click.Path):
    """A path that is there, one into an archive (``ward.zip!/study/a.dcm``), which is a folder, or an address."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; what an archive holds shows when it is read."""
        from xrayscan.sources.address import LOCAL, named_as_archive, scheme, split

        path = os.fspath(value)
        if (name := scheme(os.fsdecode(path))) != LOCAL:
            return self._address(os.fsdecode(path), name, param, ctx)
        archive = named_as_archive(path) and os.path.isfile(path)
        if archive and not self.dir_okay:
            self.fail(f"{path} is an archive: name a file in it, such as {path}!/film.dcm", param, ctx)
        return path if archive or split(path) else super().convert(value, param, ctx)

    def _address(self, address: str, name: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return an address that some source reads. Credentials in it are not shown."""
        from xrayscan.sources.address import LOCAL
        from xrayscan.sources.credentials import REASON, without_credentials

        if not self.file_okay:
            self.fail("give a folder, or an archive: films with labels are not read from elsewhere", param, ctx)
        if (safe := without_credentials(address)) != address:
            self.fail(f"{safe}: {REASON}", param, ctx)
        if name not in (known := installed(ctx or click.get_current_context()).sources):
            also = ", ".join(f"{other}://" for other in known if other != LOCAL) or "none"
            self.fail(f"{address}: no plugin reads {name}:// addresses; those that are read: {also}", param, ctx)
        return address


class Destination(click.ParamType[str]):
    """An address that reports are sent to."""

    name = "ADDRESS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address, if some sink takes it."""
        from xrayscan.plugin.delivery import sink_of

        sink_of(str(value), installed(ctx or click.get_current_context()))
        return str(value)


EXISTING_FILE = click.Path(exists=True, dir_okay=False)
LABELLED = FilmPath(exists=True, file_okay=False)
