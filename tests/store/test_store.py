import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from xrayscan.errors import Code, InputError, OutputError
from xrayscan.sources.reading import read_head
from xrayscan.sources.source import Source
from xrayscan.store.record import Facts, ScanRecord, Status
from xrayscan.store.store import Store

MODELS = ("model-a",)
READ = Facts(format="JPEG", rows=10, columns=20, sha256="0" * 64)


def source(name, *, size=10, mtime_ns=1_000):
    return Source(f"in/{name}", f"/data/in/{name}", size, mtime_ns)


def scored(name, *probabilities, flags=(), **facts):
    found, facts = source(name), Facts(format="JPEG", rows=10, columns=20, sha256="0" * 64, **facts)
    return found, ScanRecord(found.source, facts, probabilities or (0.5,), flags=flags)


def refused(name, reason="truncated JPEG", *, facts=READ, status=Status.FAILED):
    found = source(name)
    return found, ScanRecord(found.source, facts, status=status, reason=reason)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "triage" / "scan.sqlite")


def names(store):
    return [(rank, record.source.removeprefix("in/")) for rank, record in store.scored()]


def test_a_record_comes_back_exactly_as_it_was_written(path):
    everything = Facts(
        format="DICOM RLE",
        rows=3000,
        columns=2000,
        sha256="ab" * 32,
        study_uid="1.2",
        series_uid="1.2.3",
        sop_uid="1.2.3.4",
        modality="DX",
        view="PA",
        unlikeness=0.25,
    )
    probabilities = (0.1 + 0.2, 1e-300, 1.0)
    name = "in/\udcff\n=x🫁.dcm"
    record = ScanRecord(name, everything, probabilities)
    with Store.open(path, models=("a", "b", "c")) as store:
        store.write([(Source(name, f"/data/{name}", 1, 2), record)])
        assert list(store.scored()) == [(1, record)]


def test_header_text_that_is_no_text_is_stored_escaped(path):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a", 0.5, view="P\udcff\0A")])
        (_, record), *_ = store.scored()
    assert record.facts.view == "P\\udcff\0A"


def test_rows_are_ordered_by_the_first_probability_and_ties_by_source(path):
    with Store.open(path, models=("a", "b")) as store:
        store.write([scored("c", 0.2, 0.9), scored("b", 0.7, 0.1), scored("a", 0.7, 0.0), scored("B", 0.7, 0.0)])
        store.write([refused("z"), refused("y", "not an image"), refused("n", "not an image", status=Status.SKIPPED)])
        assert names(store) == [(1, "B"), (2, "a"), (3, "b"), (4, "c")]
        assert [record.source for record in store.unscored(Status.FAILED)] == ["in/y", "in/z"]
        assert [record.reason for record in store.unscored(Status.FAILED, by_reason=True)] == [
            "not an image",
            "truncated JPEG",
        ]
        assert store.reasons(Status.FAILED) == {"not an image": 1, "truncated JPEG": 1}
        assert store.scored_below(0.7) == 1


def test_found_is_the_sum_of_the_four_ends(path):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a"), scored("b"), refused("c"), refused("d", "hidden file", status=Status.SKIPPED)])
        counts = store.finish()
    assert (counts.found, counts.scored, counts.failed, counts.skipped) == (4, 2, 1, 1)
    assert (counts.kept, counts.new, counts.removed) == (0, 2, 0)


def test_a_study_goes_by_its_highest_frontal_image(path):
    with Store.open(path, models=MODELS) as store:
        store.write(
            [
                scored("s1-lateral", 0.9, study_uid="1", flags=("lateral",)),
                scored("s1-frontal", 0.3, study_uid="1", view="PA"),
                scored("s2-a", 0.5, study_uid="2", view="AP"),
                scored("s2-b", 0.6, study_uid="2"),
                scored("s3-lateral", 0.4, study_uid="3", flags=("lateral",)),
                scored("alone-1", 0.1),
                scored("alone-2", 0.1),
            ]
        )
        ranked = [(rank, record.source[3:]) for rank, record in store.scored_by_study()]
    assert ranked == [
        *((1, "s2-b"), (1, "s2-a")),
        (2, "s3-lateral"),
        *((3, "s1-lateral"), (3, "s1-frontal")),
        *((4, "alone-1"), (5, "alone-2")),
    ]


def test_a_second_run_keeps_what_is_unchanged_and_drops_what_is_gone(path):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("same"), scored("touched"), scored("grown"), scored("gone"), refused("bad")])
        store.write([refused("note", "not an image", facts=Facts(), status=Status.SKIPPED)])
        store.finish()
    with Store.open(path, models=MODELS) as store:
        assert store.reuse(source("same")) is Status.SCORED
        assert store.reuse(source("bad")) is Status.FAILED
        assert store.reuse(source("note")) is Status.SKIPPED
        assert store.reuse(source("new")) is None
        assert store.reuse(source("touched", mtime_ns=1_001)) is None
        assert store.reuse(source("grown", size=11)) is None
        store.write([scored("touched", 0.8), scored("grown", 0.9), scored("new", 0.7)])
        counts = store.finish()
        assert (counts.found, counts.kept, counts.new, counts.removed) == (6, 3, 3, 1)
        assert names(store) == [(1, "grown"), (2, "touched"), (3, "new"), (4, "same")]


