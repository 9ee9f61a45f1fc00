import numpy as np
import pytest

from xrayscan import InputError
from xrayscan.training.labelled import read_folder
from xrayscan.training.split import patient_groups, split


def test_films_of_one_patient_and_identical_films_form_one_group():
    groups = patient_groups(["a", "a", "b", "c", "d"], ["1", "2", "2", "3", "4"])
    assert len(set(groups)) == 3
    assert groups[0] == groups[1] == groups[2]


def test_no_group_stands_on_both_sides_and_labels_keep_their_share():
    rng = np.random.default_rng(0)
    groups = np.sort(rng.integers(200, size=1000))
    labels = (groups % 4 != 0).astype(np.uint8)
    train, validation = split(labels, groups, 0.2, 0)
    assert not set(groups[train]) & set(groups[validation])
    assert sorted([*train, *validation]) == list(range(1000))
    assert len(validation) == pytest.approx(200, rel=0.1)
    assert labels[validation].mean() == pytest.approx(labels.mean(), abs=0.05)


def test_the_split_follows_the_seed():
    labels, groups = np.tile([0, 1], 50).astype(np.uint8), np.arange(100)
    assert np.array_equal(split(labels, groups, 0.2, 0)[1], split(labels, groups, 0.2, 0)[1])
    assert not np.array_equal(split(labels, groups, 0.2, 0)[1], split(labels, groups, 0.2, 1)[1])


def test_too_few_patients_to_set_some_apart_are_refused():
    with pytest.raises(InputError, match="at least 5 patients"):
        split(np.array([0, 0, 0, 0, 0, 0, 1, 1], np.uint8), np.arange(8), 0.2, 0)


def test_real_films_are_grouped_as_their_readme_says(real_films):
    folder = read_folder(str(real_films / "kermany224"))
    assert [sum(film.label == label for film in folder.films) for label in (0, 1)] == [1341, 3875]
    patients = [film.patient for film in folder.films]
    groups = patient_groups(patients, [str(n) for n in range(len(patients))])
    counts = np.bincount(groups)
    assert counts[counts > 1].sum() == 2205
    assert counts.max() == 30
