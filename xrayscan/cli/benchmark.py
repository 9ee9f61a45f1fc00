"""`xrayscan benchmark`: how fast a scan is on this machine, and what limits it."""

from dataclasses import dataclass

from xrayscan.cli import options
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.types import FilmPath, ModelReference
from xrayscan.models import DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkOptions:
    """What is measured, of which films."""

    paths: tuple[str, ...] = argument("[PATHS]...", FilmPath(exists=True))
    model: str = option(DEFAULT, "Model to measure.", type=ModelReference(), env="XRAYSCAN_MODEL")
    hardware: options.Hardware
    runtime: str = options.runtime_option()
    seconds: float = option(2.0, "How many seconds each way of inference is measured.", range=(0.1, 60))
    picture: str | None = option(None, "File for a picture of the rates.", metavar="FILE.svg")
    as_json: bool = options.json_option()


@dataclass(frozen=True, slots=True)
class InferenceRate:
    """One way to compute the model."""

    runtime: str
    precision: str
    batch_size: int
    per_second: float  # films
    chosen: bool  # what a long scan takes


@dataclass(frozen=True, slots=True)
class Rates:
    """Films per second of the parts of a scan."""

    films: int  # that were there; of many, as many are measured as take some seconds
    decoded: float
    inferred: float  # by the runtime that a scan takes, at its best batch size
    scanned: float | None  # a whole scan, without its start; null if so few films do not tell
    limit: str  # decoding or inference
    hours: float | None  # that 100,000 such films take
    inference: list[InferenceRate]


@command(
    "xrayscan benchmark",
    "xrayscan benchmark ward-3/ --json --picture speed.svg > speed.json",
    "xrayscan benchmark ward-3/ --model runs/ours --runtime openvino",
)
def benchmark(asked: BenchmarkOptions) -> Rates:
    """Measure decoding, inference by runtime and batch size, and a whole scan of PATHS; of drawn films without PATHS.

    Says which part is the limit, and how long 100,000 such films take. What each runtime takes is remembered, so that
    later scans are computed by the fastest. One that takes a minute to start is measured only if --runtime names it.

    Exit code: 0 measured, 3 no file could be decoded, 4 unusable model, 5 a file cannot be written.
    """
    import dataclasses

    from xrayscan.console.benchmark import drawn, print_benchmark
    from xrayscan.files.atomic import atomic_writer
    from xrayscan.model.file import load_model
    from xrayscan.scanning.benchmark import benchmark as run
    from xrayscan.scanning.scan import ScanSettings

    settings = ScanSettings(
        device=asked.hardware.device,
        precision=asked.hardware.precision,
        runtime=asked.runtime,
        workers=asked.hardware.workers,
    )
    found = run(asked.paths, load_model(asked.model), settings, asked.seconds)
    if not asked.as_json:
        print_benchmark(found)
    if asked.picture:
        with atomic_writer(asked.picture) as file:
            file.write(drawn(found))
    ways = [InferenceRate(**dataclasses.asdict(one)) for one in found.inference]
    return Rates(found.films, found.decoded, found.inferred, found.scanned, found.limit, found.hours, ways)
