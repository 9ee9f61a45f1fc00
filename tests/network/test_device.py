import os
import subprocess
import sys

import pytest
import torch
from small import ROOT

from xrayscan import Placement, UsageError
from xrayscan.network.device import place


def test_auto_finds_a_device_and_a_precision_that_it_computes_natively():
    placement = place()
    assert placement.device == ("cuda:0" if torch.cuda.is_available() else placement.device)
    assert placement.precision in ("fp32", "bf16", "fp16")


def test_a_cpu_computes_in_bf16_only_where_it_has_the_instructions(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False)
    assert place("cpu") == Placement("cpu", "bf16")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_f": True}, raising=False)
    assert place("cpu") == Placement("cpu", "fp32")


@pytest.mark.parametrize("device", ["cuda:99", "tpu", "cuda:x", "mps:1"])
def test_a_device_that_is_not_there_is_a_usage_error_that_says_what_to_choose(device):
    with pytest.raises(UsageError, match="auto"):
        place(device)


def test_half_precision_on_a_cpu_is_refused():
    with pytest.raises(UsageError, match="bf16 or fp32"):
        place("cpu", "fp16")


def test_importing_changes_no_environment_and_a_scan_lets_waiting_threads_sleep():
    code = """
import os
before = dict(os.environ)
import xrayscan.network.device, xrayscan.scanning.scan, xrayscan.evaluation.evaluator, xrayscan.training
assert os.environ == before, {name: value for name, value in os.environ.items() if before.get(name) != value}
from xrayscan.scanning.hardware import Hardware
found = Hardware.resolved([], device="cpu", precision="fp32", runtime="torch", batch_size=3)
print(found.placement.device, found.batch_size, os.environ["OMP_WAIT_POLICY"])
"""
    env = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=ROOT, check=True)
    assert done.stdout.split() == ["cpu", "3", "PASSIVE"]
