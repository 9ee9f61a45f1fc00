import sqlite3

import pytest
from stored import MODELS, names, refused, scored

from xrayscan.errors import OutputError
from xrayscan.store.record import Status
from xrayscan.store.store import Store


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
