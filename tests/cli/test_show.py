"""`xrayscan show`: one film, all that is known of it."""

import json

import films
import numpy as np
from click.testing import CliRunner
from films import dicom
from PIL import Image
from small import ROOT, make_model, write_film

import xrayscan
from xrayscan.cli import main


def shown(*words):
    return CliRunner().invoke(main, ["show", *map(str, words), "--device", "cpu"])


def test_show_prints_every_models_probability_and_writes_the_firsts_heatmap(tmp_path, model_file):
    film, out = write_film(tmp_path / "a.png", 1), tmp_path / "heat.png"
    other = make_model(tmp_path / "other.safetensors", seed=3, name="other")
    outcome = shown(film, "--model", model_file, "--model", other, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    for word in ("small: PNEUMONIA", "other: PNEUMONIA", "tier", "specificity-0.99", "72 × 64 px", "Not a diagnosis"):
        assert word in outcome.stdout
    with Image.open(out) as picture:
        assert picture.size == (72, 64)


def test_show_says_why_a_file_cannot_be_scored(tmp_path, model_file):
    (tmp_path / "broken.jpeg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    outcome = shown(tmp_path / "broken.jpeg", "--model", model_file)
    assert outcome.exit_code == 3
    assert "broken.jpeg cannot be scored" in outcome.stderr


def test_show_tells_how_a_dicom_was_read_and_what_was_repaired(tmp_path, model_file):
    film = tmp_path / "a.dcm"
    film.write_bytes(dicom(films.film(72, 64, bits=12), bits=10, WindowCenter=2000, WindowWidth=3000))
    outcome = shown(film, "--model", model_file, "--out", tmp_path / "heat.png", "--png", tmp_path / "seen.png")
    assert outcome.exit_code == 0, outcome.output
    said = " ".join(outcome.stdout.split())
    for words in (
        "photometric interpretation MONOCHROME2",
        "bits 12 of 16, unsigned",
        "VOI window 2000 / 3000 (LINEAR)",
        "header repaired: bits stored",
    ):
        assert words in said
    with Image.open(tmp_path / "seen.png") as picture:
        assert picture.size == (64 + 16 + 72, 72)  # the film, and the model's square beside it
        pixels = np.asarray(picture)
    assert pixels[:, :64].std() > 10
    assert pixels[:, 80:].std() > 10


def test_show_makes_no_picture_of_burned_in_text_unless_asked_to(tmp_path, model_file, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.dcm").write_bytes(dicom(films.film(72, 64, bits=12), BurnedInAnnotation="YES"))
    outcome = shown("a.dcm", "--model", model_file, "--png", "seen.png")
    assert outcome.exit_code == 0, outcome.output
    assert "--burned-in" in outcome.stdout
    assert [path.name for path in tmp_path.glob("*.png")] == []
    assert shown("a.dcm", "--model", model_file, "--png", "seen.png", "--burned-in").exit_code == 0
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["a-heatmap.png", "seen.png"]


def test_a_film_unlike_training_is_of_tier_unlike_as_in_a_worklist_and_its_reader_is_warned(tmp_path):
    film = str(ROOT / "sample_images" / "film-02.jpeg")
    words = (film, "--out", tmp_path / "heat.png", "--overwrite")
    said = " ".join(shown(*words).stdout.split())
    assert "tier unlike" in said
    assert "without the model's help" in said
    (score,) = json.loads(shown(*words, "--json").stdout)["scores"]
    assert score["tier"] == "unlike"
    inspected = xrayscan.show(film, device="cpu")
    assert "tier unlike" in repr(inspected)
    assert "without the model" in inspected._repr_html_()
