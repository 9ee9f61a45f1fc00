"""What the values of options may look like."""

import os
from collections.abc import Mapping
from typing import Any

import click

from xrayscan.cli.installed import installed


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
            self.fail(f"{value!r}: choose among {', '.join(known)}, separated by commas", param, ctx)
        return names


class ModelReference(click.ParamType[str]):
    """A bundled name, a model file or a training run's folder; in the environment several are joined as in PATH."""

    name = "NAME|FILE|RUN/"
    envvar_list_splitter = os.pathsep

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the models in a variable; empty parts stand for none."""
        return [one for one in rv.split(os.pathsep) if one]


class FilmPath(click.Path):
    """A path that is there, or one that leads into an archive: ``ward.zip!/study/a.dcm``. An archive is a folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; what an archive holds shows when it is read."""
        from xrayscan.sources.address import named_as_archive, split

        path = os.fspath(value)
        archive = named_as_archive(path) and os.path.isfile(path)
        if archive and not self.dir_okay:
            self.fail(f"{path} is an archive: name a file in it, such as {path}!/film.dcm", param, ctx)
        return path if archive or split(path) else super().convert(value, param, ctx)


EXISTING_FILE = click.Path(exists=True, dir_okay=False)
LABELLED = FilmPath(exists=True, file_okay=False)
