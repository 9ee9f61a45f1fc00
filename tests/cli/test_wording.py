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


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"device = 3", "unknown device '3'"),
        (b"model = 3", "no model '3'"),
        (b"device =", 'write it as TOML, such as device = "cpu"'),
        (b"\xdb\xff\x00", 'no text in UTF-8: write it as TOML, such as device = "cpu"'),
    ],
)
def test_a_settings_file_with_something_else_in_it_is_no_bug(films, tmp_path, monkeypatch, content, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "xrayscan.toml").write_bytes(content)
    done = xrayscan("predict", films, "--out", tmp_path / "out")
    assert done.exit_code in (2, 4)
    assert told in done.stderr
    assert "codec" not in done.stderr


def test_help_with_a_misspelt_command_names_the_nearest_one():
    done = xrayscan("help", "predct")
    assert done.exit_code == 2
    assert "no command 'predct' (did you mean 'predict'?)" in done.stderr


def test_a_picture_that_cannot_be_written_is_not_blamed_on_another_option(films, tmp_path, model_file):
    nowhere = tmp_path / "no" / "folder" / "x.png"
    film = next(path for path in sorted(films.iterdir()) if path.suffix in (".png", ".jpeg"))
    done = xrayscan("show", film, "--model", model_file, "--out", tmp_path / "heat.png", "--png", nowhere)
    assert done.exit_code == 5
    assert done.stderr.rstrip().endswith("give another file")


@pytest.mark.parametrize("group", [(), ("models",), ("plugins",)], ids=lambda group: " ".join(group) or "xrayscan")
def test_the_list_of_commands_cuts_no_sentence(group):
    done = xrayscan(*group, "--help")
    assert done.exit_code == 0
    assert "..." not in done.stdout.split("Commands:")[1]


@pytest.mark.parametrize("command", ["predict", "watch", "show", "evaluate"])
def test_help_says_what_a_model_may_be_and_shows_no_empty_default(command):
    said = xrayscan(command, "--help").stdout
    assert "--model NAME|FILE|RUN/" in said
    assert 'default: ""' not in said
