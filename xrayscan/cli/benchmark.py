"""`xrayscan benchmark`: how fast a scan is on this machine, and what limits it."""

import click

from xrayscan.cli.options import FilmPath, ModelReference, examples, hardware, runtime_option


@click.command(
    epilog=examples(
        "xrayscan benchmark",
        "xrayscan benchmark ward-3/ --json speed.json --picture speed.svg",
        "xrayscan benchmark ward-3/ --model runs/ours --runtime openvino",
    )
)
@click.argument("paths", nargs=-1, type=FilmPath(exists=True))
@click.option("--model", type=ModelReference(), default="default", show_default=True, help="Model to measure.")
@hardware
@runtime_option
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 60),
    default=2.0,
    show_default=True,
    help="How long each way of inference is measured.",
)
@click.option("--json", "json_file", metavar="FILE", help="File for all rates as JSON.")
@click.option("--picture", metavar="FILE.svg", help="File for a picture of the rates.")
def benchmark(
    paths: tuple[str, ...],
    model: str,
    seconds: float,
    json_file: str | None,
    picture: str | None,
    device: str,
    precision: str,
    runtime: str,
    workers: int | None,
) -> None:
    """Measure decoding, inference by runtime and batch size, and a whole scan of PATHS; of drawn films without PATHS.

    Says which part is the limit, and how long 100,000 such films take. The fastest runtime found is remembered, so
    that later scans begin with it.

    Exit code: 0 measured, 3 no file could be decoded, 4 unusable model, 5 a file cannot be written.
    """
    import dataclasses
    import json

    from xrayscan.console.benchmark import drawn, print_benchmark
    from xrayscan.files.atomic import atomic_writer
    from xrayscan.model.file import load_model
    from xrayscan.scanning.benchmark import benchmark as run
    from xrayscan.scanning.scan import ScanSettings

    settings = ScanSettings(device=device, precision=precision, runtime=runtime, workers=workers)
    found = run(paths, load_model(model), settings, seconds)
    print_benchmark(found)
    if json_file:
        with atomic_writer(json_file) as file:
            json.dump({**dataclasses.asdict(found), "limit": found.limit, "hours": found.hours}, file, indent=2)
    if picture:
        with atomic_writer(picture) as file:
            file.write(drawn(found))
