"""What every command prints, at the widths and on the terminals that people have."""

import io
import re

import pytest
from command_line import xrayscan
from rich.console import Console
from small import write_film

from xrayscan.console.terminal import Clock, aligned, moves, say, stderr, tell_files, titled_table


@pytest.fixture
def printed():
    """Run a function on a console of 80 characters and return its lines."""

    def run(function, *words, terminal=True, width=80):
        text = io.StringIO()
        function(Console(file=text, width=width, force_terminal=terminal, no_color=True, highlight=False), *words)
        return text.getvalue().splitlines()

    return run


def test_cells_stand_below_one_another_and_the_last_one_is_never_folded():
    path = "ward/" * 40
    lines = aligned([["1", "[red]99.97[/]", "high", path], ["12", "1.2", "低", "b"]], right=(0, 1))
    assert lines == [f" 1  [red]99.97[/]  high  {path}", "12    1.2  低    b"]


def test_one_very_long_name_moves_no_other_line():
    lines = aligned([["1", "n" * 250, "ward/"], ["2", "b.png", "ward/"], ["3", "long.png", "ward/"]])
    assert lines[1:] == ["2  b.png     ward/", "3  long.png  ward/"]


def test_files_stand_one_a_line_pages_first_and_then_what_to_run(printed):
    long = "o/" + "very long name " * 8 + ".csv"
    lines = printed(tell_files, [long, "o/triage.html (1.4 MB)", "o/run.json"], ["xrayscan show FILE"])
    assert [line.split(maxsplit=1)[0] for line in lines] == ["\x1b[1mOpen", "\x1b[1mWritten", "\x1b[1m", "\x1b[1mNext"]
    assert lines[1].endswith(f"\x1b[0m {long}")


def test_a_sentence_is_broken_between_words_on_a_terminal_alone(printed):
    sentence = "Warning: " + "several words in a row, " * 6 + "and/a/path" * 10
    lines = printed(say, sentence)
    assert len(lines) > 1
    assert " ".join(line.strip() for line in lines) == sentence.strip()
    assert "and/a/path" * 10 in lines
    assert printed(say, sentence, terminal=False) == [sentence]


def test_no_bar_moves_on_a_dumb_terminal_and_a_path_is_no_emoji(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert moves(stderr())
    monkeypatch.setenv("TERM", "dumb")
    assert not moves(stderr())
    stderr().print("film:bug:.png")
    assert "film:bug:.png" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "coloured"), [("NO_COLOR", False), ("HOME", True)])
def test_colour_is_left_out_where_that_is_asked_for(monkeypatch, capsys, name, coloured):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv(name, "1")
    stderr().print("[red]high[/]")
    assert ("\x1b[31m" in capsys.readouterr().err) is coloured


def test_a_clock_tells_all_of_the_time_and_its_phases(monkeypatch):
    now = iter((5.0, 7.0, 8.0, 9.5))
    monkeypatch.setattr("xrayscan.console.terminal.time.monotonic", lambda: next(now))
    clock = Clock(since=1.0)
    clock.phase("scoring")
    clock.phase("reports")
    assert clock.told() == "8.5 s in all (scoring 2.0, reports 1.0)."


def test_the_transcript_of_a_scan_names_model_counts_films_files_and_what_comes_next(model_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = "a ward with a long name/" * 4
    write_film(tmp_path / folder / "film one.png", 1)
    done = xrayscan("predict", "a ward with a long name", "--model", model_file, "--workers", "0", "--out", "o")
    lines = done.stderr.splitlines()
    starts = ("Model small", "Scoring by ", "1 file found   1 scored   0 failed", "high ", "Top 1 of 1", " 1  ")
    places = [next(n for n, line in enumerate(lines) if line.startswith(start)) for start in starts]
    assert places == sorted(places)
    assert f"  film one.png  {folder}" in lines[places[-1]]
    assert f"Next     xrayscan show '{folder}film one.png' --model {model_file}" in lines
    assert any(line.startswith("Open     o/triage.html (") for line in lines)
    assert "s in all (scoring " in lines[-1]
    (told,) = (line for line in lines if "validation: " in line)
    assert re.search(r"sensitivity \d+ % \(\d+–\d+ %\), specificity \d+ % \(\d+–\d+ %\)\.", told)


@pytest.mark.parametrize("words", [("predict", "empty"), ("predict", "empty", "--out", "o")])
def test_an_empty_folder_writes_nothing_and_says_so(words, model_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty" / "more").mkdir(parents=True)
    done = xrayscan(*words, "--model", model_file)
    assert (done.exit_code, done.stderr) == (3, "xrayscan: no files in empty: nothing was written\n")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize("command", ["train", "tune", "explore", "evaluate", "calibrate"])
def test_a_labelled_folder_without_films_writes_nothing(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    done = xrayscan(command, "empty", "--out", "out.x")
    assert done.exit_code == 3, done.output
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_table_breaks_no_word_and_no_number_whatever_the_width(width, printed):
    headings = ("threshold", "operating point", "found", "sensitivity", "specificity")
    first = ("0.0452", "sensitivity-0.99", "12,345", "1.000 (0.839–1.000)", "0.450\n0.227–0.667")
    rows = [first, ("0.5", "", "1", "–", "")]
    table = titled_table("Thresholds", headings)
    for row in rows:
        table.add_row(*row)
    lines = [re.sub(r"\x1b\[\d*m", "", line) for line in printed(lambda out: out.print(table), width=width)]
    assert max(map(len, lines)) <= width
    words = {word.removesuffix(":") for line in lines for word in line.split()}
    assert {word for row in [headings[1:], *rows] for cell in row for word in cell.split()} <= words
