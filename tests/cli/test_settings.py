import dataclasses
from dataclasses import dataclass
from typing import Literal

import pytest
from click.testing import CliRunner

from xrayscan.cli.settings import command, option


@dataclass(frozen=True)
class Library:
    """As it stands in the library, which knows no click."""

    most: int | None = dataclasses.field(
        default=None, metadata={"help": "Most.", "range": (0, None), "words": {"auto": None}}
    )
    share: float = dataclasses.field(default=0.5, metadata={"help": "Share.", "range": (0, 1), "open": True})
    inner: int = 7  # no option


@dataclass(frozen=True, kw_only=True)
class Plain:
    """What the tests of precedence ask for."""

    file: str | None = option(None, "Settings.")
    library: Library
    kind: Literal["a", "b"] = option("a", "Kind.")
    names: tuple[str, ...] = option((), "Names.", "--name")
    loud: bool = option(True, "Loud.")


FILE = {"kind": "b", "share": 0.25, "names": ["x", "y"], "most": "3"}


@pytest.fixture
def ask():
    """Run a command line and return what its function received."""

    def asked(*words, env=None, file=FILE):
        received = []

        class Asked(Plain):
            @staticmethod
            def below(values, extra):
                return file if "file" in values else {}

        @command("plain", env="PLAIN")
        def plain(settings: Asked) -> None:
            """Do."""
            received.append(Plain(**vars(settings)))

        done = CliRunner().invoke(plain, words, env=env)
        assert done.exit_code == 0, done.output
        return received[0] if received else done.output

    return asked


def test_defaults_are_those_of_the_dataclass(ask):
    assert ask() == Plain(library=Library())


def test_a_settings_file_wins_over_defaults_the_environment_over_it_and_the_command_line_over_all(ask):
    assert ask("--file", "f") == Plain(file="f", kind="b", names=("x", "y"), library=Library(most=3, share=0.25))
    env = {"PLAIN_FILE": "f", "PLAIN_SHARE": "0.75", "PLAIN_KIND": "a"}
    assert (ask(env=env).library.share, ask(env=env).kind) == (0.75, "a")
    assert ask("--share", "12.5%", "--name", "z", env=env).library.share == 0.125
    assert ask("--most", "auto", "--file", "f").library.most is None


def test_a_file_says_nothing_the_command_line_could_not(ask):
    with pytest.raises(AssertionError, match=r"'c' is not one of"):
        ask("--file", "f", file={"kind": "c"})


def test_the_help_says_default_and_range_in_words(ask):
    text = " ".join(ask("--help").split())
    assert "--most N|auto Most. [default: auto]" in text
    assert "--share X Share. [default: 0.5; between 0 and 1]" in text
    assert "--loud / --no-loud" in text
    assert "--inner" not in text


def test_options_whose_defaults_others_know_arrive_only_if_given():
    received = []

    @dataclass(frozen=True, kw_only=True)
    class Some:
        """Options of another dataclass."""

        training: dict = dataclasses.field(metadata={"given": Library})

    @command("some")
    def some(settings: Some) -> None:
        """Do."""
        received.append(settings.training)

    assert CliRunner().invoke(some, ["--share", "0.1"]).exit_code == 0
    assert received == [{"share": 0.1}]
    assert "[default: 0.5" in CliRunner().invoke(some, ["--help"]).output
