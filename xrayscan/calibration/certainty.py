"""How sure a share of few films can be, and how many films it takes to be surer."""

from xrayscan.statistics.metrics import wilson

WIDTHS = (0.10, 0.05, 0.03, 0.02)  # half of a 95 % interval
MOST = 1 << 20


def films_needed(share: float, half_width: float, films_per_hit: float) -> int:
    """Return how many films it takes until the 95 % interval of a share is as narrow as this on either side.

    ``films_per_hit``: films that have to be labelled for one that counts: 4 where one of four has the label.
    """
    low, high = 1, MOST
    while low < high:
        middle = (low + high) // 2
        bounds = wilson(share, middle)
        wide = (bounds[1] - bounds[0]) / 2 > half_width
        low, high = (middle + 1, high) if wide else (low, middle)
    return round(low * films_per_hit)
