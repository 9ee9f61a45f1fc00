"""Settings in files, beside the environment: which hold, where they come from, and when a file does not count."""

import json
import os

import pytest
from command_line import xrayscan

from xrayscan.cli import settings_file
from xrayscan.cli.settings_file import refusal


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with a folder of films and one of the user's settings, neither holding anything."""
    monkeypatch.setattr(settings_file.platformdirs, "user_config_dir", lambda *a, **k: os.fspath(tmp_path / "user"))
    for name in ("user", "work/films/deep"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def held(*words, env=None):
    """What `xrayscan settings` says: value and origin by command and option."""
    done = xrayscan("settings", *words, "--json", env=env)
    assert done.exit_code == 0, done.output
    return {
        (one["command"], one["option"]): (one["value"], one["origin"]) for one in json.loads(done.stdout)["settings"]
    }


def test_the_working_folder_wins_over_the_user_a_command_over_all_and_the_environment_over_files(place):
    (place / "user" / "xrayscan.toml").write_text('workers = 1\nprecision = "fp32"\n[predict]\nprevalence = "5%"')
    (place / "work" / "xrayscan.toml").write_text('device = "cpu"\nworkers = 2\n[train]\nworkers = 3\nepochs = 7')
    user = os.fspath(place / "user" / "xrayscan.toml")
    found = held(env={"XRAYSCAN_DEVICE": "mps"})
    assert found["predict", "--prevalence"] == ("5%", user)
    assert found["predict", "--workers"] == ("2", "xrayscan.toml")
    assert found["train", "--workers"] == ("3", "xrayscan.toml")
    assert found["train", "--epochs"] == ("7", "xrayscan.toml")
    assert found["evaluate", "--precision"] == ("fp32", user)
    assert found["predict", "--device"] == ("mps", "XRAYSCAN_DEVICE")
    assert held("predict")["predict", "--max-pixels"] == ("100000000", "default")
    assert ("predict", "--max-pixels") not in found


def test_a_project_may_keep_settings_in_its_pyproject(place):
    (place / "work" / "pyproject.toml").write_text(
        '[tool.xrayscan.predict]\nexclude = ["*.bak", "old/"]\nformat = ["csv"]'
    )
    assert held("predict")["predict", "--exclude"] == ("*.bak old/", "pyproject.toml")
    assert held("predict")["predict", "--format"] == ("csv", "pyproject.toml")
    (place / "work" / "pyproject.toml").write_text("[project\n of somebody else")
    assert held() == {}


def test_one_file_may_be_named_instead(place):
    (place / "user" / "xrayscan.toml").write_text("workers = 1")
    (place / "site.toml").write_text('device = "cpu"')
    assert held("--config", place / "site.toml") == held(env={"XRAYSCAN_CONFIG": os.fspath(place / "site.toml")})
    assert {option for _, option in held("--config", place / "site.toml")} == {"--device"}


def test_settings_reach_the_command(place):
    (place / "work" / "xrayscan.toml").write_text("[predict]\ndry-run = true\n")
    (place / "work" / "films" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = xrayscan("predict", "films")
    assert done.exit_code == 0
    assert done.stdout == f"{os.path.join('films', 'a.png')}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[predict]\nprevalance = 0.1", "predict has no option 'prevalance' (did you mean 'prevalence'?)"),
        ("wokers = 1", "no command has an option 'wokers' (did you mean 'workers'?)"),
        ("[pedict]\nworkers = 1", "no command 'pedict' (did you mean 'predict'?)"),
        ("predict = 1", "predict is a command"),
        ("workers = ", "settings file xrayscan.toml: "),
        ("[predict]\nquiet = 3", "quiet = 3: give true or false"),
        ("[predict]\nworkers = true", "workers = True: give a value"),
        (
            "[predict]\nprevalence = 7",
            "'--prevalence': 7.0 is not in the range 0<x<1. (set in xrayscan.toml)",
        ),
    ],
)
def test_a_mistake_in_a_file_names_file_and_place(place, text, told):
    (place / "work" / "xrayscan.toml").write_text(text)
    done = xrayscan("predict", "films")
    assert done.exit_code == 2
    assert told in done.stderr
    assert "xrayscan.toml" in done.stderr
    assert xrayscan("predict", "--help").exit_code == 0


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("predict", "."), "it lies in what is read (.)"),
        (("predict", ".."), "it lies in what is read (..)"),
        (("predict", "films", "../work"), "it lies in what is read (../work)"),
        (("predict", "film.png"), "it lies in what is read (film.png)"),
        (("predict", "films", "--files-from", "list.txt"), "a list may name the folder that it lies in"),
        (("show", "film.png"), "it lies in what is read (film.png)"),
    ],
)
def test_a_file_that_may_have_come_with_the_films_does_not_count(place, words, where):
    (place / "work" / "xrayscan.toml").write_text('device = "nonsense"')
    for name in ("film.png", "list.txt"):
        (place / "work" / name).write_bytes(b"")
    told = f"xrayscan: xrayscan.toml is not used: {where}; --config xrayscan.toml uses it\n"
    done = xrayscan(*words, *(("--dry-run",) if words[0] == "predict" else ()))
    assert told in done.stderr
    assert "nonsense" not in done.stderr
    assert "is not used" not in xrayscan(*words, "--config", "xrayscan.toml").stderr


