import os
import shutil

import numpy as np
import pytest
from small import write_film

from xrayscan import InputSpec, OutputError
from xrayscan.dataset import decoded as films_module
from xrayscan.dataset.cache import FilmCache
from xrayscan.dataset.decoded import decode_films
from xrayscan.dataset.labelled_folder import read_folder

SPEC = InputSpec(32)


@pytest.fixture
def folder(tmp_path):
    """Six films, a copy and a file that is none."""
    for seed in range(6):
        write_film(tmp_path / "films" / ("NORMAL" if seed % 2 else "PNEUMONIA") / f"{seed}.png", seed)
    shutil.copy(tmp_path / "films" / "NORMAL" / "1.png", tmp_path / "films" / "NORMAL" / "copy.png")
    (tmp_path / "films" / "NORMAL" / "bad.png").write_bytes(b"no film")
    return tmp_path / "films"


def decoded(folder, cache, spec=SPEC):
    found = read_folder(str(folder)).films
    return decode_films(found, spec, workers=0, cache=None if cache is None else str(cache))


@pytest.fixture
def no_reading(monkeypatch):
    """Whoever reads a film from now on fails."""

    def forbid():
        def fail(*args, **options):
            raise AssertionError("a film was read")

        monkeypatch.setattr(films_module, "prepare", fail)
        monkeypatch.setattr("xrayscan.dataset.cache.read_file", fail)

    return forbid


def assert_same(one, other):
    assert one.films == other.films
    assert one.digests == other.digests
    assert one.failed == other.failed
    assert np.array_equal(one.pixels, other.pixels)
    assert np.array_equal(one.hashes, other.hashes)


def test_a_second_run_reads_no_film_and_finds_the_same(folder, tmp_path, no_reading):
    without = decoded(folder, None)
    first = decoded(folder, tmp_path / "cache")
    no_reading()
    second = decoded(folder, tmp_path / "cache")
    assert_same(first, without)
    assert_same(second, without)
    assert [os.path.basename(path) for path in second.failed] == ["bad.png"]


def test_a_folder_that_was_moved_is_not_decoded_again(folder, tmp_path, monkeypatch):
    before = decoded(folder, tmp_path / "cache")
    moved = folder.rename(tmp_path / "moved")

    def fail(*args, **options):
        raise AssertionError("a film was decoded")

    monkeypatch.setattr(films_module, "prepare", fail)
    after = decoded(moved, tmp_path / "cache")
    assert np.array_equal(after.pixels, before.pixels)


def test_a_film_that_changed_is_read_again(folder, tmp_path):
    before = decoded(folder, tmp_path / "cache")
    write_film(folder / "NORMAL" / "3.png", 99)
    after = decoded(folder, tmp_path / "cache")
    changed = [
        path for path, same in zip(after.films, (after.pixels == before.pixels).all((1, 2)), strict=True) if not same
    ]
    assert [os.path.basename(film.path) for film in changed] == ["3.png"]
    assert_same(after, decoded(folder, None))


def test_each_geometry_has_its_own_pixels(folder, tmp_path):
    cache = tmp_path / "cache"
    assert decoded(folder, cache).pixels.shape[1:] == (32, 32)
    assert decoded(folder, cache, InputSpec(48)).pixels.shape[1:] == (48, 48)
    letterboxed = decoded(folder, cache, InputSpec(32, resize="letterbox"))
    assert not np.array_equal(letterboxed.pixels, decoded(folder, cache).pixels)


def test_a_damaged_entry_is_made_again(folder, tmp_path):
    cache = tmp_path / "cache"
    before = decoded(folder, cache)
    [entry] = [path for path in cache.iterdir() if path.is_dir()]
    pixels = entry / "pixels.npy"
    pixels.write_bytes(pixels.read_bytes()[:200])
    assert_same(decoded(folder, cache), before)
    assert_same(decoded(folder, cache), before)


def test_the_cache_may_be_deleted_and_holds_no_names(folder, tmp_path):
    cache = tmp_path / "cache"
    before = decoded(folder, cache)
    for path in cache.rglob("*"):
        assert path.is_dir() or b"NORMAL" not in path.read_bytes()
    assert cache.stat().st_mode & 0o077 == 0
    shutil.rmtree(cache)
    assert_same(decoded(folder, cache), before)


def test_cached_pixels_cannot_be_written_to(folder, tmp_path):
    for cache in (None, tmp_path / "cache"):
        (folder / "NORMAL" / "bad.png").unlink(missing_ok=True)
        assert not decoded(folder, cache).pixels.flags.writeable


def test_a_cache_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="--cache DIR"):
        FilmCache(str(tmp_path / "file"))


def test_a_file_that_changes_while_it_is_read_is_not_kept(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("xrayscan.dataset.cache.file_digest", lambda path: "0" * 64)
    with pytest.raises(Exception, match="changed while it was being read"):
        decoded(folder, tmp_path / "cache")
