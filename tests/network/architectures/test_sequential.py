import torch
from torch import nn

from xrayscan.network.architectures.layer_list import planned_layers
from xrayscan.network.architectures.sequential import sequential

LIST = ("conv 8 elu", "norm", "pool mean", "dropout 0.25", "global", "norm", "dense 6 tanh")


def test_layers_are_named_by_kind_and_place_and_are_what_the_list_says():
    network = sequential(planned_layers(LIST, 32, 1)).eval()
    names = [name for name, _ in network.named_children()]
    assert names[:7] == ["conv1", "norm2", "pool3", "dropout4", "global5", "norm6", "dense7"]
    assert isinstance(network.conv1[1], nn.ELU)
    assert isinstance(network.norm2, nn.BatchNorm2d)
    assert isinstance(network.pool3, nn.AvgPool2d)
    assert network.dropout4.p == 0.25
    assert isinstance(network.norm6, nn.BatchNorm1d)  # there are no places any more
    assert network(torch.zeros(3, 1, 32, 32)).shape == (3, 1)
