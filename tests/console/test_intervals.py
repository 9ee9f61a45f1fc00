import math

from xrayscan.console.intervals import difference, figure, figure_above


def test_a_figure_stands_beside_or_above_its_interval():
    assert figure(0.88, (0.8124, 0.9)) == "0.880 (0.812–0.900)"
    assert figure_above(0.88, (0.8124, 0.9)) == "0.880\n0.812–0.900"


def test_a_difference_shows_its_sign_where_a_dash_would_read_as_one():
    assert difference(-0.021, (-0.0441, 0.003)) == "-0.021 (-0.044 to +0.003)"


def test_a_figure_that_nothing_is_known_of_is_told_as_that():
    unknown = (math.nan, math.nan)
    assert figure(math.nan, unknown) == difference(math.nan, unknown) == "undefined"
