"""What people see of one film: its tags, each model's figures, and where the heatmap is; on stdout."""

from rich.console import Console
from rich.table import Table

from xrayscan.console.terminal import printable
from xrayscan.explain.evidence import Evidence
from xrayscan.explain.film import InspectedFilm
from xrayscan.files.text import encodable
from xrayscan.model.card import ModelCard
from xrayscan.store.record import FACT_LABELS
from xrayscan.worklist.tiers import TierScale


def print_film(film: InspectedFilm, path: str, picture: str | None = None) -> None:
    """Print what is known of a film: its facts, how it was read, each model's figures and its evidence.

    ``path``: where the heatmap was written, if there is one; ``picture``: that of the film beside the model's pixels.
    """
    out = Console(highlight=False)
    facts = Table(show_header=False, box=None, pad_edge=False)
    facts.add_row("file", printable(film.source))
    facts.add_row("size", f"{film.facts['columns']:,} × {film.facts['rows']:,} px")
    for field, label in FACT_LABELS.items():
        if field not in ("rows", "columns") and film.facts.get(field) not in (None, ""):
            facts.add_row(label, printable(_fact(film.facts[field])))
    for name, value in film.film.reading.items():
        facts.add_row(printable(name), printable(value))
    facts.add_row("flags", printable(", ".join(film.flags) or "none"))
    out.print(facts)
    for (name, card), probability in zip(film.cards.items(), film.probabilities, strict=True):
        out.print(_model(name, card, probability))
    out.print(_evidence(film.evidence, path), soft_wrap=True)
    if picture:
        out.print(f"Written: {printable(encodable(picture))} (the film beside what the model sees)", soft_wrap=True)
    out.print("[italic]Suggested reading order. Not a diagnosis.[/]")


def _fact(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _model(name: str, card: ModelCard, probability: float) -> Table:
    tier = TierScale(card).tier(probability)
    title = f"{printable(name)}: {printable(card.labels[1])} {probability:.4f}, tier {tier}"
    table = Table(title=title, title_justify="left")
    for heading in ("operating point", "threshold", "sensitivity", "specificity", "flags this film as"):
        table.add_column(heading)
    for point in card.operating_points:
        label = card.labels[probability >= point.threshold]
        reached = (f"{point.threshold:.4f}", f"{point.sensitivity:.3f}", f"{point.specificity:.3f}")
        table.add_row(printable(point.name), *reached, printable(label))
    return table


def _evidence(evidence: Evidence, path: str) -> str:
    if evidence.problem:
        return f"No heatmap: {printable(evidence.problem)}"
    if evidence.heatmap is not None:
        return f"Written: {printable(encodable(path))} (the heatmap: a hint at which part of the film moved the score)"
    if evidence.neighbours:
        near = ", ".join(f"{printable(case.label)} ({case.distance:.3f})" for case in evidence.neighbours)
        return f"Nearest training cases, with their distance: {near}"
    return "No heatmap: this model says nothing of where its score comes from"
