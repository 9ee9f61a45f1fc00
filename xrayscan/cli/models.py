"""`xrayscan models`: which models and backends are at hand, and what one of them says about itself."""

import os

import click

from xrayscan.cli.settings import epilog


@click.group(
    invoke_without_command=True,
    epilog=epilog(("xrayscan models", "xrayscan models show default", "xrayscan models show cnn")),
)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List the bundled models and the backends that can be trained."""
    from xrayscan.console.terminal import print_table
    from xrayscan.model.file import bundled_models, read_card
    from xrayscan.plugin.manager import load_registry

    if ctx.invoked_subcommand:
        return
    cards = [(name, read_card(path)) for name, path in bundled_models().items()]
    rows = [(name, card.backend, " / ".join(card.labels), card.about.get("summary", "")) for name, card in cards]
    print_table("Bundled models", ("name", "backend", "labels", "what it is"), rows)
    backends = load_registry().backends
    print_table("Backends", ("name", "what it is"), [(name, b.summary) for name, b in sorted(backends.items())])


@models.command(epilog=epilog(("xrayscan models show runs/first", "xrayscan models show cnn")))
@click.argument("reference", metavar="NAME|FILE|RUN/|BACKEND")
def show(reference: str) -> None:
    """Print a model's card, or the parameters of a backend and of training with their defaults."""
    from xrayscan.console.card import print_card
    from xrayscan.console.terminal import print_table
    from xrayscan.model.backend import TrainingParams
    from xrayscan.model.file import bundled_models, read_card
    from xrayscan.model.parameters import describe
    from xrayscan.plugin.manager import load_registry

    backends = load_registry().backends
    if reference in backends and reference not in bundled_models() and not os.path.exists(reference):
        backend = backends[reference]
        click.echo(f"Backend {backend.name}: {backend.summary}")
        headings = ("name", "type", "default")
        print_table(f"Parameters of {backend.name} (--set)", headings, describe(backend.params))
        print_table("Parameters of training (--set)", headings, describe(TrainingParams))
    else:
        print_card(read_card(reference))
