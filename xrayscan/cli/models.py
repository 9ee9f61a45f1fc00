"""`xrayscan models`: which models and backends are at hand, and what one of them says about itself."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import click

from xrayscan.cli.installed import installed
from xrayscan.cli.settings import epilog, json_flag, print_json
from xrayscan.cli.types import BackendName, ModelReference


@dataclass(frozen=True, slots=True)
class BundledModel:
    """A model that comes with xrayscan."""

    name: str
    backend: str
    labels: list[str]  # the positive one last
    summary: str


@dataclass(frozen=True, slots=True)
class BackendLine:
    """A backend that can be trained."""

    name: str
    summary: str


@dataclass(frozen=True, slots=True)
class ExtraLine:
    """An optional part of the installation."""

    name: str
    purpose: str
    missing: list[str]  # distributions to install; empty: it is there


@dataclass(frozen=True, slots=True)
class AtHand:
    """What is at hand."""

    models: list[BundledModel]
    backends: list[BackendLine]
    extras: list[ExtraLine]


@dataclass(frozen=True, slots=True)
class ParameterLine:
    """A parameter of a backend or of training, for ``--set``."""

    name: str
    kind: str  # such as int, or the words that may be given
    default: str
    range: str  # in words; empty where every value of its kind may be given
    meaning: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A model or a backend; of the other, nothing."""

    card: dict[str, Any] | None = None  # of a model: see the page on model cards
    backend: BackendLine | None = None
    parameters: list[ParameterLine] = field(default_factory=list)  # of the backend
    training: list[ParameterLine] = field(default_factory=list)  # parameters of training


class Reference(ModelReference):
    """A model, or a backend."""

    def known(self, ctx: click.Context) -> Iterable[str]:
        """Both."""
        return {*super().known(ctx), *BackendName().known(ctx)}


class ModelsGroup(click.Group):
    """`xrayscan models`, with what its --json prints."""

    result = AtHand


class ShowCommand(click.Command):
    """`xrayscan models show`, with what its --json prints."""

    result = Shown


@click.group(
    cls=ModelsGroup,
    params=[json_flag()],
    invoke_without_command=True,
    epilog=epilog(("xrayscan models", "xrayscan models show default", "xrayscan models show cnn")),
)
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the bundled models, the backends that can be trained, and which extras are missing."""
    if ctx.invoked_subcommand:
        return
    found = _at_hand(ctx)
    if as_json:
        print_json(found)
    else:
        _print(found)


@models.command(
    cls=ShowCommand,
    short_help="Print a model's card, or a backend's parameters.",
    params=[json_flag()],
    epilog=epilog(("xrayscan models show runs/first", "xrayscan models show cnn")),
)
@click.argument("reference", metavar="NAME|FILE|RUN/|BACKEND", type=Reference())
@click.pass_context
def show(ctx: click.Context, reference: str, as_json: bool) -> None:
    """Print a model's card, or the parameters of a backend and of training with default, range and meaning."""
    from xrayscan.console.card import print_card
    from xrayscan.model.file import bundled_models, read_card

    backends = installed(ctx).backends
    if reference in backends and reference not in bundled_models() and not os.path.exists(reference):
        found = _of_backend(backends[reference])
        print_json(found) if as_json else _print_backend(found)
    else:
        card = read_card(reference)
        print_json(Shown(card.plain())) if as_json else print_card(card)


def _at_hand(ctx: click.Context) -> AtHand:
    from xrayscan.model.file import bundled_models, read_card
    from xrayscan.plugin.extras import extras

    cards = [(name, read_card(path)) for name, path in bundled_models().items()]
    return AtHand(
        [BundledModel(name, card.backend, list(card.labels), card.about.get("summary", "")) for name, card in cards],
        [BackendLine(name, backend.summary) for name, backend in sorted(installed(ctx).backends.items())],
        [ExtraLine(one.name, one.purpose, list(one.missing)) for one in extras()],
    )


def _print(found: AtHand) -> None:
    from xrayscan.console.terminal import print_table
    from xrayscan.plugin.extras import extras

    rows = [(one.name, one.backend, " / ".join(one.labels), one.summary) for one in found.models]
    print_table("Bundled models", ("name", "backend", "labels", "what it is"), rows)
    print_table("Backends", ("name", "what it is"), [(one.name, one.summary) for one in found.backends])
    print_table("Extras", ("name", "what for", "state"), [(one.name, one.purpose, one.state) for one in extras()])


def _of_backend(backend: Any) -> Shown:
    from xrayscan.model.backend import TrainingParams
    from xrayscan.model.parameters import describe

    own, training = ([ParameterLine(*one) for one in describe(params)] for params in (backend.params, TrainingParams))
    return Shown(backend=BackendLine(backend.name, backend.summary), parameters=own, training=training)


def _print_backend(found: Shown) -> None:
    from xrayscan.console.terminal import print_table

    assert found.backend
    click.echo(f"Backend {found.backend.name}: {found.backend.summary}")
    tables = {f"Parameters of {found.backend.name} (--set)": found.parameters}
    for title, lines in {**tables, "Parameters of training (--set)": found.training}.items():
        rows = [(one.name, one.default, _told(one)) for one in lines]
        print_table(title, ("name", "default", "what it is"), rows)


def _told(one: ParameterLine) -> str:
    return f"{one.meaning} ({', '.join(filter(None, (one.kind, one.range)))})"
