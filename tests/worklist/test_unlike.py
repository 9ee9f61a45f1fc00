"""Films unlike training stand apart: after tier high, before the rest; or they rank, if that is asked for."""

import pytest
from small import make_card

from xrayscan.sources.source import Source
from xrayscan.store.record import UNLIKE, Facts, ScanRecord
from xrayscan.store.store import Store
from xrayscan.worklist.order import RankSettings
from xrayscan.worklist.worklist import Worklist

CARD = make_card()


def worklist(tmp_path, films, models=1, **settings):
    """A worklist of films given as name → (probability, unlike, facts, lateral)."""
    store = Store.open(str(tmp_path / "scan.sqlite"), models=("a", "b")[:models], fresh=True)
    for name, (probability, unlike, study, lateral) in films.items():
        flags = (*(("lateral",) if lateral else ()), *((UNLIKE,) if unlike else ()))
        facts = Facts(study_uid=study, unlikeness=0.97 if unlike else 0.1)
        numbers = (probability, probability / 2)[:models]
        store.write([(Source(name, f"/in/{name}", 1, 1), ScanRecord(name, facts, numbers, flags=flags))])
    return Worklist(store, [CARD] * models, RankSettings(**settings), names=("one", "two")[:models])


def order(worklist):
    return [(row.rank, row.source, row.tier) for row in worklist.scored()]


FILMS = {
    "certain": (0.99, False, "", False),
    "adult": (0.95, True, "", False),
    "noise": (0.05, True, "", False),
    "likely": (0.85, False, "", False),
    "maybe": (0.5, False, "", False),
    "hardly": (0.1, False, "", False),
}


def test_they_stand_after_high_and_before_the_rest(tmp_path):
    found = worklist(tmp_path, FILMS)
    assert order(found) == [
        (1, "certain", "high"),
        (2, "likely", "high"),
        (3, "adult", "unlike"),
        (4, "noise", "unlike"),
        (5, "maybe", "intermediate"),
        (6, "hardly", "low"),
    ]
    assert found.tier_counts == {"high": 2, "intermediate": 1, "low": 1}
    assert (found.unlike, found.apart) == (2, True)
    assert "2 of 6 films (33%) are unlike" in found.doubts[0]
    assert next(iter(found.scored())).remarks == ()
    assert found.top(3)[2].remarks == ("unlike training (0.97)",)


def test_they_rank_if_that_is_asked_for(tmp_path):
    found = worklist(tmp_path, FILMS, unlike="rank")
    assert [name for _, name, _ in order(found)] == ["certain", "adult", "likely", "maybe", "hardly", "noise"]
    assert found.tier_counts == {"high": 3, "intermediate": 1, "low": 2}
    assert (found.unlike, found.apart) == (2, False)


def test_without_any_the_order_is_by_probability_alone(tmp_path):
    films = {name: film for name, film in FILMS.items() if not film[1]}
    found = worklist(tmp_path, films)
    assert [name for _, name, _ in order(found)] == ["certain", "likely", "maybe", "hardly"]
    assert found.doubts == ()


def test_a_mean_ranks_them_behind_what_it_calls_high(tmp_path):
    found = worklist(tmp_path, FILMS | {"mean": (1.0, False, "", False)}, models=2, rank_by="mean")
    assert [name for _, name, _ in order(found)] == ["adult", "noise", "mean", "certain", "likely", "maybe", "hardly"]


@pytest.mark.parametrize("unlike", ["apart", "rank"])
def test_a_study_stands_apart_by_its_frontal_films(tmp_path, unlike):
    films = {
        "s1-frontal": (0.7, False, "1", False),
        "s1-lateral": (0.99, True, "1", True),  # a lateral film is unlike: it moves no study
        "s2-frontal": (0.6, True, "2", False),
        "s3-frontal": (0.9, False, "3", False),
        "s3-noise": (0.99, True, "3", False),
        "s4-frontal": (0.4, False, "4", False),
        "s4-noise": (0.1, True, "4", False),
    }
    found = worklist(tmp_path, films, by="study", unlike=unlike)
    studies = list(dict.fromkeys(name[:2] for _, name, _ in order(found)))
    assert studies == {"apart": ["s3", "s2", "s4", "s1"], "rank": ["s3", "s1", "s2", "s4"]}[unlike]
    assert [rank for rank, name, _ in order(found) if name.startswith("s3")] == [1, 1]
