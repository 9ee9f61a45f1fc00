"""`xrayscan export`: a model as one file of ONNX or OpenVINO."""

import os
from dataclasses import dataclass
from typing import Literal

import click

from xrayscan.cli import options
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.types import ModelReference


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Which model, and as what."""

    model: str = argument("MODEL", ModelReference())
    kind: Literal["onnx", "openvino"] = option(
        "onnx", "Format of the file; openvino writes two, the network (.xml) and its weights (.bin).", "--format"
    )
    out: str | None = options.out_option("Output file, ending in .onnx or .xml.", "FILE", "the model's name, here")
    overwrite: bool = options.overwrite_option()
    as_json: bool = options.json_option()


@dataclass(frozen=True, slots=True)
class ModelExported:
    """A model as a file for other programs."""

    path: str
    format: str  # onnx or openvino
    difference: float  # the largest one to torch's probabilities, on drawn films


@command(
    "xrayscan export default",
    "xrayscan export runs/ours --format openvino --out ours.xml",
    "xrayscan predict radiographs/ --model default.onnx",
)
def export(asked: ExportOptions) -> ModelExported:
    """Write MODEL as an ONNX or OpenVINO file, for other programs and for machines without torch.

    Normalisation is inside: the graph takes pixels (films, side, side) uint8 and gives raw logits. Card, calibration
    and gate are in the file's metadata, so that --model takes it like any other model. It gives heatmaps where the
    backend can make them without torch, as that of the default model; others need the original for them.

    The file is run once and held against torch before it counts as written.

    Exit code: 0 written, 4 a model that is no network, 5 output cannot be written.
    """
    from xrayscan.console.terminal import shell_word
    from xrayscan.errors import OutputError
    from xrayscan.files.text import with_size
    from xrayscan.model.file import load_model
    from xrayscan.network.export import FORMATS
    from xrayscan.network.export import export as run

    suffix = FORMATS[asked.kind]
    name = os.path.basename(asked.model.rstrip(os.sep)).removesuffix(".safetensors") or "model"
    path = asked.out or f"{name}{suffix}"
    if not path.endswith(suffix):
        raise click.BadParameter(
            f"{path}: --format {asked.kind} writes a file that ends in {suffix}", param_hint="--out"
        )
    if os.path.lexists(path) and not asked.overwrite:
        raise OutputError(f"{path} exists: give another --out, or --overwrite to replace it")
    found = run(load_model(asked.model), path)
    if not asked.as_json:
        within = f"run once, its probabilities are within {max(found, 1e-6):.1g} of torch's"
        click.echo(f"Written  {with_size(path)}; {within}")
        click.echo(f"Next     xrayscan predict FOLDER --model {shell_word(path, 'FILE')}")
    return ModelExported(path, asked.kind, found)
