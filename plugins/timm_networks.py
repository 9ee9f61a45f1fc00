"""Any network that timm knows, with its published weights or from scratch, and a new head."""

import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xrayscan import (
    InputSpec,
    ModelError,
    TorchBackend,
    TransferParams,
    WeightSource,
    absent_weights,
    adapted,
    hookimpl,
    learning_groups,
)

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class TimmParams(TransferParams):
    """What can be set with --set: the network, and what `TransferParams` offers. ``side`` is 224 unless set."""

    network: str = "resnet18"  # such as densenet121, efficientnet_b0, convnext_tiny, vit_small_patch16_224, xception


def spec(params: TimmParams) -> InputSpec:
    """The pixels this network takes, with the mean and deviation of its own configuration in timm."""
    import torch

    with torch.device("meta"):  # its configuration without its weights
        configuration = _create(params).pretrained_cfg
    mean, std = tuple(configuration["mean"]), tuple(configuration["std"])
    if params.channels == 1:
        mean, std = (sum(mean) / 3,), (sum(std) / 3,)
    return InputSpec(params.side, channels=params.channels, normalise="fixed", mean=mean, std=std)


def build(params: TimmParams) -> "nn.Module":
    """Return the network: images (B, C, S, S) → logits (B, 1)."""
    base = _create(params)
    return adapted(base, params, (base.num_features,))


def pretrain(network: "nn.Module", params: TimmParams, source: WeightSource) -> None:
    """Fill the base with timm's weights, or those of a file in timm's layout."""
    base: Any = network.get_submodule("base")
    configuration = base.pretrained_cfg
    first, classifier = configuration.get("first_conv"), configuration.get("classifier") or ()
    names = (classifier,) if isinstance(classifier, str) else tuple(classifier)
    source.fill(
        base,
        published=lambda: _published(params),
        head=tuple(f"{name}." for name in names),
        first=f"{first}.weight" if isinstance(first, str) else None,
    )


def _published(params: TimmParams) -> Any:
    """The weights timm publishes for this network, through the cache of the Hugging Face hub."""
    try:
        return _create(params, pretrained=True).state_dict()
    except (OSError, RuntimeError) as error:
        raise ModelError(_absent(_create(params).pretrained_cfg, str(error).splitlines()[0])) from error


def _absent(configuration: dict[str, Any], reason: str) -> str:
    import torch

    if name := configuration.get("hf_hub_id"):
        cache = os.path.join(os.environ.get("HF_HOME", os.path.join("~", ".cache", "huggingface")), "hub")
        return absent_weights(name, f"https://huggingface.co/{name}", cache, reason)
    url = str(configuration.get("url"))
    name = url.rpartition("/")[2]
    return absent_weights(name, url, os.path.join(torch.hub.get_dir(), "checkpoints", name), reason)


def _create(params: TimmParams, **options: Any) -> Any:
    try:
        import timm
    except ImportError as error:
        raise ModelError("backend timm needs the package timm: pip install 'xrayscan[timm]'") from error
    if params.network.startswith("vit_") or "deit" in params.network:
        options["img_size"] = params.side
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of names that timm has changed, and still knows
            return timm.create_model(params.network, num_classes=0, in_chans=params.channels, **options)
    except RuntimeError as error:
        if "Unknown model" not in str(error):
            raise
        near = ", ".join(timm.list_models(f"*{params.network[:6]}*")[:5]) or "see timm.list_models()"
        raise ModelError(f"timm knows no network {params.network!r}: {near}") from error


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backend ``timm``."""
    register(
        TorchBackend(
            "timm",
            TimmParams,
            spec,
            build,
            "any network of timm, adapted or from scratch",
            pretrain=pretrain,
            learning=learning_groups,
        )
    )
