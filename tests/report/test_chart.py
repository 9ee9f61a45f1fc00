"""Charts of the worklist's page: true to their numbers, escaped, and drawn without matplotlib."""

import re
import xml.etree.ElementTree as ET

import pytest

from xrayscan.report.chart import Chart, Look, count_ticks


def drawn(chart, ticks=(0, 1)):
    return ET.fromstring(chart.svg(ticks, "{:.1f}"))


@pytest.mark.parametrize(
    ("most", "ticks"),
    [(0, [0]), (1, [0, 1]), (4, [0, 1, 2, 3, 4]), (7, [0, 2, 4, 6]), (25, [0, 5, 10, 15, 20, 25])],
)
def test_an_axis_of_counts_has_whole_numbers_at_even_steps(most, ticks):
    assert count_ticks(most) == ticks


@pytest.mark.parametrize("most", [9, 10, 99, 101, 999, 12_345, 10_000_000])
def test_an_axis_of_counts_has_few_ticks_up_to_its_end_whatever_the_count(most):
    ticks = count_ticks(most)
    assert 3 <= len(ticks) <= 6
    assert all(tick == int(tick) for tick in ticks)
    assert most - (ticks[1] - ticks[0]) < ticks[-1] <= most


def test_bars_and_lines_stand_where_their_numbers_say():
    chart = Chart("t", ("x", "y"), 200, 100, (1.0, 10.0))
    chart.bar((0.25, 0), (0.5, 5), Look("red"))
    bar = next(shape for shape in drawn(chart).iter() if shape.get("fill") == "red").attrib
    left, bottom = chart.at(0, 0)
    right, top = chart.at(1, 10)
    assert float(bar["x"]) == pytest.approx(left + (right - left) / 4, abs=0.1)
    assert float(bar["width"]) == pytest.approx((right - left) / 4, abs=0.1)
    assert float(bar["height"]) == pytest.approx((bottom - top) / 2, abs=0.1)
    assert float(bar["y"]) + float(bar["height"]) == pytest.approx(bottom, abs=0.1)


def test_a_name_stands_in_the_legend_once_however_many_bars_have_it():
    chart = Chart("t", ("x", "y"), 200, 100)
    for n in range(3):
        chart.bar((n / 4, 0), (n / 4 + 0.1, 1), Look(), "low")
    assert chart.svg((), "{}").count(">low</text>") == 1


def test_words_are_escaped_and_the_chart_takes_size_and_colour_from_its_page():
    chart = Chart('<b onclick="x">', ("x & y", "films\x1b"), 200, 100)
    svg = chart.svg((0, 1), "{:.1f}")
    root = ET.fromstring(svg)
    assert root.get("aria-label") == '<b onclick="x">'
    assert root.get("width") is root.get("height") is None
    assert root.get("viewBox") == "0 0 200 100"
    assert "<b" not in svg
    assert "\x1b" not in svg
    assert not re.search(r"#(0{3}|0{6}|f{3}|f{6})\b", svg, re.IGNORECASE)  # a page may be dark or light