def test_what_could_not_be_read_is_tried_again(path):
    denied = refused("denied", "Permission denied", facts=Facts())
    hidden = Source("in/.x", "/data/in/.x", reason="hidden file", code=Code.HIDDEN)
    with Store.open(path, models=MODELS) as store:
        store.write([denied, (hidden, ScanRecord(hidden.source, reason="hidden file", status=Status.SKIPPED))])
        store.finish()
    with Store.open(path, models=MODELS) as store:
        assert store.reuse(denied[0]) is None
        assert store.reuse(hidden) is None


def test_a_kept_record_takes_the_source_as_it_is_given_now(path):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a")])
        store.finish()
    with Store.open(path, models=MODELS) as store:
        store.reuse(Source("./elsewhere/a", "/data/in/a", 10, 1_000))
        store.finish()
        assert [record.source for _, record in store.scored()] == ["./elsewhere/a"]


def test_an_interrupted_run_loses_nothing_and_its_worklist_has_what_it_found(path):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a"), scored("b"), scored("c")])
        store.finish()
    with Store.open(path, models=MODELS) as store:
        store.reuse(source("a"))
        store.write()
    with Store.read(path) as store:
        assert not store.complete
        assert names(store) == [(1, "a")]
    with Store.open(path, models=MODELS) as store:
        assert [store.reuse(source(name)) for name in "abc"] == [Status.SCORED] * 3
        assert store.finish().removed == 0
        assert store.complete


def test_a_run_that_ends_before_it_wrote_leaves_the_earlier_one(path):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a"), scored("b")])
        store.finish()
    with Store.open(path, models=MODELS) as store:
        store.reuse(source("a"))
    with Store.read(path) as store:
        assert store.complete
        assert names(store) == [(1, "a"), (2, "b")]


def test_a_first_write_that_fails_has_not_begun_the_run(path):
    def batch():
        yield scored("x")
        raise RuntimeError

    with Store.open(path, models=MODELS) as store:
        store.write([scored("a"), scored("b")])
        store.finish()
    with Store.open(path, models=MODELS) as store:
        store.reuse(source("a"))
        with pytest.raises(RuntimeError):
            store.write(batch())
        store.write([scored("c")])
        store.finish()
    with Store.read(path) as store:
        assert store.run == 2
        assert sorted(name for _, name in names(store)) == ["a", "c"]


def test_what_may_wait_is_committed_a_moment_later_with_what_comes_next(path, tmp_path, monkeypatch):
    def found_after_a_power_cut():
        copy = str(shutil.copy(path, tmp_path / "copy.sqlite"))
        with Store.read(copy) as store:
            return sorted(name for _, name in names(store))

    with Store.open(path, models=MODELS) as store:
        for name in "ab":
            store.write([scored(name)], soon=True)
        assert found_after_a_power_cut() == ["a"]
        monkeypatch.setattr("xrayscan.store.store.time.monotonic", lambda: float("inf"))
        store.write([scored("c")], soon=True)
        assert found_after_a_power_cut() == ["a", "b", "c"]
        store.write([scored("d")], soon=True)
    assert found_after_a_power_cut() == ["a", "b", "c", "d"]


def test_what_waits_is_committed_when_the_store_is_closed(path):
    with Store.open(path, models=MODELS) as store:
        for name in "ab":
            store.write([scored(name)], soon=True)
    with Store.read(path) as store:
        assert sorted(name for _, name in names(store)) == ["a", "b"]


def test_what_is_ignored_does_not_replace_what_was_read_in_the_same_run(path):
    again = refused("a", "hidden file", facts=Facts(), status=Status.SKIPPED)
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a")])
        store.write([again])
        assert store.finish().scored == 1
    with Store.open(path, models=MODELS) as store:
        store.reuse(source("a"))
        store.write([again])
        assert store.finish().scored == 1
    with Store.open(path, models=MODELS) as store:
        store.write([again])
        assert store.finish().skipped == 1


def test_another_model_is_refused_unless_the_scan_starts_over(path):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a")])
        store.finish()
    with pytest.raises(OutputError, match=r"another model: use another --out folder, or --fresh to replace this scan$"):
        Store.open(path, models=("model-b",))
    with Store.open(path, models=("model-b",), fresh=True) as store:
        assert store.counts().found == 0
        assert store.run == 1


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_file_is_an_error_that_says_what_to_do(path, content):
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(content)
    with pytest.raises(OutputError, match="--fresh to replace this scan"):
        Store.open(path, models=MODELS)
    Store.open(path, models=MODELS, fresh=True).close()


def test_a_foreign_database_is_left_alone(path):
    os.makedirs(os.path.dirname(path))
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE patients (name TEXT)")
    connection.close()
    before = read_head(path)
    with pytest.raises(OutputError, match="not a scan of xrayscan"):
        Store.open(path, models=MODELS)
    assert read_head(path) == before