@pytest.mark.parametrize("text", ["x = [", "x = " + "[" * 20_000, "unheard_of = 5", "\udcff"])
@pytest.mark.parametrize("name", ["xrayscan.toml", "pyproject.toml"])
def test_a_file_that_does_not_count_stops_no_scan_whatever_is_in_it(place, name, text):
    (place / "work" / name).write_text(f"# tool.xrayscan\n[tool.xrayscan]\n{text}", errors="surrogateescape")
    done = xrayscan("predict", ".", "--dry-run")
    assert f"{name} is not used: it lies in what is read" in done.stderr
    assert "found" in done.stderr + done.stdout


@pytest.mark.parametrize("text", ["x = [", "x = " + "[" * 20_000])
def test_a_file_that_counts_and_is_no_toml_is_told_in_one_sentence(place, text):
    (place / "work" / "xrayscan.toml").write_text(text)
    done = xrayscan("predict", "films", "--dry-run")
    assert (done.exit_code, done.stderr.count("\n"), "settings file xrayscan.toml" in done.stderr) == (2, 1, True)


def test_a_link_to_the_working_folder_is_the_working_folder(place):
    (place / "link").symlink_to(place / "work", target_is_directory=True)
    assert refusal("xrayscan.toml", [os.fspath(place / "link")])
    (place / "work" / "xrayscan.toml").write_text("")
    assert refusal("xrayscan.toml", ["films", os.fspath(place / "user")]) is None


def test_a_file_of_another_user_does_not_count(place, monkeypatch):
    (place / "work" / "xrayscan.toml").write_text("workers = 1")
    status = os.stat("xrayscan.toml")
    assert refusal("xrayscan.toml", ["films"]) is None
    monkeypatch.setattr(os, "stat", lambda path: os.stat_result((*status[:4], 4711, *status[5:])))
    assert refusal("xrayscan.toml", []) == "it belongs to another user"


def test_a_recipe_wins_over_settings_files_and_the_command_line_over_both(place):
    from xrayscan.cli.recipes import Recipes

    (place / "work" / "best.toml").write_text("epochs = 5\nseed = 3\n")
    below = Recipes.below({"recipe": "best.toml", "pairs": ("lr=0.1",)}, [])
    assert below == {"epochs": None, "learning_rate": None, "seed": 3}


@pytest.mark.parametrize("name", ["XRAYSCAN_MODLE", "XRAYSCAN_TRAIN_EPOCH", "XRAYSCAN_PLUGIN"])
def test_a_misspelt_variable_is_named(name):
    told = xrayscan("plugins", env={name: "x"}).stderr
    assert told.startswith(f"xrayscan: {name} is set and means nothing (did you mean '{name[:11]}")


def test_no_variable_that_is_known_is_complained_of():
    env = {"XRAYSCAN_MODEL": "default", "XRAYSCAN_TRAIN_EPOCHS": "2", "XRAYSCAN_DEVICE": "cpu"}
    assert xrayscan("models", env=env).stderr == ""
