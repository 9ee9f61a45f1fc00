import click
import pytest

from xrayscan.cli.types import Share


@pytest.mark.parametrize("word", ["50 %%", "x%", "1", "100%", "0", "-5%", "nan"])
def test_a_share_out_of_range_is_refused(word):
    with pytest.raises(click.BadParameter):
        Share(strictly=True).convert(word, None, None)


@pytest.mark.parametrize(("word", "share"), [("5%", 0.05), ("0.05", 0.05), (" 99.5% ", 0.995)])
def test_a_share_may_be_given_in_per_cent(word, share):
    assert Share(strictly=True).convert(word, None, None) == pytest.approx(share)
