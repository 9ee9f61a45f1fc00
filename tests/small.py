"""Small films and a small untrained model, made by the tests that need them."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from xrayscan import Calibration, InputSpec, ModelCard, OperatingPoint
from xrayscan.model.file import save_model
from xrayscan.model.provenance import Provenance

ROOT = Path(__file__).resolve().parent.parent
REAL_FILMS = ROOT.parent / "shared" / "data"


def film_pixels(seed: int, side: int = 64) -> np.ndarray:
    """A grey picture unlike that of any other seed: (side, side + 8) uint8."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0 : 1 : side * 1j, 0 : 1 : (side + 8) * 1j]
    waves = sum(np.sin(rng.uniform(2, 12) * rows + rng.uniform(2, 12) * columns + rng.uniform(0, 6)) for _ in range(4))
    return np.interp(waves, (waves.min(), waves.max()), (10, 240)).astype(np.uint8)


def write_film(path: Path, seed: int, side: int = 64) -> Path:
    """Save the picture of a seed in the format that the name asks for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(film_pixels(seed, side)).save(path)
    return path


def write_labelled(folder: Path, suffix: str, content: Callable[[int], bytes], count: int) -> None:
    """Put ``count`` files into each of the folders NORMAL and PNEUMONIA: 0.dcm, 1.dcm, …"""
    for label in ("NORMAL", "PNEUMONIA"):
        (folder / label).mkdir(parents=True)
        for n in range(count):
            (folder / label / f"{n}{suffix}").write_bytes(content(n))


def point(name: str, threshold: float, sensitivity: float = 0.9, specificity: float = 0.9) -> OperatingPoint:
    return OperatingPoint(name, threshold, sensitivity, specificity, (0.8, 0.95), (0.8, 0.95))


def make_card(*points: OperatingPoint, **values: object) -> ModelCard:
    """A card of a model that nobody has trained, with three operating points unless others are given."""
    usual = point("balanced", 0.5), point("sensitivity-0.99", 0.2), point("specificity-0.99", 0.8)
    known = {
        "name": "default",
        "backend": "cnn",
        "input": InputSpec(side=64),
        "labels": ("NORMAL", "PNEUMONIA"),
        "prevalence": 0.74,
        "calibration": Calibration(),
        "operating_points": points or usual,
    }
    return ModelCard(**(known | values))


def make_model(path: Path, *, seed: int = 0, sign: int = 1, seen: Provenance | None = None, **card: object) -> Path:
    """Write a model file with a small untrained network whose probabilities spread over (0, 1).

    A ``sign`` of -1 makes it rank films the other way round.
    """
    import torch

    from xrayscan.network.architectures.cnn import CnnParams, build, spec

    torch.manual_seed(seed)
    params = CnnParams(side=32, width=4, blocks=1)
    network = build(params)
    with torch.no_grad():
        network.head.weight *= sign
        network.head.bias *= sign
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    values = {
        "name": "small",
        "backend": "cnn",
        "input": spec(params),
        "labels": ("NORMAL", "PNEUMONIA"),
        "prevalence": 0.5,
        "calibration": Calibration(20.0, 0.5),
        "operating_points": (
            OperatingPoint("balanced", 0.5, 0.9, 0.9, (0.8, 0.95), (0.8, 0.95)),
            OperatingPoint("sensitivity-0.99", 0.3, 0.99, 0.7, (0.95, 1.0), (0.6, 0.8)),
            OperatingPoint("specificity-0.99", 0.7, 0.7, 0.99, (0.6, 0.8), (0.95, 1.0)),
        ),
        "parameters": {"side": 32, "width": 4, "blocks": 1},
    }
    save_model(os.fspath(path), ModelCard(**(values | card)), tensors, seen)
    return path


def pictures_of(run: Path) -> dict[str, int]:
    """How many elements of each kind of picture the page of a run has: thumb, film, heat, problem."""
    found = re.findall(r'<script type="text/plain" id="(\w+)-\d+">', (run / "triage.html").read_text(encoding="utf-8"))
    return {kind: found.count(kind) for kind in set(found)}


def check_answer(kind: type, printed: str) -> None:
    """Hold what a command printed with --json to the dataclass that it documents: no key more, none less."""
    from pydantic import TypeAdapter

    made = TypeAdapter(kind).validate_json(printed, strict=True)
    assert TypeAdapter(kind).dump_python(made, mode="json") == json.loads(printed)
