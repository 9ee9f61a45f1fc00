import base64
import io
import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from PIL import Image

from xrayscan.report import plots

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 60)
CURVE = plots.Curve("cost $5 & <b>", LABELS, np.clip(RNG.normal(0.3 + 0.4 * LABELS, 0.2), 0, 1))
OTHER = plots.Curve("other", LABELS, RNG.uniform(size=60))
FIGURES = {
    "roc": lambda: plots.roc([CURVE, OTHER]),
    "precision_recall": lambda: plots.precision_recall([CURVE, OTHER]),
    "reliability": lambda: plots.reliability([CURVE, OTHER]),
    "threshold_sweep": lambda: plots.threshold_sweep(CURVE, 0.4),
    "confusion": lambda: plots.confusion_matrix(50, 2, 3, 1200, ("CLEAR", "<TB> $1")),
}


@pytest.fixture(scope="module", params=FIGURES)
def drawn(request):
    return FIGURES[request.param]()


def test_a_figure_is_well_formed_and_takes_size_and_colours_from_its_page(drawn):
    root = ET.fromstring(drawn)
    assert root.get("viewBox")
    assert root.get("width") is root.get("height") is None
    assert "currentColor" in drawn
    assert plots.INK not in drawn
    assert "#ffffff" not in drawn
    assert root.get("aria-label")


def test_text_stays_text_and_names_are_escaped(drawn):
    words = [text.text for text in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert any("cost $5 & <b>" in word or "<TB> $1" in word or word == "probability given" for word in words if word)
    assert "<b>" not in drawn
    assert "DejaVu" not in drawn


def test_the_same_figure_is_the_same_bytes():
    assert FIGURES["roc"]() == FIGURES["roc"]()


def test_two_figures_on_a_page_share_no_id_that_means_different_things():
    meanings: dict[str, set[str]] = {}
    for draw in FIGURES.values():
        for name, rest in re.findall(r'id="([^"]+)"(.{80})', draw(), re.DOTALL):
            meanings.setdefault(name, set()).add(rest)
    assert meanings
    assert all(len(found) == 1 for found in meanings.values())


def test_the_confusion_matrix_shows_counts_and_shares_of_each_label():
    drawn = FIGURES["confusion"]()
    assert all(text in drawn for text in ("1,200", "99.8 %", "96.2 %"))


def test_what_a_users_matplotlibrc_says_changes_nothing():
    before = FIGURES["reliability"]()
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30}):
        assert FIGURES["reliability"]() == before


def test_a_figure_with_a_legend_made_elsewhere_has_no_box_in_a_colour_of_its_own():
    figure, axes = plots.new(3, 2)
    axes.plot([0, 1], [0, 1], label="$x")
    axes.legend(title="which")
    drawn = plots.svg(figure)
    assert "#ffffff" not in drawn
    assert "#cccccc" not in drawn
    assert ">$x<" in drawn


def test_a_thumbnail_shows_the_film():
    pixels = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))
    head, data = plots.thumbnail(pixels).split(",")
    assert head == "data:image/jpeg;base64"
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))), int)
    assert np.abs(shown - pixels).mean() < 3


def test_a_long_name_leaves_room_for_the_curves():
    long = plots.Curve("/very" * 40 + "/last", LABELS, CURVE.probabilities)
    figures = (
        plots.roc([long]),
        plots.threshold_sweep(long, 0.5),
        plots.confusion_matrix(1, 2, 3, 4, ("A" * 90, "B" * 90)),
    )
    assert "/last" in figures[0]
    assert all("A" * 40 not in drawn and "/very" * 8 not in drawn for drawn in figures)
