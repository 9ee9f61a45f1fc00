import dataclasses

import pytest
from small import make_card, point

from xrayscan.model.calibration import shift_prevalence
from xrayscan.sources.source import Source
from xrayscan.store.record import Facts, ScanRecord, Status
from xrayscan.store.store import Store
from xrayscan.worklist.order import RankSettings
from xrayscan.worklist.worklist import Worklist

CARD = make_card()


@pytest.fixture
def store(tmp_path):
    with Store.open(str(tmp_path / "scan.sqlite"), models=("fingerprint",)) as store:
        yield store


def add(store, name, probability=None, **facts):
    """Write a record: scored with a probability, else failed."""
    reason = "truncated JPEG" if probability is None else None
    outcome = {"status": Status.FAILED, "reason": reason} if probability is None else {"probabilities": (probability,)}
    flags = ("lateral",) if facts.get("view") == "LL" else ()
    record = ScanRecord(name, Facts(**facts), flags=flags, **outcome)
    store.write([(Source(name, f"/in/{name}", 1, 1), record)])


def with_points(*points):
    return dataclasses.replace(CARD, operating_points=points)


def tiers(store, card, settings=None):
    worklist = Worklist(store, [card], settings)
    rows = list(worklist.scored())
    assert {tier: sum(row.tier == tier for row in rows) for tier in worklist.tier_counts} == worklist.tier_counts
    return {row.source: row.tier for row in rows}


def test_scored_rows_come_first_by_probability_then_those_that_failed(store):
    add(store, "b", 0.6, view="PA")
    add(store, "z")
    add(store, "a", 0.6, view="LL", study_uid="1.2", rows=10, columns=20, format="DICOM", sha256="ab", modality="DX")
    add(store, "c", 0.9)
    rows = list(Worklist(store, [CARD]).rows())
    assert [(row.rank, row.source, row.status) for row in rows] == [
        (1, "c", Status.SCORED),
        (2, "a", Status.SCORED),
        (3, "b", Status.SCORED),
        (None, "z", Status.FAILED),
    ]
    _, lateral, frontal, failed = rows
    assert (lateral.flags, frontal.flags) == (("lateral",), ())
    assert lateral.facts == Facts(
        view="LL", study_uid="1.2", rows=10, columns=20, format="DICOM", sha256="ab", modality="DX"
    )
    assert (failed.reason, failed.probability, failed.tier, failed.prediction) == (
        "truncated JPEG",
        None,
        "",
        "",
    )


def test_skipped_files_are_counted_but_not_listed(store):
    skipped = ScanRecord("notes.txt", status=Status.SKIPPED, reason="not an image")
    store.write([(Source("notes.txt", "/in/notes.txt", 1, 1), skipped)])
    worklist = Worklist(store, [CARD])
    assert list(worklist.rows()) == []
    assert worklist.counts.skipped == 1


def test_what_was_set_aside_follows_the_scored_rows_and_has_no_rank(store):
    add(store, "a")
    aside = ScanRecord("z", Facts(modality="US"), status=Status.SET_ASIDE, reason="ultrasound", flags=("colour",))
    store.write([(Source("z", "/in/z", 1, 1), aside)])
    add(store, "c", 0.9)
    worklist = Worklist(store, [CARD])
    listed = [(row.source, row.rank, row.flags) for row in worklist.rows()]
    assert listed == [("c", 1, ()), ("z", None, ("colour",)), ("a", None, ())]
    assert worklist.reasons(Status.SET_ASIDE) == {"ultrasound": 1}
    assert worklist.exit_code == 6  # for "a"; a file that was set aside was read


def test_a_tier_begins_at_its_threshold(store):
    for probability in (0.8, 0.7999, 0.2, 0.1999):
        add(store, str(probability), probability)
    expected = {"0.8": "high", "0.7999": "intermediate", "0.2": "intermediate", "0.1999": "low"}
    assert tiers(store, CARD) == expected


def test_thresholds_that_cross_are_sorted(store):
    for probability in (0.1, 0.5, 0.9):
        add(store, str(probability), probability)
    crossing = with_points(point("sensitivity-0.99", 0.8), point("specificity-0.99", 0.2))
    assert tiers(store, crossing) == {"0.1": "low", "0.5": "intermediate", "0.9": "high"}


