"""The contract catches what it is there for: one planted fault per clause, and nothing in an honest backend."""

import dataclasses
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from xrayscan import InputSpec, ModelError
from xrayscan.testing import backend as testing
from xrayscan.testing.backend import CLAUSES, Subject


@dataclass(frozen=True)
class Params:
    side: int = 16


@dataclass
class LooseParams:
    side: int = 16


class Model:
    """Brightness of the lower half against a threshold: what `toy_films` differ in."""

    def __init__(self, threshold):
        self.threshold = threshold

    def predict(self, pixels):
        lower = pixels[:, pixels.shape[1] // 2 :].mean((1, 2))
        return ((lower - self.threshold) / 20).astype(np.float32)


class Honest:
    """A backend without fault. Faulty ones below change one thing each."""

    name, summary, params = "cnn", "honest", Params  # a registered name, so that a worker finds it
    model = Model

    def spec(self, params):
        return InputSpec(params.side)

    def fit(self, params, spec, train, validation, settings):
        return {"threshold": np.array([train.pixels[:, spec.side // 2 :].mean()], np.float32)}

    def load(self, params, spec, tensors, placement):
        if "threshold" not in tensors or tensors["threshold"].shape != (1,):
            raise ModelError("no threshold")
        return self.model(float(tensors["threshold"][0]))


def saying(change):
    """A backend whose logits are changed by ``change(model, pixels, logits)``."""

    class Changed(Model):
        def predict(self, pixels):
            return change(self, pixels, super().predict(pixels))

    return type("Faulty", (Honest,), {"model": Changed})


def forgetful(model, pixels, logits):
    model.asked = getattr(model, "asked", 0) + 1
    return logits + np.float32(model.asked)


def writing(model, pixels, logits):
    if pixels.flags.writeable:
        pixels[:] = 0
    return logits


class Unseeded(Honest):
    def fit(self, params, spec, train, validation, settings):
        return {"threshold": np.random.default_rng().normal(90, 20, 1).astype(np.float32)}


class Pickled(Honest):
    def fit(self, params, spec, train, validation, settings):
        return {**super().fit(params, spec, train, validation, settings), "extra": np.array([object()])}


class Gullible(Honest):
    def load(self, params, spec, tensors, placement):
        return self.model(float(np.ravel(tensors.get("threshold", [90]))[0]))


class Loose(Honest):
    params = LooseParams


class Unknown(Honest):
    name = "registered-nowhere"


FAULTS = {
    "parameters": Loose,
    "shapes": saying(lambda model, pixels, logits: logits[:, None]),
    "ranges": saying(lambda model, pixels, logits: np.where(np.ptp(pixels, (1, 2)), logits, np.nan).astype(np.float32)),
    "order": saying(lambda model, pixels, logits: np.sort(logits)),
    "batch_independence": saying(lambda model, pixels, logits: logits - logits.mean()),
    "read_only": saying(writing),
    "determinism": saying(forgetful),
    "save_and_load": Pickled,
    "foreign_tensors": Gullible,
    "learning": saying(lambda model, pixels, logits: -logits),
    "worker": Unknown,
}


def subject(backend):
    films = testing.toy_films(16)
    params = backend.params()
    spec = backend.spec(params)
    return Subject(backend, params, spec, films, backend.fit(params, spec, films, films, None))


def broken(backend):
    """The clauses that a backend breaks."""
    found = set()
    for clause in CLAUSES:
        if clause.__name__ == "check_worker" and backend.name == "cnn":
            continue  # the stand-in's name is the built-in's, whose side differs
        try:
            clause(subject(backend))
        except AssertionError:
            found.add(clause.__name__.removeprefix("check_"))
    return found


def test_an_honest_backend_breaks_no_clause():
    assert broken(Honest()) == set()


@pytest.mark.parametrize("clause", FAULTS)
def test_a_planted_fault_is_caught_by_its_clause(clause):
    assert clause in broken(FAULTS[clause]())


def test_two_fits_with_one_seed_that_differ_are_caught():
    assert "determinism" in broken(Unseeded())


def test_a_parameter_that_is_taken_whatever_it_is_called_is_caught(monkeypatch):
    monkeypatch.setattr(testing, "parse", lambda params, values, of: params())
    assert "unknown_parameter" in broken(Honest())


def test_a_plugin_that_imports_torch_at_its_top_is_caught(tmp_path, monkeypatch):
    (tmp_path / "heavy_plugin.py").write_text("import torch\n\n\nclass Heavy:\n    name = 'heavy'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    from heavy_plugin import Heavy

    with pytest.raises(AssertionError, match="imports torch"):
        testing.check_light_registration(dataclasses.replace(subject(Honest()), backend=Heavy()))


def test_every_clause_has_its_fault():
    named = {clause.__name__.removeprefix("check_") for clause in CLAUSES}
    assert named == {*FAULTS, "unknown_parameter", "light_registration"}


def test_pytest_runs_one_test_per_clause_of_a_plugins_own_class(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "from xrayscan.testing import BackendContract\n\n\n"
        "class TestMine(BackendContract):\n    backend = 'knn'\n    parameters = {'side': 16, 'k': 3}\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert f"{len(CLAUSES)} passed" in done.stdout
