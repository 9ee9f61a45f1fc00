"""What a wrong value is answered with: people's words and the nearest thing that there is."""

import pytest
from command_line import xrayscan


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["predict", "--threshold", "half"], "'half' is not a number, such as 0.05 or 5%"),
        (["predict", "--prevalence", "5x%"], "'5x%' is not a percentage"),
        (["predict", "--precision", "fp61"], "'fp61' (did you mean 'fp16'?) is not one of"),
        (["predict", "--runtime", "onnx"], "unknown runtime 'onnx' (did you mean 'onnxruntime'?)"),
        (["train", "--out", "run", "--epochs", "many"], "'many' is not a whole number"),
        (["train", "--out", "run", "--lr", "fast"], "'fast' is not a number"),
        (["train", "--out", "run", "--optimizer", "adamm"], "'adamm' (did you mean 'adam'?) is not one of"),
        (["plugins", "new", "mine", "--kind", "backnd"], "'backnd' (did you mean 'backend'?) is not one of"),
    ],
)
def test_a_wrong_value_is_told_in_words_with_the_nearest_right_one(films, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    place = [] if words[0] == "plugins" else [films]
    done = xrayscan(words[0], *place, *words[1:])
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())
    assert "float" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [["train", "--about"], ["train", "--recipe"], ["tune", "--space"]], ids=lambda words: words[1]
)
def test_a_binary_file_where_toml_is_expected_is_no_text(films, tmp_path, words):
    (tmp_path / "photo.toml").write_bytes(b"\xf6\x00\xff binary")
    done = xrayscan(words[0], films, "--out", tmp_path / "run", words[1], tmp_path / "photo.toml")
    assert done.exit_code == 3
    assert f"{tmp_path / 'photo.toml'} is no text in UTF-8: write it as TOML, such as" in done.stderr
    assert not (tmp_path / "run").exists()
