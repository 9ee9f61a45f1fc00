"""--json of every command: one object on standard output, of the very type that the manual documents."""

import json
import shutil

import click
import pytest
from click.testing import CliRunner
from command_line import xrayscan
from small import check_answer

from xrayscan.cli import main
from xrayscan.plugin.builtin import COMMANDS

ELSEWHERE = (
    "explore",
    "train",
    "tune",
    "evaluate",
    "calibrate",
    "export",
    "benchmark",
    "send",
    "watch",
    "listen",
)  # tried where they are run
SMALL = ("--model", "model.safetensors")


@pytest.fixture(scope="module")
def place(sample_images, model_file, tmp_path_factory):
    """A folder with films, one of them cut, and a model."""
    folder = tmp_path_factory.mktemp("json")
    (folder / "films").mkdir()
    for name in ("film-01.jpeg", "film-02.jpeg"):
        shutil.copy(sample_images / name, folder / "films")
    (folder / "films" / "cut.jpeg").write_bytes((sample_images / "film-03.jpeg").read_bytes()[:9000])
    shutil.copy(model_file, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def answered(place):
    """Run a command with --json once in that folder, those that it builds on before it, and return what it printed."""
    words = {
        "predict": ("films", *SMALL, "--out", "scan", "--workers", "0", "--device", "cpu"),
        "report": ("scan", "--format", "csv,parquet"),
        "query": ("scan", "status = 'scored'"),
        "merge": ("scan", "--out", "merged", "--format", "csv"),
        "status": ("scan",),
        "show": ("films/film-01.jpeg", *SMALL),
        "doctor": SMALL,
        "models show": ("default",),
    }
    before = {"report": "predict", "query": "report", "merge": "predict", "status": "predict"}
    done = {}

    def answer(name):
        if name not in done:
            if name in before:
                answer(before[name])
            with pytest.MonkeyPatch.context() as patched:
                patched.chdir(place)
                done[name] = xrayscan(*name.split(), *words.get(name, ()), "--json")
        return done[name]

    return answer


def command(name):
    """The click command of these words."""
    found, context = main, click.Context(main)
    for word in name.split():
        found = found.get_command(context, word)
    return found


@pytest.mark.parametrize("name", [*(name for name in COMMANDS if name not in ELSEWHERE), "models show"])
def test_what_a_command_prints_is_what_is_documented(answered, name):
    result = answered(name)
    assert result.exit_code == (6 if name in ("predict", "report", "merge") else 0), result.output
    check_answer(command(name).result, result.stdout)


def test_every_command_says_what_it_answers():
    for name in (*COMMANDS, "models show"):
        assert command(name).result.__doc__
        assert "--json" in {flag for one in command(name).params for flag in one.opts}


def test_the_counts_of_a_scan_and_its_exit_code_are_in_its_answer(answered):
    found = json.loads(answered("predict").stdout)
    assert [found["counts"][name] for name in ("found", "scored", "failed")] == [3, 2, 1]
    assert found["exit_code"] == 6
    assert found["reasons"]["failed"] == {"truncated JPEG": 1}
    assert "scan/triage.csv" in found["files"]
    assert answered("predict").stderr


def test_a_list_of_paths_is_no_json(tmp_path):
    done = xrayscan("predict", tmp_path, "--dry-run", "--json")
    assert (done.exit_code, "leave --json away" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        ("predict --model", "d", "default"),
        ("train --backend", "resnet1", "resnet18"),
        ("predict --runtime", "torch-f", "torch-fused"),
        ("predict --device", "cu", "cuda"),
        ("models show", "vgg1", "vgg16"),
        ("settings", "pre", "predict"),
    ],
)
def test_the_shell_completes_names(words, incomplete, offered):
    env = {"_XRAYSCAN_COMPLETE": "bash_complete", "COMP_WORDS": f"xrayscan {words} {incomplete}"}
    env["COMP_CWORD"] = str(len(words.split()) + 1)
    assert f"plain,{offered}" in CliRunner().invoke(main, [], env=env, prog_name="xrayscan").stdout.splitlines()
