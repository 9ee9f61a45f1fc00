import numpy as np
import pytest

from xrayscan import InputError
from xrayscan.dataset.labelled_folder import LabelledFilm, LabelledFolder, read_folder
from xrayscan.dataset.split import divide, for_training, patient_groups, split_by_group


def film(n, label, split=None, patient=None):
    return LabelledFilm(f"{n}.png", label, patient or f"p{n}", split)


def groups_of(films):
    return patient_groups([film.patient for film in films], [film.path for film in films])


def test_films_of_one_patient_and_identical_films_form_one_group():
    groups = patient_groups(["a", "a", "b", "c", "d"], ["1", "2", "2", "3", "4"])
    assert len(set(groups)) == 3
    assert groups[0] == groups[1] == groups[2]


def test_no_group_stands_on_both_sides_and_labels_keep_their_share():
    rng = np.random.default_rng(0)
    groups = np.sort(rng.integers(200, size=1000))
    labels = (groups % 4 != 0).astype(np.uint8)
    train, validation = split_by_group(labels, groups, 0.2, 0)
    assert not set(groups[train]) & set(groups[validation])
    assert sorted([*train, *validation]) == list(range(1000))
    assert len(validation) == pytest.approx(200, rel=0.1)
    assert labels[validation].mean() == pytest.approx(labels.mean(), abs=0.05)


def test_the_split_follows_the_seed():
    labels, groups = np.tile([0, 1], 50).astype(np.uint8), np.arange(100)
    assert np.array_equal(split_by_group(labels, groups, 0.2, 0)[1], split_by_group(labels, groups, 0.2, 0)[1])
    assert not np.array_equal(split_by_group(labels, groups, 0.2, 0)[1], split_by_group(labels, groups, 0.2, 1)[1])


def test_too_few_patients_to_set_some_apart_are_refused():
    with pytest.raises(InputError, match="at least 5 patients"):
        split_by_group(np.array([0, 0, 0, 0, 0, 0, 1, 1], np.uint8), np.arange(8), 0.2, 0)


def test_films_and_patients_of_a_test_split_never_reach_training():
    films = [film(n, n % 2, "test" if n < 20 else "train") for n in range(100)]
    films += [film(200, 1, "train", patient="p3"), film(201, 0, None, patient="p4")]
    kept, warnings = for_training(LabelledFolder(tuple(films), ("NORMAL", "PNEUMONIA")))
    assert [int(film.path[:-4]) for film in kept] == list(range(20, 100))
    assert warnings == ("2 training films not used: their patients also have films in the test split",)


def test_a_label_of_two_films_is_refused_by_name_before_any_is_read():
    films = [film(n, int(n > 1)) for n in range(20)]
    with pytest.raises(InputError, match="only 2 patients of NORMAL to train on: at least 5"):
        for_training(LabelledFolder(tuple(films), ("NORMAL", "PNEUMONIA")))


def test_kaggles_validation_of_16_films_is_replaced_and_people_are_told():
    films = [film(n, n % 2, "val" if n < 16 else "train") for n in range(200)]
    division = divide(films, groups_of(films), 0.2, 0)
    assert len(division.validation) == pytest.approx(40, abs=4)
    assert sorted([*division.training, *division.validation]) == list(range(200))
    assert "16 films, 8 of one label: too few" in division.warnings[0]


def test_a_validation_split_that_is_large_enough_is_kept_without_its_patients_in_training():
    films = [film(n, n % 2, "val" if n < 80 else "train") for n in range(300)]
    films[100] = film(100, 0, "train", patient="p7")
    division = divide(films, groups_of(films), 0.2, 0)
    assert list(division.validation) == list(range(80))
    assert list(division.training) == [n for n in range(80, 300) if n != 100]
    assert division.warnings[0].startswith("1 training film not used")


def test_a_folder_without_splits_is_divided_by_patient_without_a_warning():
    films = [film(n, n % 2, patient=f"p{n // 4}") for n in range(200)]
    groups = groups_of(films)
    division = divide(films, groups, 0.2, 0)
    assert not set(groups[division.training]) & set(groups[division.validation])
    assert not division.warnings


def test_real_films_are_grouped_as_their_readme_says(real_films):
    folder = read_folder(str(real_films / "kermany224"))
    assert [sum(film.label == label for film in folder.films) for label in (0, 1)] == [1341, 3875]
    patients = [film.patient for film in folder.films]
    groups = patient_groups(patients, [str(n) for n in range(len(patients))])
    counts = np.bincount(groups)
    assert counts[counts > 1].sum() == 2205
    assert counts.max() == 30


def test_a_label_whose_patients_all_stand_in_the_test_split_is_told_so():
    films = [film(n, 1) for n in range(6)]
    films += [film(n, 0, split, f"both{n % 6}") for n, split in enumerate([None] * 6 + ["test"] * 6, 12)]
    with pytest.raises(InputError, match=r"only 0 patients of NORMAL .*6 more .* films in the test split"):
        for_training(LabelledFolder(tuple(films), ("NORMAL", "PNEUMONIA")))
