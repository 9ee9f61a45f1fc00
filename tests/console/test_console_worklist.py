import re

from click.testing import CliRunner
from rich.console import Console

from xrayscan.cli import main
from xrayscan.console.worklist import TOP_REASONS, _reasons_table
from xrayscan.store.record import Status


def _shown(reasons: dict[str, int], codes: dict[str, str] | None = None) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(_reasons_table(Status.FAILED, reasons, codes or {}))
    return capture.get()


def test_the_most_frequent_reason_stands_first_and_each_says_what_to_do():
    text = _shown(
        {"empty file": 2, "truncated JPEG": 1200, "[bold]odd[/]": 2},
        {"empty file": "empty", "truncated JPEG": "truncated"},
    )
    places = [text.index(part) for part in ("1,200", "truncated JPEG", "[bold]odd[/]", "empty file")]
    assert places == sorted(places)
    assert "part of it is missing" in text
    assert "nothing arrived" in text


def test_rare_reasons_beyond_the_table_are_counted_together():
    text = _shown({f"reason {n:02}": 100 - n for n in range(TOP_REASONS + 2)})
    rest = sum(100 - n for n in (TOP_REASONS, TOP_REASONS + 1))
    assert f"reason {TOP_REASONS:02}" not in text
    assert f"{rest}" in text
    assert "2 other reasons" in text


def test_the_time_shown_is_all_that_was_waited_and_says_for_what(films, model_file, tmp_path):
    asked = ["predict", str(films), "--model", model_file, "--out", str(tmp_path / "out"), "--workers", "0"]
    done = CliRunner().invoke(main, [*asked, "--heatmaps", "none"], env={"COLUMNS": "300"})
    assert done.exit_code == 0, done.output
    times = re.search(r"([\d.,]+) s in all \(scoring ([\d.]+), pictures and reports ([\d.]+)\)", done.output)
    whole, scoring, reports = (float(number.replace(",", "")) for number in times.groups())
    assert 0 < scoring <= scoring + reports <= whole + 0.15  # each is rounded
    assert re.search(r"Scoring by (onnxruntime|torch) on cpu", done.output)
