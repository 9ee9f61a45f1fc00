"""Write docs/reference/ from the code: `python docs/make_reference.py`. A test compares it with what is there."""

import ast
import dataclasses
import enum
import html
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click

import xrayscan
from xrayscan import errors
from xrayscan.checks.interface import Verdict
from xrayscan.checks.polarity import DOUBTFUL, TURNED
from xrayscan.cli import main
from xrayscan.cli.settings import variable
from xrayscan.decode.dicom.projection import OTHERS
from xrayscan.decode.flags import Flag
from xrayscan.decode.interface import Radiograph
from xrayscan.files.field_comments import field_comments
from xrayscan.model import capabilities
from xrayscan.model.backend import TrainingParams
from xrayscan.model.calibration import Calibration
from xrayscan.model.card import ModelCard, OperatingPoint
from xrayscan.model.input_spec import InputSpec
from xrayscan.model.parameters import describe
from xrayscan.plugin import spec
from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.registry import EDGES, members
from xrayscan.report.interface import PageSettings
from xrayscan.report.table import COLUMNS
from xrayscan.store.record import FACT_LABELS, LATERAL, UNLIKE, Facts
from xrayscan.worklist.worklist import DISAGREE, NONE_SCORED, SOME_FAILED, Worklist, WorklistRow

FOLDER = Path(__file__).resolve().parent / "reference"
MODULES = r"\b[a-z_][\w.]*\.(?=[A-Z])"  # in front of the names of types
NOTICE = "<!-- Written by docs/make_reference.py: change the code, not this page. -->\n"

