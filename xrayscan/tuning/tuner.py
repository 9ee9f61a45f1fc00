"""Search for the parameters that train the best model: one decode, then a training per trial."""

import contextlib
import dataclasses
import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna

from xrayscan.dataset.labelled_folder import read_folder
from xrayscan.errors import ModelError
from xrayscan.files.paths import Path, path_text
from xrayscan.files.run_folder import make_folder, refuse_finished
from xrayscan.model.backend import Epoch, FitSettings
from xrayscan.model.batches import predict_logits
from xrayscan.model.input_spec import InputSpec
from xrayscan.training.plan import SplitFilms, TrainSettings
from xrayscan.training.trainer import split_films
from xrayscan.tuning.objective import measured
from xrayscan.tuning.results import FILES, Tuned, write_search_results
from xrayscan.tuning.search import Objective, Search, plan_search
from xrayscan.tuning.space import described
from xrayscan.tuning.study import Study, Trial, open_study

STUDY_FILE = "study.sqlite"
# What parameters that do not work together raise: a network without room for its strides, too little memory, a loss
# that is no number.
OF_THE_TRIAL = (ModelError, RuntimeError, ValueError, ArithmeticError, MemoryError)


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """What to search. ``train`` says on what and with which fixed parameters, as if one model were trained."""

    train: TrainSettings = TrainSettings()
    objective: Objective = "val_auroc"
    space: str | None = None  # a TOML file; None: what the parameters declare
    trials: int = 30  # in the study, those of earlier runs included
    timeout: float | None = None  # s; no trial begins later
    on_plan: Callable[[Mapping[str, str]], None] = lambda space: None  # each parameter's values in words
    on_begin: Callable[[int, Mapping[str, Any]], None] = lambda number, parameters: None
    on_end: Callable[[Sequence[Trial], Trial | None], None] = lambda trials, best: None  # all trials, and the best


def tune(directory: Path, out: Path, settings: TuneSettings = TuneSettings()) -> Tuned:
    """Search on the labelled folder's training and validation films, and write the study, report and recipe to ``out``.

    The same call goes on with the study that it finds there. Test films, where the folder has any, are not read.
    Raises: UsageError, ModelError and InputError for what cannot be searched, OutputError if ``out`` holds another
    search or cannot be written.
    """
    directory, out, train = path_text(directory), path_text(out), settings.train
    search = plan_search(train, settings.objective, settings.space)
    read_folder(directory, train.folder)  # a folder that is none shall leave nothing behind
    make_folder(out, share=train.share)
    path = os.path.join(out, STUDY_FILE)
    if not os.path.exists(path):  # whatever lies there is of no search that could go on
        refuse_finished(out, FILES, overwrite=False)
    asked, seed = search.asked(train.fit.seed), train.fit.seed
    with open_study(path, asked, search.space, maximise=search.maximises, seed=seed, start=search.values({})) as study:
        settings.on_plan(described(search.space))
        try:
            _run(study, search, _Films(directory, train, study), settings)
        except KeyboardInterrupt:
            if study.best():
                write_search_results(out, study, search, train)  # an interrupted search has a best recipe, too
            raise
        return write_search_results(out, study, search, train)


def _run(study: Study, search: Search, films: "_Films", settings: TuneSettings) -> None:
    """Try combinations until there are enough, or time is up."""
    until = math.inf if settings.timeout is None else time.monotonic() + settings.timeout
    settings.on_end(study.trials(), study.best())  # of earlier runs
    while (done := len(study.trials())) < settings.trials and time.monotonic() < until:
        trial = study.ask()
        settings.on_begin(done + 1, trial.params)
        try:
            study.complete(trial, _value(trial, search, films, settings.train.fit))
        except optuna.TrialPruned:
            study.pruned(trial)
        except _FailedError as error:
            study.failed(trial, str(error))
        settings.on_end(study.trials(), study.best())


def _value(trial: optuna.Trial, search: Search, films: "_Films", fit: FitSettings) -> float:
    """Train with a trial's parameters and return the objective at its best epoch."""
    with _blamed_on_the_trial():
        params, training = search.parameters(trial.params)
        spec = search.backend.spec(params)
    split = films.at_spec(spec)  # what goes wrong here is not the trial's fault
    with _blamed_on_the_trial():
        return _fitted(trial, search, (params, spec), split, dataclasses.replace(fit, params=training))


def _fitted(
    trial: optuna.Trial, search: Search, network: tuple[Any, InputSpec], split: SplitFilms, fit: FitSettings
) -> float:
    values: list[float] = []

    def on_epoch(epoch: Epoch) -> None:
        value = float(getattr(epoch, search.objective))
        if not math.isfinite(value):
            raise ArithmeticError(f"{search.objective} is {value} after epoch {epoch.number}")
        values.append(value)
        trial.report(value, epoch.number)
        fit.on_epoch(epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    validation = split.films(split.validation)
    settings = dataclasses.replace(fit, on_epoch=on_epoch)
    tensors = search.backend.fit(*network, split.films(split.training), validation, settings)
    if not values:  # a backend without epochs
        logits = predict_logits(search.backend.load(*network, tensors, fit.placement), validation.pixels)
        return measured(search.objective, validation, logits)
    return max(values) if search.maximises else min(values)


class _FailedError(Exception):
    """A trial whose parameters do not work together. Its text is the reason."""


@contextlib.contextmanager
def _blamed_on_the_trial() -> Iterator[None]:
    try:
        yield
    except OF_THE_TRIAL as error:
        raise _FailedError(f"{type(error).__name__}: {error}".splitlines()[0]) from error


class _Films:
    """The labelled folder, decoded and divided once for each geometry that trials ask for."""

    def __init__(self, directory: str, settings: TrainSettings, study: Study) -> None:
        self._directory, self._settings, self._study = directory, settings, study
        self._decoded: dict[InputSpec, SplitFilms] = {}

    def at_spec(self, spec: InputSpec) -> SplitFilms:
        """Raises: InputError for a folder that cannot be trained on, OutputError if the study was made on others."""
        if spec not in self._decoded:
            split = split_films(self._directory, spec, self._settings)
            self._study.keep_films(_fingerprint(split))
            self._decoded[spec] = split
            self._settings.on_split(split, ())
        return self._decoded[spec]


def _fingerprint(split: SplitFilms) -> str:
    """Equal for the same films with the same labels on the same sides."""
    films = list(zip(split.decoded.digests, split.labels.tolist(), strict=True))
    sides = [sorted(films[index] for index in side) for side in (split.training, split.validation)]
    return hashlib.sha256(repr(sides).encode()).hexdigest()
