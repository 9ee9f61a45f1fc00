"""Every system of the notebooks this project grew from, trained from its recipe and measured on the same footing.

    python benchmarks/notebooks.py LABELLED --out RUNS/ [--test DIR] [--only a1-dense,e1-knn] [--weights NAME=FILE]

Each recipe of benchmarks/notebooks/ is trained on LABELLED with the same patient-wise split. The Markdown table gives
what it reaches on the validation films at its balanced threshold, with 95 % intervals; with --test a second table gives
the same on a folder that no model has seen. A recipe that starts from ImageNet's weights takes them from their
library's cache or from --weights; where there are none, it is trained from random weights, and its row says so. Runs
that are there already are not trained again, and runs that were cut off go on.
"""

import argparse
import glob
import json
import os
import subprocess
import sys
from typing import Any

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "notebooks")
XRAYSCAN = [sys.executable, "-m", "xrayscan"]
MODEL_ERROR = 4  # exit code: weights that cannot be had, among others
HEADER = "| recipe | AUROC | accuracy | sensitivity | specificity | first weights |\n" + "| --- " * 6 + "|"


def recipes(only: str | None) -> dict[str, str]:
    """Name → path, in the order of the names; search spaces are not among them."""
    found = {os.path.basename(path)[:-5]: path for path in sorted(glob.glob(os.path.join(HERE, "*.toml")))}
    wanted = only.split(",") if only else [name for name in found if not name.endswith(".space")]
    return {name: found[name] for name in wanted}


def train(recipe: str, folder: str, run: str, weights: str | None, device: str) -> None:
    """Train a recipe, from random weights where its own cannot be had."""
    how = ["--resume"] if os.path.exists(os.path.join(run, "checkpoint.safetensors")) else ["--recipe", recipe]
    command = [*XRAYSCAN, "train", folder, "--out", run, "--device", device, *how]
    done = subprocess.run([*command, *(["--weights", weights] if weights else [])], stderr=subprocess.PIPE, text=True)
    if done.returncode == MODEL_ERROR and "pretrained weights" in done.stderr:
        print("no pretrained weights here: from random ones", file=sys.stderr)
        done = subprocess.run([*command, "--weights", "none"], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{recipe}: {done.stderr}")


def first_weights(run: str) -> str:
    """What the run's network started with, as its card says."""
    from xrayscan import load_model

    card = load_model(run).card
    weights = str(card.training.get("weights", "none"))
    return ("–" if card.backend == "knn" else "random") if weights == "none" else weights


def figure(value: float, interval: Any) -> str:
    """A share with its interval."""
    return f"{value:.3f} ({interval[0]:.3f}–{interval[1]:.3f})"


def validated(run: str) -> list[str]:
    """The cells of a run's row, from what training measured."""
    with open(os.path.join(run, "metrics.json"), encoding="utf-8") as file:
        measured = json.load(file)
    [balanced] = [point for point in measured["operating_points"] if point["name"] == "balanced"]
    return [
        figure(measured["auroc"], measured["auroc_ci95"]),
        f"{measured['accuracy']:.3f}",
        figure(balanced["sensitivity"], balanced["sensitivity_ci95"]),
        figure(balanced["specificity"], balanced["specificity_ci95"]),
    ]


def tested(runs: dict[str, str], folder: str, out: str) -> dict[str, list[str]]:
    """The cells of every run's row, from one evaluation of all of them."""
    subprocess.run([*XRAYSCAN, "evaluate", *runs.values(), folder, "--out", out], check=True)
    with open(os.path.join(out, "metrics.json"), encoding="utf-8") as file:
        measured = json.load(file)
    keys = ("auroc", "accuracy", "sensitivity", "specificity")
    return {
        name: [figure(measured[run][key], measured[run]["ci95"][key]) for key in keys] for name, run in runs.items()
    }


def table(title: str, rows: dict[str, list[str]], runs: dict[str, str]) -> None:
    """Print one Markdown table."""
    print(f"\n{title}\n\n{HEADER}")
    for name, cells in rows.items():
        print("| " + " | ".join([f"`{name}`", *cells, first_weights(runs[name])]) + " |")


def main() -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="LABELLED")
    parser.add_argument("--out", required=True, metavar="RUNS/")
    parser.add_argument("--test", metavar="DIR")
    parser.add_argument("--only", metavar="NAMES", help="recipes, separated by commas")
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=FILE", help="of one recipe")
    parser.add_argument("--device", default="auto")
    asked = parser.parse_args()

    weights = dict(pair.split("=", 1) for pair in asked.weights)
    runs = {name: os.path.join(asked.out, name) for name in recipes(asked.only)}
    for name, path in recipes(asked.only).items():
        if not os.path.exists(os.path.join(runs[name], "metrics.json")):
            print(f"--- {name}", file=sys.stderr, flush=True)
            train(path, asked.folder, runs[name], weights.get(name), asked.device)
    table(f"Validation films of {asked.folder}, by patient", {name: validated(run) for name, run in runs.items()}, runs)
    if asked.test:
        table(f"Test films of {asked.test}", tested(runs, asked.test, os.path.join(asked.out, "evaluation")), runs)


if __name__ == "__main__":
    main()