def test_a_card_without_the_usual_points_gives_its_extreme_ones(store):
    for probability in (0.1, 0.35, 0.9):
        add(store, str(probability), probability)
    unusual = with_points(point("mild", 0.3, 0.97, 0.8), point("strict", 0.4, 0.9, 0.99))
    assert tiers(store, unusual) == {"0.1": "low", "0.35": "intermediate", "0.9": "high"}
    assert Worklist(store, [unusual]).thresholds.point.name == "strict"
    single = with_points(point("only", 0.35))
    assert tiers(store, single) == {"0.1": "low", "0.35": "high", "0.9": "high"}


def test_a_prediction_is_a_label_of_the_card(store):
    for probability in (0.5, 0.49):
        add(store, str(probability), probability)
    rows = Worklist(store, [CARD]).rows()
    assert {row.source: row.prediction for row in rows} == {"0.5": "PNEUMONIA", "0.49": "NORMAL"}


def test_a_clinics_prevalence_moves_probabilities_but_neither_tiers_nor_predictions(store):
    for probability in (0.0, 0.1, 0.2, 0.49, 0.5, 0.79, 0.8, 0.99, 1.0):
        add(store, str(probability), probability)
    before = list(Worklist(store, [CARD]).rows())
    shifted = Worklist(store, [CARD], RankSettings(prevalence=0.05))
    after = list(shifted.rows())
    for one, other in zip(before, after, strict=True):
        expected = shift_prevalence(one.probability, trained=0.74, clinic=0.05)
        assert dataclasses.replace(one, probability=expected, probabilities=(expected,)) == other
    assert shifted.thresholds.predicted == shift_prevalence(0.5, trained=0.74, clinic=0.05)
    assert shifted.thresholds.low < 0.2
    assert shifted.thresholds.high < 0.8


def test_a_threshold_of_the_user_is_compared_with_the_probability_shown(store):
    add(store, "a", 0.74)  # shown as 0.5 at even odds
    for threshold, label in ((0.5, "PNEUMONIA"), (0.51, "NORMAL")):
        worklist = Worklist(store, [CARD], RankSettings(prevalence=0.5, threshold=threshold))
        assert [row.prediction for row in worklist.rows()] == [label]
        assert worklist.thresholds.predicted == threshold
        assert worklist.thresholds.point is None


def test_by_study_all_images_of_a_study_share_its_rank(store):
    add(store, "lateral", 0.9, study_uid="1", view="LL")
    add(store, "frontal", 0.3, study_uid="1", view="PA")
    add(store, "other", 0.5, study_uid="2")
    rows = Worklist(store, [CARD], RankSettings(by="study")).rows()
    assert [(row.rank, row.source) for row in rows] == [(1, "other"), (2, "lateral"), (2, "frontal")]


def test_the_exit_code_says_whether_every_film_has_its_probability(store):
    assert Worklist(store, [CARD]).exit_code == 3
    add(store, "bad")
    assert Worklist(store, [CARD]).exit_code == 3
    add(store, "good", 0.5)
    assert Worklist(store, [CARD]).exit_code == 6


def test_the_exit_code_is_0_without_rejections(store):
    add(store, "good", 0.5)
    assert Worklist(store, [CARD]).exit_code == 0


def test_the_top_rows_are_the_first_ones_scored(store):
    for number in range(4):
        add(store, str(number), number / 10)
    add(store, "bad")
    worklist = Worklist(store, [CARD])
    assert [row.source for row in worklist.top(2)] == ["3", "2"]
    assert len(worklist.top(99)) == 4
    assert worklist.reasons(Status.FAILED) == {"truncated JPEG": 1}


@pytest.mark.parametrize(
    ("name", "value"), [("prevalence", 0), ("prevalence", 1), ("threshold", 1.1), ("threshold", float("nan"))]
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        RankSettings(**{name: value})


def test_a_closed_worklist_keeps_its_counts(tmp_path):
    store = Store.open(str(tmp_path / "other.sqlite"), models=("fingerprint",))
    with Worklist(store, [CARD]) as worklist:
        pass
    assert worklist.counts.found == 0
