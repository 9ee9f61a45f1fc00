"""A folder of everything: nothing that is no chest film gets a rank, and what a model calls unlike stands apart."""

import importlib

import numpy as np
import pytest
from films import dicom, film, png
from PIL import Image
from sklearn.datasets import load_sample_images
from small import REAL_FILMS, ROOT, write_film

from xrayscan import ScanSettings, scan
from xrayscan.scanning import score
from xrayscan.store.record import Status

HERE = ScanSettings(workers=0, device="cpu", precision="fp32")
RNG = np.random.default_rng(0)
SLICE = film(96, 96, bits=12)


def photograph():
    patches = RNG.integers(0, 256, (6, 9, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(patches).resize((180, 120), Image.Resampling.BICUBIC))


@pytest.fixture
def mixed(tmp_path):
    """Two films, and pictures that are none."""
    folder = tmp_path / "mixed"
    write_film(folder / "film-1.jpeg", 1)
    write_film(folder / "film-2.png", 2)
    strange = {
        "grey.png": png(np.full((200, 200), 127, np.uint8)),
        "black.png": png(np.zeros((200, 200), np.uint8)),
        "faint-noise.png": png(np.uint8(120 + RNG.normal(0, 3, (200, 200)))),
        "ultrasound.dcm": dicom(SLICE, Modality="US"),
        "ct.dcm": dicom(SLICE, Modality="CT"),
        "mr.dcm": dicom(SLICE, Modality="MR"),
        "photograph.png": png(photograph()),
        "icon.png": png(film(32, 32)),
        "page.png": png(np.where(RNG.random((200, 200)) < 0.2, 0, 255).astype(np.uint8)),
    }
    for name, data in strange.items():
        (folder / name).write_bytes(data)
    return folder


def test_no_strange_picture_is_ranked(mixed, model, tmp_path):
    with scan([str(mixed)], model=model, out=str(tmp_path / "out"), settings=HERE) as worklist:
        assert sorted(row.source.rpartition("/")[2] for row in worklist.scored()) == ["film-1.jpeg", "film-2.png"]
        aside = list(worklist.unscored(Status.SET_ASIDE))
        assert len(aside) == 9
        assert all(row.rank is None and row.probability is None and row.code and row.reason for row in aside)
        assert worklist.counts.found == 11
        assert worklist.exit_code == 0


class Knowing:
    """A predictor that calls dark pictures unlike, and knows of no picture with a mean of exactly 0."""

    unlike_from = 0.5

    def __init__(self, predictor):
        self.predict = predictor.predict

    def predict_with_unlikeness(self, pixels):
        unlike = 1 - pixels.mean((1, 2)) / 255
        return self.predict(pixels), np.where(unlike == 1, np.nan, unlike).astype(np.float32)


def test_what_a_model_calls_unlike_is_flagged_with_its_number(tmp_path, model, monkeypatch):
    loaded = score.load_predictor
    monkeypatch.setattr(score, "load_predictor", lambda *given: Knowing(loaded(*given)))
    for name, gain in (("bright.png", 1.0), ("dark.png", 0.3)):
        Image.fromarray(np.uint8(gain * (155 + 100 * RNG.random((80, 80))))).save(tmp_path / name)
    with scan([str(tmp_path)], model=model, out=str(tmp_path / "out"), settings=HERE) as worklist:
        rows = {row.source.rpartition("/")[2]: row for row in worklist.scored()}
    assert (rows["bright.png"].tier, "unlike training" in rows["bright.png"].flags) != ("unlike", True)
    assert (rows["dark.png"].tier, "unlike training" in rows["dark.png"].flags) == ("unlike", True)
    assert rows["bright.png"].facts.unlikeness < 0.5 < rows["dark.png"].facts.unlikeness < 1


def test_of_several_models_the_first_ones_gate_counts(model, monkeypatch):
    loaded = score.load_predictor
    made = iter((True, False))
    monkeypatch.setattr(
        score, "load_predictor", lambda *given: Knowing(loaded(*given)) if next(made) else loaded(*given)
    )
    side = model.card.input.side
    column = score.pixel_column(model.card.input)
    rows = [
        {"path": "a", column: np.full((side, side), 30, np.uint8)},
        {"path": "b", column: np.zeros((side, side), np.uint8)},
    ]
    first, blind = score.BatchScorer([model, model], score.Placement(), 4)(rows)
    assert first["flags"] == ("unlike training",)
    assert len(first["probabilities"]) == 2
    assert blind["unlikeness"] == 1.0  # no number is as unlike as can be


def unmarked():
    """Pictures that no header and no rule about pixels knows for what they are."""
    y, x = np.mgrid[:256, :256] / 256 - 0.5
    body = (np.hypot(x / 0.42, y / 0.32) < 1) * 0.45
    lungs = (np.hypot((abs(x) - 0.19) / 0.12, y / 0.2) < 1) * -0.35
    spine = (np.hypot(x / 0.05, (y - 0.2) / 0.06) < 1) * 0.4
    ct = np.clip(body + lungs + spine + RNG.normal(0, 0.01, x.shape), 0, 1)
    photographs = [image for pair in load_sample_images().images for image in (pair[:200, :300], pair[200:, 300:])]
    return {
        "ct-slice": ct,
        "white-noise": RNG.random((256, 256)),
        "gradient": np.broadcast_to(np.linspace(0, 1, 256), (256, 256)),
        "hand": drawn("hand", 480, 400),
        "ultrasound": drawn("ultrasound", 320, 416),
        **{f"photograph-{n}": image.mean(2) / 255 for n, image in enumerate(photographs)},
    }


def drawn(what, rows, columns):
    """A picture of sample_images/others.py, which lies in no package."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(ROOT / "sample_images"))
        return getattr(importlib.import_module("others"), what)(rows, columns)


@pytest.mark.slow
def test_the_default_model_ranks_none_of_them(mixed, tmp_path, sample_images):
    for name, picture in unmarked().items():
        (mixed / f"{name}.png").write_bytes(png(np.uint8(255 * picture)))
    for name in ("film-1.jpeg", "film-2.png"):
        (mixed / name).unlink()
    with scan([str(mixed), str(sample_images / "film-06.png")], out=str(tmp_path / "out"), settings=HERE) as worklist:
        tiers = {row.source.rpartition("/")[2]: row.tier for row in worklist.scored()}
        assert {name for name, tier in tiers.items() if tier != "unlike"} <= {"film-06.png"}
        assert len(tiers) == 1 + len(unmarked())
        assert worklist.doubts


@pytest.mark.slow
@pytest.mark.skipif(not (REAL_FILMS / "nih_adults").is_dir(), reason="needs ../shared/data/nih_adults")
def test_the_default_model_ranks_no_film_of_an_adult(tmp_path):
    films = sorted(map(str, (REAL_FILMS / "nih_adults").glob("*/*")))[::8]
    with scan(films, out=str(tmp_path / "out"), settings=HERE) as worklist:
        assert len(films) == 25
        assert {row.tier for row in worklist.scored()} == {"unlike"}
        assert worklist.doubts
