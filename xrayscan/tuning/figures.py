"""Pictures of a search: its history, what mattered, how each trial learned, and each parameter's values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from xrayscan.report.chart import COLOURS
from xrayscan.report.plots import INK, LogLocator, NullFormatter, StrMethodFormatter, new, svg
from xrayscan.tuning.study import Trial

BEST, OTHER, PRUNED = COLOURS[1], COLOURS[0], INK


def history(trials: Sequence[Trial], objective: str, *, maximise: bool) -> Markup:
    """Draw what every trial reached, and the best so far; pruned trials stand where they were stopped."""
    figure, axes = new(5.2, 3.4)
    pruned = [trial for trial in trials if trial.state == "pruned" and trial.curve]
    axes.scatter(
        [trial.number for trial in pruned],
        [trial.curve[-1] for trial in pruned],
        s=24,
        marker="x",
        color=PRUNED,
        alpha=0.5,
        label="pruned",
    )
    complete = [trial for trial in trials if trial.value is not None]
    numbers, values = [trial.number for trial in complete], np.array([trial.value for trial in complete], float)
    axes.scatter(numbers, values, s=24, color=OTHER, label="complete")
    best = np.maximum.accumulate(values) if maximise else np.minimum.accumulate(values)
    steps = [*numbers, trials[-1].number], [*best, best[-1]]
    axes.step(*steps, where="post", color=BEST, linewidth=1.8, label="best so far")
    axes.set(xlabel="trial", ylabel=objective, title="History of the search")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="best")
    return svg(figure)


def importance(shares: Mapping[str, float]) -> Markup:
    """Draw the share of the objective's variation that each parameter explains, the largest first."""
    figure, axes = new(5.2, 1.2 + 0.32 * len(shares))
    names = list(shares)[::-1]
    axes.barh(names, [shares[name] for name in names], color=OTHER, height=0.7)
    for row, name in enumerate(names):
        axes.text(shares[name], row, f" {100 * shares[name]:.0f} %", va="center")
    axes.set(xlabel="share of the variation explained", title="Importance", xlim=(0, 1.12 * max(shares.values())))
    axes.grid(visible=False, axis="y")
    return svg(figure)


def curves(trials: Sequence[Trial], objective: str, best: Trial) -> Markup:
    """Draw the objective of every trial after each epoch; the best trial stands out."""
    figure, axes = new(5.2, 3.4)
    for trial in trials:
        if trial.curve and trial.number != best.number:
            look: dict[str, Any] = {"color": OTHER, "alpha": 0.35}
            if trial.state == "pruned":
                look = {"color": PRUNED, "alpha": 0.3, "linestyle": "--"}
            axes.plot(range(1, 1 + len(trial.curve)), trial.curve, linewidth=1, marker=".", markersize=4, **look)
    axes.plot(
        range(1, 1 + len(best.curve)), best.curve, color=BEST, linewidth=2, marker=".", label=f"trial {best.number}"
    )
    axes.set(xlabel="epoch", ylabel=objective, title="Trials by epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="best")
    return svg(figure)


def slices(
    trials: Sequence[Trial], space: Mapping[str, BaseDistribution], objective: str, best: Trial
) -> dict[str, Markup]:
    """Draw what complete trials reached with each value of each parameter: one figure per parameter."""
    complete = [trial for trial in trials if trial.value is not None]
    return {name: _slice(complete, name, values, objective, best) for name, values in space.items()}


def _slice(complete: Sequence[Trial], name: str, values: BaseDistribution, objective: str, best: Trial) -> Markup:
    figure, axes = new(3.6, 2.8)
    choices = [str(choice) for choice in values.choices] if isinstance(values, CategoricalDistribution) else None

    def place(trial: Trial) -> float:
        value = trial.parameters[name]
        return choices.index(str(value)) if choices else float(value)

    axes.scatter([place(t) for t in complete], [t.value for t in complete], s=20, color=OTHER, alpha=0.6)
    axes.scatter([place(best)], [best.value], s=60, color=BEST)
    if choices:
        axes.set_xticks(range(len(choices)), choices)
        axes.set_xlim(-0.5, len(choices) - 0.5)
    elif isinstance(values, FloatDistribution | IntDistribution) and values.log:
        _logarithmic(axes, values.low, values.high)
    axes.set(xlabel=name, ylabel=objective, title=name.replace("_", " "))
    return svg(figure)


def _logarithmic(axes: Any, low: float, high: float) -> None:
    """Make x logarithmic, its ticks plain numbers: the SVG holds text, so there are no powers of ten."""
    axes.set_xscale("log")
    axes.set_xlim(low / 1.1, high * 1.1)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if high / low < 300 else (1,)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
