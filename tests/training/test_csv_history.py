import csv

from xrayscan import TrainingRun
from xrayscan.testing.callback import VALUES, toy_epoch
from xrayscan.training.csv_history import listen


def epochs_in(folder):
    with open(folder / "history.csv", newline="") as file:
        return [row["epoch"] for row in csv.DictReader(file)]


def test_the_file_is_whole_after_every_epoch_and_goes_on_with_a_run(tmp_path):
    with listen(TrainingRun(str(tmp_path), VALUES)) as tell:
        tell(toy_epoch(1))
        assert epochs_in(tmp_path) == ["1"]
        tell(toy_epoch(2))
    assert epochs_in(tmp_path) == ["1", "2"]
    with listen(TrainingRun(str(tmp_path), VALUES, (toy_epoch(1),))) as tell:
        assert epochs_in(tmp_path) == ["1"]
        tell(toy_epoch(2))
    assert epochs_in(tmp_path) == ["1", "2"]
