"""What a card may tell beside its overall figures: shares flagged as unlike training, and figures by style."""

from collections.abc import Mapping
from typing import Any

from xrayscan.errors import ModelError

FIGURES = ("auroc", "sensitivity", "specificity", "ece")  # of a style; None where it has too few films
COUNTS = ("films", "with_finding")


def check_details(metrics: Mapping[str, Any]) -> None:
    """Raise ModelError unless what reports show of these is what it has to be: a stranger may have written the card."""
    styles = metrics.get("by_style", [])
    for name in ("flagged", "styles"):
        shares = metrics.get(name, {})
        if not isinstance(shares, Mapping) or not all(map(_is_share, shares.values())):
            raise ModelError(f"its metric {name} is no table of shares")
    if not isinstance(styles, list | tuple) or not all(map(_is_style, styles)):
        raise ModelError("its metric by_style is no list of figures")


def _is_style(row: object) -> bool:
    return (
        isinstance(row, Mapping)
        and all(isinstance(row.get(name), int) and row[name] >= 0 for name in COUNTS)
        and all(row.get(name) is None or _is_share(row[name]) for name in FIGURES)
    )


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
