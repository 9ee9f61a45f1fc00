import pytest

from xrayscan.console.tune import TuneConsole
from xrayscan.tuning.study import Trial


def trial(number, value, **parameters):
    return Trial(number, "complete" if value else "failed", value, parameters, (), 60.0, "" if value else "too [wide]")


@pytest.fixture
def trials():
    return [trial(1, 0.7, width=16), trial(2, 0.9, width=64), trial(3, None, width=512)]


def shown(capsys, trials, **options):
    """What stands on stderr while the fourth of six trials is under way."""
    with TuneConsole("val_auroc", 6, **options) as console:
        console.end(trials, trials[1])
        console.begin(4, {"width": 32})
        console.step(1, 3, 10)
        console._live.refresh()
        return capsys.readouterr().err


def test_a_terminal_shows_the_best_so_far_and_the_trial_under_way(capsys, trials, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    text = shown(capsys, trials)
    assert "Best of 3 trials so far" in text
    assert text.index("0.9000") < text.index("0.7000")
    assert "trial 4 of 6: epoch 1, step 3 of 10, about 3:00 left" in text


def test_a_log_file_gets_a_line_per_trial_and_no_moving_picture(capsys, trials):
    text = shown(capsys, trials)
    assert text.strip() == "Resumed earlier search with 3 trials"
    with TuneConsole("val_auroc", 6) as console:
        console.begin(3, trials[2].parameters)
        console.end(trials, trials[1])
    assert capsys.readouterr().err.strip() == "trial   3 of 6: failed (too [wide]) (width 512; 60 s)"


def test_quiet_says_nothing(capsys, trials):
    assert shown(capsys, trials, quiet=True) == ""
