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
    return decode_films(found, spec, workers=0, cache=None if cache is None else FilmCache(str(cache)))


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
    for name in ("pixels.npy", "hashes.npy", "reasons.json", "sha256"):
        [entry] = [path for path in cache.iterdir() if path.is_dir()]
        content = bytearray((entry / name).read_bytes())
        content[-1] ^= 1  # of the pixels: of a grey value that would not be missed
        (entry / name).write_bytes(content)
        assert_same(decoded(folder, cache), before)
    (entry / "pixels.npy").write_bytes(b"")
    assert_same(decoded(folder, cache), before)


def test_a_damaged_listing_is_made_again(folder, tmp_path):
    cache = tmp_path / "cache"
    before = decoded(folder, cache)
    [listing] = cache.glob("listing-*")
    for content in (listing.read_text().replace("a", "b"), "[]", "{}", "nonsense"):
        listing.write_text(content)
        assert_same(decoded(folder, cache), before)


def test_the_cache_is_bounded_and_what_was_used_last_stays(folder, tmp_path):
    cache, most = tmp_path / "cache", 32_000  # bytes; at a side of 32, 40 and 48 the films take 8, 13 and 18 kB

    def held():
        return {path.name.split("-")[1] for path in cache.glob("films-*")}

    def use(side):
        decode_films(read_folder(str(folder)).films, InputSpec(side), workers=0, cache=FilmCache(str(cache), most))

    use(32)
    use(40)
    for path in cache.glob("films-*"):
        os.utime(path, (1, 1) if "-32-" in path.name else (2, 2))
    use(32)  # read from the cache: now used last
    use(48)
    assert held() == {"32", "48"}
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file() and "lock" not in path.name) <= most
    use(128)  # larger than the whole cache
    assert held() == {"32", "48"}


def test_leftovers_of_killed_runs_are_swept(folder, tmp_path):
    cache = tmp_path / "cache"
    (cache / "part-killed").mkdir(parents=True)
    (cache / "part-killed" / "pixels.npy").write_bytes(b"half")
    (cache / "listing-1.json.part").write_bytes(b"half")
    decoded(folder, cache)
    assert not [path.name for path in cache.iterdir() if "part" in path.name]


def test_a_full_disk_says_so_and_leaves_nothing_half_written(folder, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"No space left on device.*--cache DIR"):
        decoded(folder, tmp_path / "cache")
    assert not [path.name for path in (tmp_path / "cache").iterdir() if "lock" not in path.name]


def test_a_film_that_was_replaced_keeping_size_and_time_is_read_again(folder, tmp_path):
    film = folder / "NORMAL" / "3.bmp"
    write_film(film, 3)
    before, status = decoded(folder, tmp_path / "cache"), film.stat()
    write_film(film, 99)
    os.utime(film, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert film.stat().st_size == status.st_size
    after = decoded(folder, tmp_path / "cache")
    assert before.digests != after.digests


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