GIVEN = (Worklist, WorklistRow, PageSettings, Radiograph, Verdict)
OUTCOME_COLUMNS = {
    "rank": "place in the reading order, from 1; empty unless scored",
    "source": "the path as given, plus what lies below it",
    "status": "how the file ended, see [Outcomes](outcomes.md)",
    "probability": "of the positive label, calibrated, from 0 to 1; moved by `--prevalence`",
    "tier": "`high`, `intermediate` or `low`, by the model's own thresholds; `unlike` for films that stand apart",
    "prediction": "the label on this side of the threshold: the model's balanced one, or `--threshold`",
    "flags": "what a reader should know of this film, separated by semicolons",
    "code": "the reason in one fixed word, for programs; empty if scored",
    "reason": "the reason in words; empty if scored",
}
FLAGS = {
    LATERAL: "the header says that the film is a lateral view; the default model knows frontal films only",
    **{word: f"the header says so of the view: {word}, not upright and frontal" for word in OTHERS},
    "body part: …": "the header names a body part other than the chest, as HAND",
    TURNED: "its pixels show bone dark, so its brightness was turned round",
    DOUBTFUL: "its pixels do not tell whether bone is bright",
    "check … failed": "a check of a plugin could not judge this film",
    UNLIKE: "unlike the films that the model was trained on: read it without the model's help",
    DISAGREE: "several models scored this film, and put it into different tiers",
}
ENDS = {
    0: "every radiograph found has its probability",
    NONE_SCORED: "not one radiograph could be scored; the worklist with the reasons is written all the same",
    SOME_FAILED: "the worklist is complete and lists files that could not be scored",
    129: "stopped by SIGHUP: the worklist holds what was done and says that it is partial; the same command resumes",
    130: "stopped by SIGINT (Ctrl-C), likewise",
    143: "stopped by SIGTERM, likewise",
}


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    lines = [list(headings), *([str(cell).replace("\n", " ") for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(value: object) -> str:
    """Code in a table's cell. A bar is spelt out: Markdown dialects do not agree on how to escape it."""
    text = str(value)
    return f"`{text}`" if "|" not in text else f"<code>{html.escape(text, quote=False).replace('|', '&#124;')}</code>"


def commands() -> str:
    """Every command with its options, as --help has them."""
    parts = [
        "# Commands\n",
        "Every option is also read from an environment variable, in the last column; the command line wins. "
        "Exit codes are [a page of their own](exit-codes.md).\n",
    ]
    root = click.Context(main, info_name="xrayscan")
    for name in main.list_commands(root):
        parts += _command(main.get_command(root, name), name, root)
    return "\n".join(parts)


def _command(command: click.Command | None, name: str, parent: click.Context) -> Iterator[str]:
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
    yield f"{'#' * (context.command_path.count(' ') + 1)} {context.command_path}\n"
    yield f"```\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```\n"
    yield f"{_paragraphs(command.help or '')}\n"
    rows = [_option(option, context) for option in command.params if isinstance(option, click.Option)]
    if any(any(row) for row in rows):
        yield table(("option", "default", "meaning", "environment"), rows)
    if command.epilog:
        examples = command.epilog.partition("Examples:")[2]
        yield f"Examples:\n\n```\n{textwrap.dedent(examples.lstrip(chr(10))).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            yield from _command(command.get_command(context, sub), sub, context)


def _paragraphs(text: str) -> str:
    return _options_as_code(re.sub(r"([*<])", r"\\\1", inspect.cleandoc(text).replace("\b\n", "")))


def _options_as_code(text: str) -> str:
    return re.sub(r"(?<![\w`-])(--[a-z][a-z-]+)", r"`\1`", text)


def _type(annotation: Any) -> str:
    """A type as it is written: without the modules that its names come from."""
    return re.sub(MODULES, "", inspect.formatannotation(annotation))


def _option(option: click.Option, context: click.Context) -> tuple[str, str, str, str]:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    value = "" if option.is_flag else f" {code(_metavar(option, context))}"
    told = _options_as_code(option.help or "")
    return (
        names + value,
        _default(option),
        told,
        f"`{variable(option, context)}`" if variable(option, context) else "",
    )


def _metavar(option: click.Option, context: click.Context) -> str:
    """What stands for the value, without the brackets round a choice."""
    metavar = option.make_metavar(context)
    return metavar[1:-1] if metavar.startswith("[") else metavar


def _default(option: click.Option) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    if option.is_flag:
        return ("on" if option.default else "off") if option.secondary_opts else ""
    value = option.default
    if isinstance(value, enum.Enum) or callable(value) or value is None:
        return ""
    return (
        f"`{' '.join(map(str, value))}`" if isinstance(value, tuple) and value else f"`{value}`" if value != () else ""
    )


def hooks() -> str:
    """Every hook of plugin/spec.py with its signature and docstring."""
    parts = ["# Hooks\n", "What a plugin may implement. [Extending](../howto/extend.md) has whole plugins to copy.\n"]
    for name, hook in vars(spec).items():
        if name.startswith("register_"):
            parts.append(f"## {name}\n")
            parts.append(
                f"```python\n@hookimpl\ndef {name}{re.sub(MODULES, '', str(inspect.signature(hook)))}: ...\n```\n"
            )
            parts.append(f"{inspect.getdoc(hook)}\n")
            parts.append(_members(next(edge.protocol for edge in EDGES if edge.hook == name)))
    parts.append("## What plugins are given and give back\n")
    for kind in GIVEN:
        parts += [f"### {kind.__name__}\n", f"{_prose(kind)}\n", _members(kind)]
    parts.append("## What a backend or its predictor may also do\n")
    parts.append(
        "Whoever has the members can do it; nothing is inherited or declared. Names are exported by `xrayscan`.\n"
    )
    parts.append(table(("protocol", "members", "meaning"), _capabilities()))
    parts += ["## Functions to call\n", "All that `xrayscan` exports; longer accounts are in `help(xrayscan.NAME)`.\n"]
    parts.append(table(("function", "meaning"), _exported(inspect.isfunction)))
    parts += ["## Types to use\n", table(("type", "meaning"), _exported(inspect.isclass))]
    parts.append("## Registered at the moment\n")
    parts.append(table(("backend", "what it is"), sorted((f"`{b.name}`", b.summary) for b in _backends().values())))
    return "\n".join(parts)


def _exported(wanted: Callable[[Any], bool]) -> Iterator[tuple[str, str]]:
    """What a plugin or a longer program may import from xrayscan: its name, and the first sentences on it."""
    for name in xrayscan.__all__:
        exported = getattr(xrayscan, name)
        if wanted(exported):
            node = ast.parse(inspect.getsource(exported)).body[0]
            called = _called(node) if isinstance(node, ast.FunctionDef) else name
            yield code(called), _in_one_line((inspect.getdoc(exported) or "").partition("\n\n")[0])


def _members(kind: type[Any]) -> str:
    """What a class has, as its source says it: fields with the comments behind them, methods with their docstrings."""
    notes, rows = field_comments(kind), []
    for node in _definition(kind).body:
        if isinstance(node, ast.AnnAssign):
            name, told = ast.unparse(node.target), notes.get(ast.unparse(node.target), "")
            rows.append((code(f"{name}: {ast.unparse(node.annotation)}"), told.replace("``", "`")))
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            rows.append((code(_called(node)), _in_one_line(ast.get_docstring(node))))
    return table((f"`{kind.__name__}`", "meaning"), rows)


def _called(function: ast.FunctionDef) -> str:
    """A property as a field, a method with what it takes and returns."""
    returned = ast.unparse(function.returns or ast.Constant(None))
    if any(ast.unparse(decorator) == "property" for decorator in function.decorator_list):
        return f"{function.name}: {returned}"
    taken = ast.unparse(function.args).removeprefix("self").removeprefix(", ")
    return f"{function.name}({taken}) -> {returned}"


def _capabilities() -> Iterator[tuple[str, str, str]]:
    for name, kind in vars(capabilities).items():
        if getattr(kind, "_is_protocol", False) and kind.__module__ == capabilities.__name__:
            yield f"`{name}`", ", ".join(f"`{member}`" for member in members(kind)), _prose(kind)


def parameters() -> str:
    """What ``--set`` takes: of training, and of every backend."""
    parts = [
        "# Parameters\n",
        "`xrayscan train --set NAME=VALUE` takes those of training and those of the backend. "
        "`xrayscan models show BACKEND` prints the same.\n",
    ]
    for title, params in [
        ("Training", TrainingParams),
        *((b.name, b.params) for b in sorted(_backends().values(), key=lambda b: b.name)),
    ]:
        rows = [(code(one.name), code(one.kind), code(one.default), one.range, one.meaning) for one in describe(params)]
        parts += [f"## {title}\n", table(("name", "type", "default", "range", "meaning"), rows)]
    return "\n".join(parts)


def card() -> str:
    """The fields of a model file's card."""
    parts = [
        "# Model card\n",
        "A model file is one safetensors file. Its header holds the card: everything that is needed to use the "
        "weights, and what is known of them. `xrayscan models show NAME|FILE|RUN/` prints it.\n",
    ]
    for title, kind in (
        ("Card", ModelCard),
        ("Input", InputSpec),
        ("Calibration", Calibration),
        ("Operating point", OperatingPoint),
    ):
        notes = field_comments(kind)
        rows = [
            (f"`{field.name}`", code(_type(field.type)), notes.get(field.name, ""))
            for field in dataclasses.fields(kind)
        ]
        parts += [f"## {title}\n", f"{_prose(kind)}\n", table(("field", "type", "meaning"), rows)]
    return "\n".join(parts)


def columns() -> str:
    """The columns of triage.csv, which are the keys of triage.jsonl."""
    notes = field_comments(Facts)
    facts = {name: ", ".join(filter(None, (label, notes.get(name)))) for name, label in FACT_LABELS.items()}
    rows = [(f"`{name}`", {**OUTCOME_COLUMNS, **facts}[name]) for name in COLUMNS]
    return "\n".join(
        (
            "# Columns\n",
            "`triage.csv` and `triage.jsonl` have one row per file that was scored, set aside or failed: scored ones "
            "by rank, then those set aside, then those that failed. Skipped files are counted and have no row.\n",
            f"```\n{','.join(COLUMNS)}\n```\n",
            table(("column", "meaning"), rows),
            "With several models, `probability NAME` and `tier NAME` follow for every model after the first; "
            "with `--rank-by mean`, `mean probability` comes last.\n",
            "The CSV is UTF-8; a cell that a spreadsheet would take for a formula starts with an apostrophe, and "
            "control characters in names are escaped. JSON Lines has full precision, flags as a list, and `null` "
            "where nothing is known.\n",
        )
    )


def outcomes() -> str:
    """How a file may end, and the flags of those that were read."""
    notes = field_comments(errors.Status)
    meaning, repaired = field_comments(errors.Code), field_comments(Flag)
    codes = [(code(member.value), member.status.value, meaning.get(member.name, "")) for member in errors.Code]
    repairs = [(code(flag.value), repaired.get(flag.name, "")) for flag in Flag]
    return "\n".join(
        (
            "# Outcomes\n",
            "Every path that a scan finds ends in one of four ways: found = scored + set aside + failed + skipped.\n",
            table(("status", "when"), [(f"`{status.value}`", notes[status.name]) for status in errors.Status]),
            "## Codes\n",
            "Why a file was not scored, in the column `code`. The column `reason` says it in words.\n",
            table(("code", "ends as", "meaning"), codes),
            "## Flags\n",
            "What a reader should know of a film, in the column `flags`.\n",
            table(("flag", "meaning"), [*((code(name), note) for name, note in FLAGS.items()), *repairs]),
        )
    )


def json_answers() -> str:
    """What every command prints with --json."""
    parts = [
        "# JSON\n",
        "With `--json` a command prints one object on standard output and nothing else there; what people read stays "
        "on standard error, and the exit code is the same. A number that is not finite is `null`; bytes of a name that "
        "are no UTF-8 are spelt as in the CSV.\n",
    ]
    root = click.Context(main, info_name="xrayscan")
    told: set[type[Any]] = set()
    for name in main.list_commands(root):
        parts += _answers(main.get_command(root, name), name, root, told)
    return "\n".join(parts)


def _answers(command: click.Command | None, name: str, parent: click.Context, told: set[type[Any]]) -> Iterator[str]:
    result: type[Any] | None = getattr(command, "result", None)
    context = click.Context(command or click.Command(name), info_name=name, parent=parent)
    if result:
        yield f"## {context.command_path}\n"
        yield f"An object {code(result.__name__)}: {_prose(result)}\n"
        for kind in _kinds(result):
            if kind not in told:
                told.add(kind)
                yield from _fields(kind)
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            yield from _answers(command.get_command(context, sub), sub, context, told)


def _kinds(kind: type[Any]) -> Iterator[type[Any]]:
    """A dataclass and those that its fields hold, each before what is in it."""
    yield kind
    for hint in get_type_hints(kind).values():
        for part in (hint, *get_args(hint)):
            if dataclasses.is_dataclass(part) and isinstance(part, type):
                yield from _kinds(part)
            for inner in get_args(part):
                if dataclasses.is_dataclass(inner) and isinstance(inner, type):
                    yield from _kinds(inner)


def _fields(kind: type[Any]) -> Iterator[str]:
    notes = field_comments(kind)
    yield f"### {kind.__name__}\n"
    rows = [(code(one.name), code(_type(one.type)), notes.get(one.name, "")) for one in dataclasses.fields(kind)]
    yield table(("key", "type", "meaning"), rows)


def exit_codes() -> str:
    """Exit codes, from the tree of exceptions."""
    told = dict(ENDS)
    for kind in _subclasses(errors.XrayscanError):
        if kind is not errors.DecodeError:
            told[kind.exit_code] = "; or: ".join(
                filter(None, (told.get(kind.exit_code), f"`{kind.__name__}`: {_prose(kind)}"))
            )
    told[1] = "a bug: it keeps its traceback, please report it; without one, a reader such as `head` closed its output"
    return "\n".join(
        (
            "# Exit codes\n",
            "They are the same for every command.\n",
            table(("code", "when"), sorted(told.items())),
        )
    )


def _backends() -> Mapping[str, Any]:
    return load_registry().backends


def _subclasses(kind: type[errors.XrayscanError]) -> Iterator[type[errors.XrayscanError]]:
    for sub in kind.__subclasses__():
        if sub.__module__ == errors.__name__:
            yield sub
            yield from _subclasses(sub)


def _prose(kind: type[Any]) -> str:
    return _in_one_line(inspect.getdoc(kind))


def _in_one_line(text: str | None) -> str:
    return " ".join(re.sub(r":\w+:(?=`)", "", text or "").replace("``", "`").split())


def _definition(kind: type[Any]) -> ast.ClassDef:
    definition = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(definition, ast.ClassDef)
    return definition


PAGES = {
    "commands.md": commands,
    "parameters.md": parameters,
    "columns.md": columns,
    "json.md": json_answers,
    "outcomes.md": outcomes,
    "exit-codes.md": exit_codes,
    "model-card.md": card,
    "hooks.md": hooks,
}


def pages() -> dict[str, str]:
    """The text of every page, by its file name."""
    return {name: f"{NOTICE}\n{write().rstrip()}\n" for name, write in PAGES.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
