"""`xrayscan export`: a model as one file of ONNX or OpenVINO."""

import os

import click

from xrayscan.cli.options import ModelReference, examples, overwrite_option


@click.command(
    epilog=examples(
        "xrayscan export default",
        "xrayscan export runs/ours --format openvino --out ours.xml",
        "xrayscan predict radiographs/ --model default.onnx",
    )
)
@click.argument("model", type=ModelReference())
@click.option(
    "--format",
    "kind",
    type=click.Choice(["onnx", "openvino"]),
    default="onnx",
    show_default=True,
    help="Format of the file; openvino writes two, the network (.xml) and its weights (.bin).",
)
@click.option(
    "--out", metavar="FILE", show_default="the model's name, here", help="File to write, ending in .onnx or .xml."
)
@overwrite_option
def export(model: str, kind: str, out: str | None, overwrite: bool) -> None:
    """Write MODEL as an ONNX or OpenVINO file, for other programs and for machines without torch.

    Normalisation is inside: the graph takes pixels (films, side, side) uint8 and gives raw logits. Card, calibration
    and gate are in the file's metadata, so that --model takes it like any other model. Heatmaps need the original.

    The file is run once and held against torch before it counts as written.

    Exit code: 0 written, 4 a model that is no network, 5 output cannot be written.
    """
    from xrayscan.errors import OutputError
    from xrayscan.files.text import with_size
    from xrayscan.model.file import load_model
    from xrayscan.network.export import FORMATS
    from xrayscan.network.export import export as run

    suffix = FORMATS[kind]
    name = os.path.basename(model.rstrip(os.sep)).removesuffix(".safetensors") or "model"
    path = out or f"{name}{suffix}"
    if not path.endswith(suffix):
        raise click.BadParameter(f"{path}: --format {kind} writes a file that ends in {suffix}", param_hint="--out")
    if os.path.lexists(path) and not overwrite:
        raise OutputError(f"{path} exists: give another --out, or --overwrite to replace it")
    found = run(load_model(model), path)
    click.echo(f"Written: {with_size(path)}; run once, its probabilities are within {max(found, 1e-6):.1g} of torch's")
