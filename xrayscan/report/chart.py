"""Charts of bars and lines as SVG of our own: those of the worklist's page, which every scan writes.

matplotlib draws all others; to import it and to draw two charts takes longer than a page of 500 films.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from xrayscan.files.text import visible
from xrayscan.model.card import ModelCard

# Readable on white and on near-black, and apart for colour-blind eyes; line styles tell them apart in print.
COLOURS = ("#3b82d6", "#e07b39", "#2a9d6f", "#c0559b", "#8d7bd8", "#b59a1f")
INK = "currentColor"
STAMP = "fast-dev-run: means nothing"
LONGEST = 32  # characters of a name in a figure
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 26, 40  # around the axes, in units of the drawing; text is 10 high
LINE = 15  # from one line of a legend to the next
SAMPLE = 18  # how long a sample of a line or a colour is in it
FAINT = 0.15  # opacity of the grid
STEPS = (1, 2, 5, 10)
TICKS = 5  # at most, along an axis of counts

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """How a line or an area is drawn. ``dashes``: as SVG's stroke-dasharray."""

    colour: str = INK
    width: float = 1.2
    dashes: str = "none"
    opacity: float = 1.0


@dataclass(slots=True)
class Chart:
    """Axes from (0, 0) to ``most``, in a drawing of so many units, what is drawn between them, and a legend above."""

    title: str
    labels: tuple[str, str]  # of x and y
    width: int
    height: int
    most: Point = (1.0, 1.0)
    legend: tuple[int, int] = (1, 1)  # rows and columns
    _parts: list[Markup] = field(default_factory=list)
    _legend: list[tuple[str, Markup]] = field(default_factory=list)

    def at(self, x: float, y: float) -> Point:
        """Where a point of the data stands in the drawing."""
        across, up = self.width - LEFT - RIGHT, self.height - self._top - BOTTOM
        return LEFT + across * x / self.most[0], self.height - BOTTOM - up * y / self.most[1]

    @property
    def _top(self) -> int:
        return TOP + LINE * self.legend[0]

    def bar(self, low: Point, high: Point, look: Look, name: str = "") -> None:
        """Fill a rectangle between two corners; a ``name`` puts it into the legend."""
        (left, bottom), (right, top) = self.at(*low), self.at(*high)
        self._parts.append(_rectangle(left, top, right - left, bottom - top, look))
        self._named(name, _rectangle(0, -8, SAMPLE, 8, look))

    def line(self, start: Point, end: Point, look: Look, name: str = "") -> None:
        """Draw a straight line; a ``name`` puts it into the legend."""
        self._parts.append(_line(self.at(*start), self.at(*end), look))
        self._named(name, _line((0, -4), (SAMPLE, -4), look))

    def _named(self, name: str, sample: Markup) -> None:
        if name and name not in (known for known, _ in self._legend):
            self._legend.append((name, sample))

    def svg(self, ticks: Sequence[float], shown: str) -> Markup:
        """The chart as an ``<svg>`` element to stand in a page, without a size of its own.

        ``ticks`` stand along y, written by the format ``shown``; along x, every fifth of the axis.
        """
        parts = [*self._frame(ticks, shown), *self._parts, *self._legend_parts()]
        return Markup(
            '<svg role="img" aria-label="{}" viewBox="0 0 {} {}" fill="currentColor" font-size="10" '
            'font-family="system-ui, sans-serif">{}</svg>'
        ).format(self.title, self.width, self.height, Markup("").join(parts))

    def _frame(self, ticks: Sequence[float], shown: str) -> Iterator[Markup]:
        grid, (right, top) = Look(opacity=FAINT, width=1), self.most
        for n in range(6):
            x, y = self.at(right * n / 5, 0)
            yield _line((x, y), self.at(right * n / 5, top), grid)
            yield _text(x, y + 14, f"{right * n / 5:.1f}", "middle")
        for tick in ticks:
            x, y = self.at(0, tick)
            yield _line((x, y), self.at(right, tick), grid)
            yield _text(x - 5, y + 3.5, shown.format(tick), "end")
        yield _line(self.at(0, 0), self.at(right, 0), Look(width=1))
        yield _line(self.at(0, 0), self.at(0, top), Look(width=1))
        yield _text((LEFT + self.width - RIGHT) / 2, 14, self.title, "middle", size=11)
        yield _text((LEFT + self.width - RIGHT) / 2, self.height - 8, self.labels[0], "middle")
        yield _text(12, (self._top + self.height - BOTTOM) / 2, self.labels[1], "middle", turned=-90)

    def _legend_parts(self) -> Iterator[Markup]:
        across = (self.width - LEFT - RIGHT) / self.legend[1]
        for n, (name, sample) in enumerate(self._legend):
            row, column = divmod(n, self.legend[1])
            left, line = LEFT + across * column, TOP + 6 + LINE * row
            yield Markup('<g transform="translate({:.1f} {})">{}{}</g>').format(
                left, line, sample, _text(SAMPLE + 6, 0, name, "start", size=9)
            )


def count_ticks(most: int) -> list[float]:
    """Whole numbers from 0 to ``most`` for an axis of counts: steps of 1, 2 or 5 times a power of ten."""
    power = 10 ** max(0, math.floor(math.log10(max(most, 1) / TICKS)))
    step = next(step * power for step in STEPS if most / (step * power) <= TICKS)
    return [float(tick) for tick in range(0, most + 1, step)]


def _line(start: Point, end: Point, look: Look) -> Markup:
    return Markup(
        '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="{:g}" stroke-dasharray="{}" '
        'stroke-opacity="{:g}"/>'
    ).format(*start, *end, look.colour, look.width, look.dashes, look.opacity)


def _rectangle(left: float, top: float, width: float, height: float, look: Look) -> Markup:
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}" fill-opacity="{:g}"/>').format(
        left, top, width, height, look.colour, look.opacity
    )


def _text(x: float, y: float, words: str, anchor: str, *, size: int = 10, turned: int = 0) -> Markup:
    return Markup(
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" font-size="{}" transform="rotate({} {:.1f} {:.1f})">{}</text>'
    ).format(x, y, anchor, size, turned, x, y, visible(words))


def short(name: str) -> str:
    """The end of a long name: paths differ there."""
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"


def stamped(figure: Markup, card: ModelCard) -> Markup:
    """The figure as it is, or across it, for a model of a smoke test, that it means nothing."""
    if not card.is_trial or STAMP in figure:
        return figure
    words = f'<text x="50%" y="50%" text-anchor="middle" font-size="16" opacity="0.6">{STAMP}</text>'
    return Markup(f"{figure.removesuffix('</svg>')}{words}</svg>")
