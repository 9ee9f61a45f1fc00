"""A scan in shards, brought together: the same worklist as that of one scan."""

import itertools
import json
import os
import shutil
import sqlite3

import pytest
from command_line import xrayscan
from PIL import Image
from small import make_model, write_film

SHARDS = 4


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """Twelve films, a damaged one, an empty one, one that is black, one that is no image, and an archive of two."""
    folder = tmp_path_factory.mktemp("ward")
    for seed in range(12):
        write_film(folder / f"f{seed}.png", seed)
    whole = (folder / "f0.png").read_bytes()
    (folder / "damaged.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    Image.new("L", (64, 64)).save(folder / "black.png")
    (folder / "notes.txt").write_text("no image")
    for seed in (20, 21):
        write_film(folder / "more" / f"g{seed}.png", seed)
    shutil.make_archive(os.fspath(folder / "more"), "zip", folder / "more")
    shutil.rmtree(folder / "more")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("model") / "small.safetensors")


def predict(ward, model, out, *more):
    words = ("--workers", "0", "--no-images", "--precision", "fp32", "--runtime", "torch", "--quiet")
    return xrayscan("predict", ward, "--model", model, "--out", out, *words, *more)


def merge(*words):
    return xrayscan("merge", *words, "--quiet", "--no-images")


@pytest.fixture(scope="module")
def parts(ward, model, tmp_path_factory):
    """The folders of a scan in four shards."""
    folder = tmp_path_factory.mktemp("parts")
    for number in range(1, SHARDS + 1):
        done = predict(ward, model, folder / str(number), "--shard", f"{number}/{SHARDS}")
        assert done.exit_code in (0, 3, 6), done.output
    return [folder / str(number) for number in range(1, SHARDS + 1)]


@pytest.fixture
def copies(parts, tmp_path):
    """The same, to be changed."""
    return [shutil.copytree(part, tmp_path / f"part{part.name}") for part in parts]


def table(folder):
    return [(folder / f"triage.{suffix}").read_bytes() for suffix in ("csv", "jsonl")]


def counts(folder):
    return json.loads((folder / "run.json").read_text())["counts"]


def test_all_shards_together_are_the_scan_as_a_whole(ward, model, parts, tmp_path):
    whole, merged = tmp_path / "whole", tmp_path / "merged"
    assert predict(ward, model, whole).exit_code == merge(*parts, "--out", merged).exit_code == 6
    assert table(merged) == table(whole)
    assert counts(merged) == counts(whole)
    assert (counts(whole)["found"], counts(whole)["scored"], counts(whole)["skipped"]) == (18, 14, 1)
    assert sum(counts(part)["found"] for part in parts) == 18


def test_the_order_in_which_shards_are_named_changes_nothing(parts, tmp_path):
    for name, order in (("one", parts), ("other", parts[::-1])):
        merge(*order, "--out", tmp_path / name)
    assert table(tmp_path / "one") == table(tmp_path / "other")


def test_a_scan_goes_on_from_merged_shards_and_reads_nothing_again(ward, model, parts, tmp_path):
    merge(*parts, "--out", tmp_path)
    before = table(tmp_path)
    assert predict(ward, model, tmp_path).exit_code == 6
    assert counts(tmp_path)["new"] == 0
    assert table(tmp_path) == before


def test_merged_again_shards_replace_what_was_merged_before(ward, model, copies, tmp_path):
    out = tmp_path / "out"
    for _ in range(2):
        assert merge(*copies, "--out", out).exit_code == 6
    assert counts(out)["found"] == 18
    with sqlite3.connect(out / "scan.sqlite") as store:
        assert store.execute("SELECT count(*), count(DISTINCT path) FROM records").fetchone() == (18, 18)


def test_a_missing_shard_is_named_and_nothing_is_written(parts, tmp_path):
    done = merge(*parts[:2], "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "these shards are missing: 3/4, 4/4" in done.stderr
    assert not (tmp_path / "out").exists()


def test_shards_of_one_scan_in_four_and_in_two_are_not_mixed(ward, model, parts, tmp_path):
    predict(ward, model, tmp_path / "half", "--shard", "1/2")
    done = merge(*parts, tmp_path / "half", "--out", tmp_path / "out")
    assert (done.exit_code, "one in 4 shards" in done.stderr) == (2, True)


def test_a_shard_does_not_go_on_with_another_one(ward, model, copies):
    done = predict(ward, model, copies[0], "--shard", "2/4")
    assert (done.exit_code, "holds a scan of other files or folders" in done.stderr) == (5, True)


def test_an_interrupted_shard_is_not_merged(copies, tmp_path):
    with sqlite3.connect(copies[2] / "scan.sqlite") as store:
        store.execute("UPDATE meta SET value = 'false' WHERE key = 'complete'")
    done = merge(*copies, "--out", tmp_path / "out")
    assert (done.exit_code, "was interrupted" in done.stderr) == (5, True)


def test_scans_by_other_models_are_not_merged(ward, parts, tmp_path):
    other = make_model(tmp_path / "other.safetensors", seed=5)
    predict(ward, other, tmp_path / "part", "--shard", "1/4")
    done = merge(*parts[1:], tmp_path / "part", "--out", tmp_path / "out")
    assert (done.exit_code, "scored by other models" in done.stderr) == (2, True)


def test_a_scan_is_not_merged_into_itself(parts):
    before = table(parts[0])
    done = merge(*parts, "--out", parts[0])
    assert (done.exit_code, "give another --out" in done.stderr) == (2, True)
    assert table(parts[0]) == before


def test_scans_of_different_folders_become_one_and_the_last_one_counts_for_a_file_of_both(ward, model, tmp_path):
    write_film(tmp_path / "b" / "x.png", 30)
    predict(ward, model, tmp_path / "one")
    predict(tmp_path / "b", model, tmp_path / "two")
    write_film(tmp_path / "b" / "x.png", 31)
    xrayscan(
        "predict", ward, tmp_path / "b", "--model", model, "--out", tmp_path / "three", "--workers", "0", "--quiet"
    )
    merge(*(tmp_path / name for name in ("one", "two", "three")), "--out", tmp_path / "out")
    assert counts(tmp_path / "out")["found"] == 19
    assert table(tmp_path / "out") == table(tmp_path / "three")


def test_a_folder_without_a_scan_is_named(parts, tmp_path):
    (tmp_path / "none").mkdir()
    done = merge(parts[0], tmp_path / "none", "--out", tmp_path / "out")
    assert (done.exit_code, "no scan in this folder" in done.stderr) == (3, True)


def test_a_dry_run_lists_the_files_of_its_shard(ward):
    listed = [xrayscan("predict", ward, "--dry-run", "--shard", f"{number}/3").stdout.split() for number in (1, 2, 3)]
    assert sorted(itertools.chain.from_iterable(listed)) == sorted(
        xrayscan("predict", ward, "--dry-run").stdout.split()
    )
    assert xrayscan("predict", ward, "--dry-run", "--shard", "0/3").exit_code == 2
