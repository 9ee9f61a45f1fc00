"""Figures with their 95 % intervals, as cells of tables."""

import math
from collections.abc import Sequence


def interval(bounds: Sequence[float]) -> str:
    """Such as ``0.812–0.934``."""
    low, high = bounds
    return f"{low:.3f}–{high:.3f}"


def figure(value: float, bounds: Sequence[float]) -> str:
    """Such as ``0.880 (0.812–0.934)``; "undefined" for NaN."""
    return "undefined" if math.isnan(value) else f"{value:.3f} ({interval(bounds)})"


def difference(value: float, bounds: Sequence[float]) -> str:
    """Such as ``-0.021 (-0.044 to +0.003)``; "undefined" for NaN."""
    low, high = bounds
    return "undefined" if math.isnan(value) else f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def figure_above(value: float, bounds: Sequence[float]) -> str:
    """The figure above its interval, for a narrow column."""
    return f"{value:.3f}\n{interval(bounds)}"
