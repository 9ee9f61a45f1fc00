import pytest

from xrayscan import TrainingRun
from xrayscan.testing.callback import VALUES, toy_epoch

pytest.importorskip("tensorboard", reason="TensorBoard is not installed: pip install 'xrayscan[tensorboard]'")


def test_tensorboard_reads_one_curve_of_a_run_that_went_on(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from xrayscan.training.tensorboard_log import listen

    for before in ((), (toy_epoch(1),)):
        with listen(TrainingRun(str(tmp_path), VALUES, before)) as tell:
            for number in (len(before) + 1, len(before) + 2):
                tell(toy_epoch(number))
    curve = EventAccumulator(str(tmp_path / "tensorboard")).Reload().Scalars("loss/val")
    assert [(point.step, round(point.value, 4)) for point in curve] == [(1, 1.0), (2, 0.5), (3, 0.3333)]
    with listen(TrainingRun(str(tmp_path), VALUES)) as tell:
        tell(toy_epoch(1))
    curve = EventAccumulator(str(tmp_path / "tensorboard")).Reload().Scalars("loss/val")
    assert [point.step for point in curve] == [1]
