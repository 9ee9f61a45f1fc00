"""Films unlike training, and scans that are not to be trusted, in every report and in the terminal."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from xrayscan.console.card import show_card
from xrayscan.console.predict import ScanConsole
from xrayscan.plugin.reports import write_reports
from xrayscan.report.run_json import write_run
from xrayscan.store.record import UNLIKE, Facts, ScanRecord
from xrayscan.worklist.order import RankSettings


@pytest.fixture
def reported(worklist, tmp_path):
    """Write every report of a scan in which one of four films is unlike training; return worklist, texts, terminal."""

    def make(**settings):
        entries = [
            ScanRecord("adult.png", Facts(unlikeness=0.987654321), (0.9,), flags=(UNLIKE,)),
            *(ScanRecord(f"child-{n}.png", Facts(unlikeness=0.01), (0.85 - n / 4,)) for n in range(3)),
        ]
        made = worklist(*entries, settings=RankSettings(**settings))
        paths = write_reports(made, str(tmp_path))
        paths.append(write_run(made, str(tmp_path), {}, {}))
        texts = {path.rpartition(".")[2]: Path(path).read_text(encoding="utf-8") for path in paths}
        console = ScanConsole()
        console._console = Console(file=io.StringIO(), width=300)
        console.summary(made, paths, ["default"])
        return made, texts, console._console.file.getvalue()

    return make


def test_csv_json_lines_page_and_terminal_tell_flag_and_number(reported):
    _, texts, terminal = reported()
    rows = list(csv.DictReader(io.StringIO(texts["csv"])))
    adult = rows[1]
    assert (adult["source"], adult["tier"], adult["flags"]) == ("adult.png", "unlike", "unlike training")
    assert adult["unlikeness"] == "0.98765432"
    lines = [json.loads(line) for line in texts["jsonl"].splitlines()]
    assert (lines[1]["flags"], lines[1]["unlikeness"]) == (["unlike training"], 0.987654321)
    assert "unlike training (0.99)" in texts["html"]
    assert "unlike training (0.99)" in terminal
    assert "unlike training 1 (apart)" in terminal
    assert 'data-group="unlike"' in texts["html"]


def test_the_warning_stands_in_terminal_page_and_run_json_and_validation_is_not_quoted(reported):
    made, texts, terminal = reported()
    [doubt] = made.doubts
    assert "1 of 4 films (25%) are unlike" in doubt
    assert json.loads(texts["json"])["warnings"] == [doubt]
    assert json.loads(texts["json"])["counts"]["unlike"] == 1
    assert doubt in texts["html"]
    assert doubt in terminal
    assert "on its validation films" not in terminal
    assert "says nothing of this scan" in terminal
    assert "Validation: sensitivity" not in texts["html"]
    assert "They say nothing of this scan" in texts["html"]


def test_the_workbook_warns_too_and_says_what_was_scored_and_by_which_model(reported, tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed: pip install 'xrayscan[xlsx]'")
    made, _, _ = reported()
    made.complete = False
    [path] = write_reports(made, str(tmp_path), ["xlsx"])
    told = [row[0] for row in openpyxl.load_workbook(path)["about"].iter_rows(values_only=True)]
    assert told[0].endswith("Not a diagnosis.")
    assert told[1].startswith("Warning: Partial worklist")
    assert told[2] == f"Warning: {made.doubts[0]}"
    assert told[3] == "4 files found: 4 scored, 0 set aside, 0 failed, 0 skipped."
    assert told[4].startswith("Model ")


def test_films_that_rank_keep_their_tiers(reported):
    made, texts, _ = reported(unlike="rank")
    rows = list(csv.DictReader(io.StringIO(texts["csv"])))
    assert [(row["source"], row["tier"]) for row in rows[:2]] == [("adult.png", "high"), ("child-0.png", "high")]
    assert made.unlike == 1
    assert 'data-group="unlike"' not in texts["html"]


def test_a_scan_without_doubt_quotes_validation(worklist, tmp_path):
    made = worklist(("a.png", 0.9), ("b.png", 0.1))
    [page] = write_reports(made, str(tmp_path), ["html"])
    assert "Validation: sensitivity" in Path(page).read_text(encoding="utf-8")
    assert made.doubts == ()


def test_a_model_card_says_for_whom_before_all_else(worklist):

    card = dataclasses.replace(worklist().card, about={"intended_use": "children", "limits": "adults", "licence": "X"})
    console = Console(file=io.StringIO(), width=120)
    show_card(console, card)
    first = [line.split()[:2] for line in console.file.getvalue().splitlines()[:2]]
    assert first == [["for", "whom"], ["where", "not"]]
    assert console.file.getvalue().count("children") == 1


MEASURED = {
    "styles": {"mean_auroc": 0.981, "worst_auroc": 0.981, "mean_sensitivity": 0.985, "worst_specificity": 0.907},
    "flagged": {"adults of <another> hospital": 0.975},
    "by_style": [
        {"films": 90, "with_finding": 60, "auroc": 0.981, "sensitivity": 0.97, "specificity": 0.91, "ece": 0.02},
        {"films": 30, "with_finding": 30, "auroc": None, "sensitivity": 1.0, "specificity": None, "ece": 0.01},
    ],
}


def test_a_label_that_heads_a_table_cannot_write_to_the_terminal(worklist):
    card = dataclasses.replace(worklist().card, labels=("N", "\x1b[31mP\x07[/x]"), metrics=MEASURED)
    console = Console(file=io.StringIO(), width=120)
    show_card(console, card)
    assert not set("\x1b\x07") & set(console.file.getvalue())
    assert r"\x1b[31mP\x07[/x]" in console.file.getvalue()


def test_a_model_card_tells_shares_flagged_and_figures_by_style(worklist, tmp_path):
    made = worklist(("a.png", 0.9))
    card = dataclasses.replace(made.card, metrics=MEASURED)
    console = Console(file=io.StringIO(), width=120)
    show_card(console, card)
    assert "adults of <another> hospital  97.5%" in console.file.getvalue()
    assert "0.981  0.970        0.910" in console.file.getvalue()
    assert "0.907" in console.file.getvalue()  # the worst style's
    made.cards = (card,)
    [page] = write_reports(made, str(tmp_path), ["html"])
    text = Path(page).read_text(encoding="utf-8")
    assert "adults of &lt;another&gt; hospital" in text
    assert "97.5 %" in text
    assert "0.981" in text
    assert "0.907" in text
