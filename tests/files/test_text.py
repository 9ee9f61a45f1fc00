import pytest

from xrayscan.files.text import escaped, spellings, visible, with_size


def test_sizes_of_files_are_stated_in_kilobytes_and_megabytes(tmp_path):
    for size, shown in ((1500, "1.5 kB"), (2_340_000, "2.3 MB")):
        (tmp_path / "a").write_bytes(bytes(size))
        assert with_size(str(tmp_path / "a")) == f"{tmp_path / 'a'} ({shown})"


@pytest.mark.parametrize("sign", ["\n", "\u202e", "\u200b", "\xad", "\u180e", "\ufffa", "\U000e0041"])
def test_what_cannot_be_seen_in_a_name_is_shown_and_found_again(sign):
    name = f"a{sign}b.png"
    for shown in (escaped(name), visible(name)):
        assert sign not in shown
        assert shown not in (name, "ab.png")
    assert name in spellings(escaped(name))
