"""A contract that every engine keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import EngineContract

class TestMine(EngineContract):
    engine = "mine"
"""

import atexit
import contextlib
import functools
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from xrayscan.decode.limits import DEFAULT_LIMITS
from xrayscan.engine.interface import HERE, Cluster, Engine, Row
from xrayscan.errors import Code
from xrayscan.model.backend import FitSettings, TrainingParams
from xrayscan.model.calibration import Calibration
from xrayscan.model.card import ModelCard, OperatingPoint
from xrayscan.model.file import Model, load_model, save_model
from xrayscan.plugin.manager import load_registry
from xrayscan.runtime.films import drawn_films
from xrayscan.runtime.interface import EAGER
from xrayscan.scanning.job import ScanJob, run_here
from xrayscan.scanning.stages import Asked
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light, registered

SIDE = 96  # px of a film
SMALL = {"side": 32, "width": 4, "blocks": 1}
MOST_DRAWN = 20_000  # rows that an engine may draw before the first of them is finished
ASKED = Asked("cpu", "fp32", EAGER, 8, 1, 60.0, DEFAULT_LIMITS)
Rows = Callable[[], Iterator[Row | None]]


@dataclass(frozen=True)
class EngineSubject:
    """An engine under test, the cluster that it is to join, a small model, and a folder of films."""

    engine: Engine
    cluster: Cluster
    model: Model
    folder: str

    @classmethod
    def from_engine(cls, engine: Engine, cluster: Cluster = HERE) -> "EngineSubject":
        """Write the films, and a file that is none, and take the built-in network, untrained."""
        from PIL import Image

        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for number, film in enumerate(drawn_films(SIDE)):
            Image.fromarray(film).save(os.path.join(folder, f"{number}.png"))
        with open(os.path.join(folder, "broken.png"), "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
        return cls(engine, cluster, _model(folder), folder)

    def rows(self) -> Iterator[Row | None]:
        """Each file, with pauses between them, and one that is finished already."""
        names = sorted(name for name in os.listdir(self.folder) if name.endswith(".png"))
        yield {"source": "gone.png", "path": "/gone.png", "reason": "dangling link", "code": Code.BROKEN_LINK}
        for name in names:
            yield {"source": name, "path": os.path.join(self.folder, name)}
            yield None

    def run(
        self,
        rows: Iterator[Row | None],
        stopping: Callable[[], bool] = lambda: False,
        started: Callable[[Any], None] = lambda settled: None,
        run: Callable[..., Iterator[list[Row]]] | None = None,
    ) -> Iterator[list[Row]]:
        """What the engine makes of the rows."""
        job = ScanJob([self.model], ASKED, self.cluster, lambda: 34, None, started, stopping)
        return (run or self.engine.load())(job, rows)

    @functools.cached_property
    def wanted(self) -> dict[str, Row]:
        """The rows by source, as the local engine finishes them."""
        return _by_source(self.run(self.rows(), run=run_here))


def _model(folder: str) -> Model:
    backend: Any = load_registry().backend("cnn")
    params = backend.params(**SMALL)
    point = OperatingPoint("balanced", 0.5, 0.9, 0.9, (0.8, 1.0), (0.8, 1.0))
    labels = ("NORMAL", "PNEUMONIA")
    card = ModelCard("toy", "cnn", backend.spec(params), labels, 0.5, Calibration(), (point,), parameters=SMALL)
    path = os.path.join(folder, "toy.safetensors")
    save_model(path, card, backend.start(params, FitSettings(TrainingParams())))
    return load_model(path)


def _by_source(answers: Iterator[list[Row]]) -> dict[str, Row]:
    rows = list(itertools.chain.from_iterable(answers))
    found = {row["source"]: row for row in rows}
    assert len(found) == len(rows), "it hands a row back twice"
    return found


def check_registration(subject: EngineSubject) -> None:
    """It has all that an engine has, under a name that may be typed, and its function is where it says."""
    assert_registrable("engines", subject.engine)
    assert len(subject.engine.summary.split()) > 1, "its summary says what it is"
    assert callable(subject.engine.load()), f"{subject.engine.target} cannot be called"


def check_every_row(subject: EngineSubject) -> None:
    """It hands back every row once, as the local engine does to the last bit, those that could not be read included."""
    told: list[Any] = []
    found = _by_source(subject.run(subject.rows(), started=told.append))
    assert found.keys() == subject.wanted.keys(), "rows are missing or invented"
    differing = sorted(name for name, row in found.items() if row != subject.wanted[name])
    assert not differing, f"{differing[0]}: not what the local engine makes of it"
    assert len(told) == 1, "it says once by what films are computed"


def check_rows_with_a_reason(subject: EngineSubject) -> None:
    """Rows that have a reason already come back as they are, also where there are no others."""
    refused: Row = {"source": "a", "path": "/a", "reason": "hidden file", "code": Code.HIDDEN}
    found = list(itertools.chain.from_iterable(subject.run(iter([refused, None]))))
    assert found == [refused], f"it makes {found} of a row that was finished"


def check_stopped(subject: EngineSubject) -> None:
    """Told to stop, it ends though there are more rows, and what it handed back is finished."""
    seen: list[Row] = []

    def seen_some() -> bool:
        return bool(seen)

    for rows in subject.run(itertools.cycle(subject.rows()), stopping=seen_some):
        seen += rows
    assert all("probabilities" in row or row.get("reason") for row in seen), "it hands back rows that are not finished"


def check_bounded(subject: EngineSubject) -> None:
    """Of rows without end it draws only so many before it hands back the first; closed early, it ends."""
    drawn = itertools.count()
    endless = (row for row in itertools.cycle(subject.rows()) if next(drawn) < 100 * MOST_DRAWN)
    answers = subject.run(endless)
    with contextlib.closing(answers):  # type: ignore[type-var]  # a generator, as the contract says
        next(answers)
    assert next(drawn) < MOST_DRAWN, "it draws more and more rows without finishing any"


check_light_registration = light("engines", attrgetter("engine"))

CLAUSES = clauses_of(__name__)


class EngineContract(Contract):
    """Subclass this in a test module, name the engine, and pytest runs one test per clause.

    ``cluster``: one that is running, for an engine that does not start its own.
    """

    engine: str  # as registered
    cluster: Cluster = HERE
    edge, clauses = "engines", CLAUSES

    @classmethod
    def subject(cls) -> EngineSubject:
        """The engine, a model and films."""
        return EngineSubject.from_engine(registered("engines", cls.engine), cls.cluster)