def test_a_store_that_another_version_wrote_is_refused(path):
    Store.open(path, models=MODELS).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(OutputError, match="another version"):
        Store.open(path, models=MODELS)


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        Store.open(str(tmp_path / "file" / "scan.sqlite"), models=MODELS)
    with pytest.raises(OutputError, match="no regular file"):
        Store.open(str(tmp_path), models=MODELS)


def test_a_store_in_a_folder_whose_name_is_no_text_works(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff %3f#?/scan.sqlite")
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a")])
    assert os.path.exists(path)


def test_two_scans_cannot_write_to_one_folder(path, monkeypatch):
    monkeypatch.setattr("xrayscan.store.sqlite.LOCK_SECONDS", 0.01)
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a")])
        for fresh in (False, True):
            with pytest.raises(OutputError, match="another scan is writing to"):
                Store.open(path, models=MODELS, fresh=fresh)
        with pytest.raises(OutputError, match="another scan is writing to"):
            Store.read(path)
        store.finish()
    Store.open(path, models=MODELS).close()


def test_a_finished_scan_can_be_read_but_not_changed(path):
    with pytest.raises(InputError, match="no scan in this folder"):
        Store.read(path)
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a"), refused("b")])
        store.remember(card={"name": "default"})
        store.finish()
    with Store.read(path) as store:
        assert store.complete
        assert store.models == MODELS
        assert store.recall("card") == {"name": "default"}
        assert store.recall("nothing") is None
        assert store.counts().found == 2
        assert names(store) == [(1, "a")]
        with pytest.raises(OutputError, match="readonly"):
            store.write([scored("c")])


def test_a_batch_is_written_whole_or_not_at_all(path):
    def batch():
        yield scored("a")
        raise RuntimeError("a bug")

    with Store.open(path, models=MODELS) as store:
        with pytest.raises(RuntimeError):
            store.write(batch())
        assert store.counts().found == 0
        store.write([scored("b")])
        assert store.counts().found == 1


@pytest.mark.parametrize("content", ["[7]", "[]", "[0.5", "null", '["a"]', "[0.5, 0.5]"])
def test_a_tampered_record_is_an_output_error(path, content):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a")])
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE records SET probabilities = ?", (content,))
    connection.close()
    with Store.read(path) as store:
        for read in (store.scored, lambda: store.scored(max), lambda: store.scored_by_study(max)):
            with pytest.raises(OutputError, match="damaged"):
                list(read())


def read_all(path):
    with Store.read(path) as store:
        return store.counts(), list(store.scored()), list(store.unscored(Status.FAILED)), store.computed


TAMPERED = {  # columns, or keys of what is remembered
    "source": b"a\0b",
    "flags": "[" * 100_000,
    "status": "unheard of",
    "reason": b"x",
    "rows": "many",
    "view": b"x",
    "unlikeness": float("inf"),
}


@pytest.mark.parametrize("column", TAMPERED)
def test_whatever_is_changed_in_a_record_is_an_output_error(path, column):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a"), refused("b")])
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(f"UPDATE records SET {column} = ?", (TAMPERED[column],))
    connection.close()
    with pytest.raises(OutputError, match="damaged"):
        read_all(path)


@pytest.mark.parametrize(("key", "value"), [("run", "1e400"), ("removed", '"x"'), ("computed", "[" * 100_000)])
def test_whatever_is_changed_beside_the_records_is_an_output_error(path, key, value):
    with Store.open(path, models=MODELS) as store:
        store.write([scored("a")])
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
    connection.close()
    with pytest.raises(OutputError, match="damaged"):
        read_all(path)


def test_a_file_from_the_far_future_can_be_stored(path):
    late = Source("in/a", "/data/in/a", 1, 2**63 + 5)
    with Store.open(path, models=MODELS) as store:
        store.write([(late, ScanRecord("in/a", READ, (0.5,)))])
    with Store.open(path, models=MODELS) as store:
        assert store.reuse(late) is Status.SCORED


def test_a_killed_scan_keeps_every_batch_it_committed_and_goes_on_at_once(path):
    script = """
        import itertools, sys
        from xrayscan.sources.folders import Source
        from xrayscan.store.record import Facts, ScanRecord
        from xrayscan.store.store import Store

        store = Store.open(sys.argv[1], models=("model-a",))
        for number in itertools.count():
            found = Source(f"in/{number}", f"/data/in/{number}", 10, 1000)
            store.write([(found, ScanRecord(found.source, Facts(sha256="0"), (0.5,)))] * 3)
            print(number, flush=True)
    """
    committed, last = 0, -1
    for _ in range(2):
        command = [sys.executable, "-c", textwrap.dedent(script), path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                last = int(line)
                if last == 50:
                    process.send_signal(signal.SIGKILL)
        with Store.open(path, models=MODELS) as store:
            kept = sum(store.reuse(source(str(number))) is not None for number in range(last + 2))
            committed = store.finish().found
        assert kept == committed >= last + 1 > 50
