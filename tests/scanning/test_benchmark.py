import pytest

from xrayscan.scanning.benchmark import Benchmark, Inference


@pytest.mark.parametrize(("decoded", "limit"), [(100.0, "decoding"), (900.0, "inference")])
def test_the_slower_part_is_the_limit(decoded, limit):
    ways = (Inference("torch", "fp32", 32, 200.0, False), Inference("openvino", "fp32", 32, 500.0, True))
    found = Benchmark(10, decoded, ways, 50.0)
    assert (found.limit, found.inferred) == (limit, 500.0)
    assert found.hours == pytest.approx(100_000 / 50 / 3600)
