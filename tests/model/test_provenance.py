import hashlib

import numpy as np
import pytest
from safetensors.numpy import load_file
from small import make_model

from xrayscan import ModelError, load_model
from xrayscan.model.file import save_model
from xrayscan.model.provenance import Provenance, digest_rows, key_rows, split_tensors

DIGESTS = [hashlib.sha256(bytes([n])).hexdigest() for n in range(3)]
HASHES = np.array([1, 2**63, 2**64 - 1], np.uint64)


@pytest.fixture
def path(tmp_path):
    """A model file with a list of three films of two patients with a key."""
    plain = load_model(str(make_model(tmp_path / "plain.safetensors")))
    seen = Provenance.from_films(DIGESTS, HASHES, ["person7_virus", None, "im-0115"])
    save_model(str(tmp_path / "model.safetensors"), plain.card, plain.tensors, seen)
    return tmp_path / "model.safetensors"


def test_a_model_file_keeps_the_films_it_was_made_from(path):
    seen = load_model(str(path)).seen
    assert len(seen) == 3
    assert np.array_equal(seen.digests, digest_rows(DIGESTS))
    assert seen.digests[1].tobytes().hex() == DIGESTS[1][:32]
    assert np.array_equal(seen.hashes, HASHES)
    assert np.array_equal(seen.patients, key_rows(["im-0115", "person7_virus"]))
    assert seen.patients.shape == (2, 8)


def test_the_network_is_given_its_own_tensors_only(path, tmp_path):
    model = load_model(str(path))
    assert not any(name.startswith("seen/") for name in model.tensors)
    assert model.tensors.keys() == load_model(str(tmp_path / "plain.safetensors")).tensors.keys()


def test_a_model_without_the_list_says_so(tmp_path, path):
    assert load_model(str(tmp_path / "plain.safetensors")).seen is None


def test_patient_keys_are_kept_as_digests_without_order_or_repeats():
    rows = key_rows(["b", None, "a", "b"])
    assert rows.tolist() == sorted(list(hashlib.sha256(key).digest()[:8]) for key in (b"a", b"b"))
    assert key_rows([None]).shape == (0, 8)


def test_a_damaged_list_is_refused(path):
    model, tensors = load_model(str(path)), load_file(path)
    for damaged in (
        {"seen/hash": HASHES[:2]},
        {"seen/digest": np.zeros((3, 16), np.int8)},
        {"seen/digest": np.array(3, np.uint8)},
        {"seen/patient": None},
        {"seen/held_out": np.zeros(2, np.uint8)},
        {"seen/more": HASHES},
    ):
        changed = {name: array for name, array in (tensors | damaged).items() if array is not None}
        save_model(str(path), model.card, changed)
        with pytest.raises(ModelError, match="films it was trained on is damaged"):
            load_model(str(path))


def test_a_union_has_every_film_once_and_holds_out_only_what_nothing_was_fitted_to():
    first = Provenance.from_films(DIGESTS[:2], HASHES[:2], ["a"], held_out=True)
    second = Provenance.from_films(DIGESTS[1:], HASHES[1:], ["b", "a"])
    both = first.united(second)
    assert len(both) == 3
    assert both.validated_on() == {bytes.fromhex(DIGESTS[0])[:16]}
    assert both.fitted_to() == {bytes.fromhex(digest)[:16] for digest in DIGESTS[1:]}
    place = [row.tobytes().hex() for row in both.digests].index(DIGESTS[2][:32])
    assert both.hashes[place] == HASHES[2]
    assert np.array_equal(both.patients, key_rows(["a", "b"]))


def test_a_list_of_an_older_file_counts_as_fitted_to():
    older = {
        name: array
        for name, array in Provenance.from_films(DIGESTS, HASHES, []).tensors().items()
        if "held" not in name
    }
    assert len(split_tensors(older)[1].fitted_to()) == 3
