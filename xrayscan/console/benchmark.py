"""What `xrayscan benchmark` shows: a table, and a picture of it."""

from markupsafe import Markup

from xrayscan.console.terminal import print_table
from xrayscan.files.text import counted
from xrayscan.scanning.benchmark import AIM, Benchmark

TOO_FEW = "These films are too few to tell how fast a whole scan is: give some hundred, or none, to have them drawn."


def print_benchmark(found: Benchmark) -> None:
    """Print the rates to stdout."""
    rows = [
        (
            f"{one.runtime} {one.precision}",
            str(one.batch_size),
            f"{one.per_second:,.0f}",
            "chosen" if one.chosen else "",
        )
        for one in found.inference
    ]
    print_table("Inference, films per second", ("runtime", "batch", "films/s", ""), rows)
    parts = [
        ("reading and decoding", f"{found.decoded:,.0f}"),
        ("inference", f"{found.inferred:,.0f}"),
        ("a whole scan, once it runs", f"{found.scanned:,.0f}" if found.scanned else "–"),
    ]
    print_table(f"Parts of a scan, by {counted(found.films, 'film')}", ("part", "films/s"), parts)
    many = f"{AIM:,} films take about {found.hours:.1f} h." if found.hours else TOO_FEW
    print(f"The limit is {found.limit}. {many}")


def drawn(found: Benchmark) -> Markup:
    """The rates as bars, as SVG."""
    from xrayscan.report.chart import COLOURS
    from xrayscan.report.plots import new, svg

    ways = {f"{one.runtime} {one.precision}, {one.batch_size} at once": one.per_second for one in found.inference}
    bars = {"decoding": found.decoded, **ways, **({"whole scan": found.scanned} if found.scanned else {})}
    figure, axes = new(6.4, 0.8 + 0.3 * len(bars))
    colours = [COLOURS[0], *[COLOURS[1]] * len(ways), COLOURS[2]][: len(bars)]
    axes.barh(list(bars), list(bars.values()), color=colours)
    axes.invert_yaxis()
    axes.set(xlabel="films per second", title="What a scan costs here")
    return svg(figure)
