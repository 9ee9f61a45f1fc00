"""What people see of one film: its tags, each model's figures, and where the heatmap is; on stdout."""

from rich.table import Table

from xrayscan.console.terminal import aligned, printable, say, stdout, tell, titled_table
from xrayscan.explain.evidence import Evidence
from xrayscan.explain.film import UNLIKE_NOTE, InspectedFilm
from xrayscan.files.text import encodable
from xrayscan.model.card import ModelCard
from xrayscan.store.record import FACT_LABELS
from xrayscan.worklist.tiers import Tier
from xrayscan.worklist.worklist import NOTICE


def print_film(film: InspectedFilm, path: str, picture: str | None = None) -> None:
    """Print what is known of a film: its facts, how it was read, each model's figures and its evidence.

    ``path``: where the heatmap was written, if there is one; ``picture``: that of the film beside the model's pixels.
    """
    out, given = stdout(), film.facts
    facts = {"size": f"{given['columns']:,} × {given['rows']:,} px"}
    shown = {name: given.get(name) for name in FACT_LABELS if name not in ("rows", "columns")}
    facts |= {FACT_LABELS[name]: _fact(value) for name, value in shown.items() if value not in (None, "")}
    facts |= {**film.film.reading, "flags": ", ".join(film.flags) or "none"}
    tell(out, f"[bold]{printable(film.source)}[/]")
    for line in aligned([(printable(name), printable(value)) for name, value in facts.items()]):
        tell(out, line)
    if film.tier == "unlike":
        say(out, f"[bold red]Warning:[/] {UNLIKE_NOTE}. Figures of validation say nothing of this film.")
    for (name, card), probability, tier in zip(film.cards.items(), film.probabilities, film.tiers, strict=True):
        out.print(_model(name, card, probability, tier))
    tell(out, _evidence(film.evidence, path))
    if picture:
        tell(out, f"Written: {printable(encodable(picture))} (the film beside what the model sees)")
    out.print(f"[italic]{NOTICE}[/]")


def _fact(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _model(name: str, card: ModelCard, probability: float, tier: Tier) -> Table:
    title = f"{printable(name)}: {printable(card.labels[1])} {probability:.4f}, tier {tier}"
    headings = ("operating point", "threshold", "sensitivity", "specificity", "flags this film as")
    table = titled_table(title, headings)
    for point in card.operating_points:
        label = card.labels[probability >= point.threshold]
        reached = (f"{point.threshold:.4f}", f"{point.sensitivity:.3f}", f"{point.specificity:.3f}")
        table.add_row(printable(point.name), *reached, printable(label))
    return table


def _evidence(evidence: Evidence, path: str) -> str:
    if evidence.problem:
        return f"No heatmap: {printable(evidence.problem)}"
    if evidence.heatmap is not None:
        return f"Written: {printable(encodable(path))} (a hint at what moved the score)"
    if evidence.neighbours:
        near = ", ".join(f"{printable(case.label)} ({case.distance:.3f})" for case in evidence.neighbours)
        return f"Nearest training cases, with their distance: {near}"
    return "No heatmap: this model says nothing of where its score comes from"
