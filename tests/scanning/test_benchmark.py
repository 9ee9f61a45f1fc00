import contextlib

import pytest

from xrayscan import load_model
from xrayscan.console.benchmark import print_benchmark
from xrayscan.observing.progress import Progress
from xrayscan.scanning.benchmark import Benchmark, Inference, _scan_rate
from xrayscan.scanning.scan import ScanSettings


@pytest.mark.parametrize(("decoded", "limit"), [(100.0, "decoding"), (900.0, "inference")])
def test_the_slower_part_is_the_limit(decoded, limit):
    ways = (Inference("torch", "fp32", 32, 200.0, False), Inference("openvino", "fp32", 32, 500.0, True))
    found = Benchmark(10, decoded, ways, 50.0)
    assert (found.limit, found.inferred) == (limit, 500.0)
    assert found.hours == pytest.approx(100_000 / 50 / 3600)


def test_a_scan_that_is_all_start_up_gives_no_rate(capsys):
    """40 films in half a second do not mean 80 a second for 100,000."""
    ways = (Inference("torch", "fp32", 32, 500.0, True),)
    told = told_of(Benchmark(40, 900.0, ways, None), capsys)
    assert "too few to tell how fast a whole scan is" in told
    assert " h." not in told
    assert "100,000 films take about 0.6 h." in told_of(Benchmark(900, 900.0, ways, 50.0), capsys)


def told_of(found, capsys):
    print_benchmark(found)
    return capsys.readouterr().out


@pytest.mark.parametrize(("when", "rate"), [([(0, 40), (1, 40)], None), ([(0, 40), (1, 90), (2, 140)], 50.0)])
def test_the_rate_of_a_scan_is_told_without_its_start(monkeypatch, model_file, when, rate):
    """However long it took until the first batch was recorded."""
    now = iter(seconds for seconds, _ in when)
    monkeypatch.setattr("xrayscan.scanning.benchmark.time.perf_counter", lambda: next(now, when[-1][0]))

    def scan(*args, on_progress, stopping, **options):
        for _, done in when:
            on_progress(Progress(scored=done))
        assert not stopping()
        return contextlib.nullcontext()

    monkeypatch.setattr("xrayscan.scanning.benchmark.scan", scan)
    assert _scan_rate(["film.png"], load_model(model_file), ScanSettings(), 10.0) == rate
