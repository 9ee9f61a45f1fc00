"""`xrayscan show`: one film, all that is known of it."""

from click.testing import CliRunner
from PIL import Image
from small import make_model, write_film

from xrayscan.cli import main


def shown(*words):
    return CliRunner().invoke(main, ["show", *map(str, words), "--device", "cpu"])


def test_show_prints_every_models_probability_and_writes_the_firsts_heatmap(tmp_path, model_file):
    film, out = write_film(tmp_path / "a.png", 1), tmp_path / "heat.png"
    other = make_model(tmp_path / "other.safetensors", seed=3, name="other")
    outcome = shown(film, "--model", model_file, "--model", other, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    for word in ("small: PNEUMONIA", "other: PNEUMONIA", "tier", "specificity-0.99", "72 × 64 px", "not a diagnosis"):
        assert word in outcome.stdout
    with Image.open(out) as picture:
        assert picture.size == (72, 64)


def test_show_says_why_a_file_cannot_be_scored(tmp_path, model_file):
    (tmp_path / "broken.jpeg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    outcome = shown(tmp_path / "broken.jpeg", "--model", model_file)
    assert outcome.exit_code == 3
    assert "broken.jpeg cannot be scored" in outcome.stderr
