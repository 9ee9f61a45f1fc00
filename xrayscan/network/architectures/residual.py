"""The network of the built-in CNN: ResNet-18's layout for one channel.

Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016.
"""

import torch
from torch import nn


class Block(nn.Module):
    """Two 3 x 3 convolutions and a shortcut: (B, C, H, W) → (B, C', H / stride, W / stride)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.stride = stride
        self.shortcut = nn.Sequential()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return relu(shortcut + residual)."""
        hidden = torch.relu_(self.norm1(self.conv1(images)))
        # A 1 x 1 convolution with a stride, written as what it is: its gradient for fewer than 16 channels in
        # channels_last writes past its memory in oneDNN (torch 2.15, x86 with AVX-512), which ends in a crash.
        seen = images[:, :, :: self.stride, :: self.stride]
        return torch.relu_(self.norm2(self.conv2(hidden)) + self.shortcut(seen))


class ResidualNetwork(nn.Module):
    """Stem, four stages of residual blocks, mean over the film, one logit."""

    def __init__(self, width: int, blocks: int, dropout: float, channels: int = 1) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.stage1 = self._stage(width, width, blocks, 1)
        self.stage2 = self._stage(width, 2 * width, blocks, 2)
        self.stage3 = self._stage(2 * width, 4 * width, blocks, 2)
        self.stage4 = self._stage(4 * width, 8 * width, blocks, 2)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(8 * width, 1)
        self._start()

    def _start(self) -> None:
        """Initial weights: He's, with every block starting as its shortcut.

        Source: Goyal et al., "Accurate, large minibatch SGD" (2017), section 5.1 (zero gamma of the last norm).
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, Block):
                nn.init.zeros_(module.norm2.weight)

    @staticmethod
    def _stage(channels_in: int, channels_out: int, blocks: int, stride: int) -> nn.Sequential:
        first = Block(channels_in, channels_out, stride)
        return nn.Sequential(first, *(Block(channels_out, channels_out, 1) for _ in range(blocks - 1)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (B, C, S, S) → logits (B, 1).

        The first convolution and the head always run in fp32: they cost little, and what they round away in bf16
        would move a probability near the threshold by up to 0.01.
        """
        with torch.autocast(images.device.type, enabled=False):
            features = self.stem(images.float())
        features = self.stage4(self.stage3(self.stage2(self.stage1(features))))
        with torch.autocast(images.device.type, enabled=False):
            logits: torch.Tensor = self.head(self.dropout(features.float().mean(dim=(2, 3))))
        return logits
