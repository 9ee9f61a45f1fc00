import subprocess
import sys

import pytest

NARROW = """
import torch
from xrayscan.network.architectures.cnn import CnnParams, build
network = build(CnnParams(side=256, width=8)).to(memory_format=torch.channels_last)
images = torch.randn(8, 1, 256, 256).to(memory_format=torch.channels_last)
for _ in range(3):
    network(images).mean().backward()
"""


def test_a_narrow_network_trains_on_large_films():
    """In a process of its own: what went wrong here brought the process down."""
    assert subprocess.run([sys.executable, "-c", NARROW], capture_output=True).returncode == 0


@pytest.mark.parametrize("stride", [1, 2])
def test_a_block_is_the_one_of_the_paper(stride):
    """Its shortcut is a 1 x 1 convolution with the block's stride."""
    import torch
    from torch import nn

    from xrayscan.network.architectures.residual import Block

    torch.manual_seed(0)
    block = Block(6, 12, stride).eval()
    images = torch.randn(2, 6, 9, 9)
    shortcut = nn.Conv2d(6, 12, 1, stride, bias=False)
    shortcut.load_state_dict(block.shortcut[0].state_dict())
    residual = block.norm2(block.conv2(torch.relu(block.norm1(block.conv1(images)))))
    expected = torch.relu(residual + block.shortcut[1](shortcut(images)))
    torch.testing.assert_close(block(images), expected)
