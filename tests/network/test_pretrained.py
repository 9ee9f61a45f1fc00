"""Pretrained weights: taken in the published layout, refused when they do not fit, never run."""

import os
import pickle
import urllib.error

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file
from torchvision import models

from xrayscan import ModelError
from xrayscan.cli import main
from xrayscan.model.parameters import parse
from xrayscan.network.pretrained import WeightSource, read_state
from xrayscan.plugin.manager import load_registry

SIDE = 32


def started_with(name, weights, **parameters):
    """The network of a backend as it starts with these weights."""
    backend = load_registry().backend(name)
    params = parse(backend.params, {"side": SIDE, **parameters}, of=name)
    network = backend.build(params)
    backend.pretrain(network, params, WeightSource(os.fspath(weights)))
    return network, params, backend


def published(name):
    """A state dict as torchvision publishes it, with other numbers."""
    return getattr(models, name)(weights=None).state_dict()


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "vgg16"])
@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_weights_in_torchvisions_layout_fill_the_base(tmp_path, name, ending):
    if name == "vgg16":  # its classifier alone is half a gigabyte, and is not read
        state = {key: value for key, value in published(name).items() if key.startswith("features.")}
        state["classifier.6.bias"] = torch.zeros(1000)
    else:
        state = published(name)
    path = tmp_path / f"weights.{ending}"
    torch.save(state, path) if ending == "pth" else save_file(state, path)
    base = started_with(name, path)[0].base.state_dict()
    assert base
    for key, tensor in base.items():
        assert torch.equal(tensor, state[key])


def test_weights_in_timms_layout_fill_the_base(tmp_path):
    timm = pytest.importorskip("timm")
    state = timm.create_model("test_resnet").state_dict()
    save_file(state, tmp_path / "model.safetensors")
    network, _, _ = started_with("timm", tmp_path / "model.safetensors", network="test_resnet", side=64)
    base = network.base.state_dict()
    assert {key.partition(".")[0] for key in state} - {key.partition(".")[0] for key in base} == {"fc"}
    for key, tensor in base.items():
        assert torch.equal(tensor, state[key])


def test_a_checkpoint_that_wraps_its_weights_is_understood(tmp_path):
    state = published("resnet18")
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}, "epoch": 3}, tmp_path / "c.pth")
    assert read_state(os.fspath(tmp_path / "c.pth")).keys() == state.keys()


def test_one_channel_gives_what_three_equal_channels_give(tmp_path):
    torch.save(published("resnet18"), tmp_path / "w.pth")
    grey = started_with("resnet18", tmp_path / "w.pth", channels=1)[0].base[:1].eval()
    colour = started_with("resnet18", tmp_path / "w.pth", channels=3)[0].base[:1].eval()
    film = torch.rand(2, 1, SIDE, SIDE)
    assert torch.allclose(grey(film), colour(film.expand(-1, 3, -1, -1)), atol=1e-4)


def test_weights_of_another_shape_are_refused_by_name(tmp_path):
    torch.save(published("resnet34"), tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"other\.pth: these weights do not fit the network: layer1\.2\.conv1"):
        started_with("resnet18", tmp_path / "other.pth")
    wide = {**published("resnet18"), "conv1.weight": torch.zeros(64, 3, 3, 3)}
    torch.save(wide, tmp_path / "wide.pth")
    with pytest.raises(ModelError, match=r"conv1\.weight has shape \(64, 3, 3, 3\) instead of \(64, 3, 7, 7\)"):
        started_with("resnet18", tmp_path / "wide.pth")
    missing = {key: value for key, value in published("resnet18").items() if key != "layer1.0.conv1.weight"}
    torch.save(missing, tmp_path / "missing.pth")
    with pytest.raises(ModelError, match=r"layer1\.0\.conv1\.weight is missing"):
        started_with("resnet18", tmp_path / "missing.pth")


class Bomb:
    """A pickle that leaves a mark when it is run."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_a_pickle_with_code_is_refused_with_exit_4_and_nothing_is_run(tmp_path, sample_images, how):
    mark, path = os.fspath(tmp_path / "mark"), tmp_path / "evil.pth"
    state = {**published("resnet18"), "fc.bias": Bomb(mark)}
    if how == "torch":
        torch.save(state, path)
    else:
        path.write_bytes(pickle.dumps({"conv1.weight": Bomb(mark)}))
    given = ["train", str(sample_images / "labelled"), "--backend", "resnet18", "--set", "side=32"]
    given += ["--weights", str(path)]
    done = CliRunner().invoke(main, [*given, "--out", str(tmp_path / "run"), "--quiet", "--workers", "0"])
    assert done.exit_code == 4, done.output
    assert "evil.pth: refused" in done.stderr
    assert not os.path.exists(mark)


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 half a zip"])
def test_a_file_without_weights_is_refused(tmp_path, content):
    for name in ("a.pth", "a.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelError, match=name.replace(".", r"\.")):
            read_state(os.fspath(tmp_path / name))
    with pytest.raises(ModelError, match="no such file"):
        read_state(os.fspath(tmp_path / "none.pth"))


def test_without_a_network_the_message_says_what_to_get_and_where_to_put_it(tmp_path, monkeypatch):
    def offline(*args, **kwargs):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ModelError) as error:
        started_with("resnet18", "imagenet")
    for part in ("resnet18-f37072fd.pth", "https://download.pytorch.org", str(tmp_path), "--weights FILE", "none"):
        assert part in str(error.value)


def test_published_weights_are_taken_from_the_cache_of_torchvision(tmp_path, monkeypatch):
    state = published("resnet18")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.save(state, tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth")
    base = started_with("resnet18", "imagenet")[0].base.state_dict()
    assert torch.equal(base["layer4.1.conv2.weight"], state["layer4.1.conv2.weight"])


def test_weights_that_timm_cannot_fetch_are_named_with_their_place(monkeypatch, tmp_path):
    timm = pytest.importorskip("timm")
    create = timm.create_model

    def offline(name, pretrained=False, **options):
        if pretrained:
            raise OSError("no route to host")
        return create(name, **options)

    monkeypatch.setattr(timm, "create_model", offline)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"timm/test_resnet\.r160_in1k .* https://huggingface\.co/timm.*--weights"):
        started_with("timm", "imagenet", network="test_resnet", side=64)
    with pytest.raises(ModelError, match=r"xception-43020ad28\.pth .* https://github\.com/.*hub/checkpoints/xception"):
        started_with("timm", "imagenet", network="xception", side=64)
