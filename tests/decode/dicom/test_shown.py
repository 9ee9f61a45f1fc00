"""Tables of brightness → pictures: a straight line by arithmetic, anything else looked up, and both agree."""

import numpy as np
import pytest
from films import film
from hypothesis import given
from hypothesis import strategies as st

from xrayscan.decode.dicom.shown import shown

HALF_A_STEP = 0.5 / 65535
NOWHERE = np.zeros(4096, np.bool_)
NUMBERS = np.arange(4096, dtype=np.float64)
CODES = film(bits=12).astype(np.uint16)
ENDS = int(CODES.min()), int(CODES.max())
CURVED = (NUMBERS / 4095) ** 2


def looked_up(table, codes=CODES):
    return np.clip(table, 0, 1)[codes]


def mirrored(table, codes, ends):
    return shown(table[::-1].copy(), 4095 - codes, (4095 - ends[1], 4095 - ends[0]), NOWHERE)


@given(st.floats(-5000, 9000), st.floats(1, 20000), st.booleans())
def test_a_window_is_what_its_table_says_whichever_way_it_is_stored(centre, width, is_inverted):
    table = (centre - NUMBERS if is_inverted else NUMBERS - centre) / width + 0.5
    brightness = shown(table, CODES, ENDS, NOWHERE)
    assert brightness.dtype == np.float32
    assert brightness.min() >= 0
    assert brightness.max() <= 1
    assert np.abs(brightness - looked_up(table)).max() <= HALF_A_STEP
    np.testing.assert_array_equal(mirrored(table, CODES, ENDS), brightness)


@given(st.integers(0, 4000), st.integers(1, 4095))
def test_a_range_reaches_black_and_white_and_nothing_beyond(low, span):
    codes = np.array([[low, min(low + span, 4095)]], np.uint16)
    ends = int(codes.min()), int(codes.max())
    table = (NUMBERS - ends[0]) / (ends[1] - ends[0])
    brightness = shown(table, codes, ends, NOWHERE)
    assert brightness.min() == 0
    assert 1 - 1e-6 <= brightness.max() <= 1
    np.testing.assert_array_equal(mirrored(table, codes, ends), brightness)


@pytest.mark.parametrize("table", [CURVED, CURVED[::-1].copy(), np.sqrt(CURVED).round(2), np.where(NUMBERS < 9, 1, 0)])
def test_what_is_no_line_is_looked_up(table):
    brightness = shown(table.astype(np.float64), CODES, ENDS, NOWHERE)
    assert np.abs(brightness - looked_up(table)).max() <= HALF_A_STEP * 1.01


@pytest.mark.parametrize("table", [NUMBERS / 3000, CURVED])
def test_padding_is_black_and_leaves_the_rest_as_it_is(table):
    padding = NOWHERE.copy()
    padding[CODES[5, 5]] = True
    brightness = shown(table, CODES, ENDS, padding)
    without = shown(table, CODES, ENDS, NOWHERE)
    np.testing.assert_array_equal(brightness, np.where(CODES[5, 5] == CODES, 0, without))


def test_one_level_is_black():
    assert not shown(np.zeros(4096), CODES, ENDS, NOWHERE).any()
