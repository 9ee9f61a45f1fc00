"""A model card in the terminal: for whom, what it reached on validation, its thresholds."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from xrayscan.console.intervals import interval
from xrayscan.console.terminal import printable, stdout, titled_table
from xrayscan.files.text import counted
from xrayscan.model.card import ModelCard
from xrayscan.model.card_details import FIGURES
from xrayscan.model.input_spec import InputSpec, Resize

RESIZED: Mapping[Resize, str] = {
    "squash": "resized without keeping the aspect ratio",
    "letterbox": "resized whole, with black bars",
    "crop": "resized, cut to the central square",
}


METRICS = {"auroc": "AUROC", "auprc": "AUPRC", "brier": "Brier score", "ece": "ECE"}
WITH_FINDING = {"with_finding": "positive"}  # of the training films


def print_card(card: ModelCard) -> None:
    """Print a model card to stdout."""
    show_card(stdout(), card)


def show_card(out: Console, card: ModelCard) -> None:
    """Print a model card to any console."""
    facts = Table.grid("", Column(overflow="fold"), padding=(0, 2, 0, 0))
    for key, value in {
        **card.audience,
        "model": f"{card.name} (version {card.version}, backend {card.backend})",
        "labels": f"{card.labels[1]} against {card.labels[0]}; calibrated at a prevalence of {card.prevalence:.1%}",
        "input": _input(card.input),
        "parameters": _pairs(card.parameters),
        "calibration": f"Platt scaling {card.calibration.slope:.3f}, {card.calibration.intercept:.3f}",
        "training": _pairs({WITH_FINDING.get(key, key): value for key, value in card.training.items()}),
        **{key: text for key, text in card.about.items() if text not in card.audience.values()},
    }.items():
        facts.add_row(f"[bold]{printable(key.replace('_', ' '))}[/]", printable(value))
    out.print(facts)
    out.print()
    out.print(_metrics_table(card))
    out.print()
    out.print(_points_table(card))
    for table in (_flagged_table(card), _styles_table(card)):
        if table.row_count:
            out.print()
            out.print(table)


def _input(spec: InputSpec) -> str:
    losses = f"the losses of JPEG at quality {spec.jpeg_quality}; " if spec.jpeg_quality else ""
    return f'{spec.side} × {spec.side} px, {RESIZED[spec.resize]}; {losses}normalisation "{spec.normalise}"'


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _metrics_table(card: ModelCard) -> Table:
    metrics = card.metrics
    known = {"films": "validation film", "patients": "patient"}
    counts = [counted(metrics[name], noun) for name, noun in known.items() if name in metrics]
    title = f"On {' of '.join(counts) or 'validation films'} (95 % interval)"
    table = titled_table(title, ("metric", "value"))
    for name, told in METRICS.items():
        if name in metrics:
            table.add_row(told, _with_interval(metrics[name], metrics.get(f"{name}_ci95")))
    return table


def _points_table(card: ModelCard) -> Table:
    headings = ("operating point", "threshold", "sensitivity", "specificity")
    table = titled_table("Operating points, chosen on validation (95 % interval)", headings)
    for p in card.operating_points:
        sensitivity = _with_interval(p.sensitivity, p.sensitivity_ci95)
        specificity = _with_interval(p.specificity, p.specificity_ci95)
        table.add_row(printable(p.name), f"{p.threshold:.4f}", sensitivity, specificity)
    return table


def _flagged_table(card: ModelCard) -> Table:
    """Which shares of films of other kinds the model flags as unlike training; no rows where its card does not say."""
    table = titled_table("Flagged as unlike training", ("films", "share flagged"))
    for family, share in dict(card.metrics.get("flagged", {})).items():
        table.add_row(printable(str(family)), f"{share:.1%}")
    return table


def _styles_table(card: ModelCard) -> Table:
    """Figures of the validation films by how they look; no rows where the card does not say."""
    headings = ("style", "films", printable(card.labels[1]), *(METRICS.get(name, name) for name in FIGURES))
    table = titled_table("By style: validation films that look alike", headings)
    for number, row in enumerate(card.metrics.get("by_style", ()), 1):
        figures = ("–" if row.get(name) is None else f"{row[name]:.3f}" for name in FIGURES)
        table.add_row(str(number), f"{row['films']:,}", f"{row['with_finding']:,}", *figures)
    summary = card.metrics.get("styles", {}) if table.row_count else {}
    for kind in ("mean", "worst") if summary else ():
        shares = (summary.get(f"{kind}_{name}") for name in FIGURES)
        table.add_row(kind, "", "", *("–" if share is None else f"{share:.3f}" for share in shares))
    return table


def _with_interval(value: float, bounds: Sequence[float] | None) -> str:
    return f"{value:.4f}" + (f" ({interval(bounds)})" if bounds else "")
