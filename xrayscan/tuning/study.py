"""The study: every trial of a search, kept in one SQLite file, so that an interrupted search goes on."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import optuna
from optuna.exceptions import StorageInternalError
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from xrayscan.errors import OutputError
from xrayscan.files.atomic import new_file, refuse_foreign
from xrayscan.files.text import encodable
from xrayscan.store.sqlite import held
from xrayscan.tuning.space import Space, inside

NAME = "xrayscan"
ASKED, FILMS, REASON = "asked", "films", "reason"  # user attributes, of the study and of a trial that failed
STATES: Mapping[TrialState, Literal["complete", "pruned", "failed"]] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
UNPRUNED_TRIALS = 5  # complete ones before any is pruned: a median of fewer says little. Optuna's default
UNPRUNED_EPOCHS = 3  # before the first judgement: one-cycle warms up for a quarter of the usual 12


@dataclass(frozen=True, slots=True)
class Trial:
    """One combination of parameters and what it came to."""

    number: int  # from 1, in the order tried
    state: Literal["complete", "pruned", "failed"]
    value: float | None  # the objective at its best epoch; None unless complete
    parameters: Mapping[str, Any]
    curve: tuple[float, ...]  # the objective after each epoch
    seconds: float
    reason: str = ""  # why it failed


class Study:
    """Trials of one search, through Optuna's sampler (TPE) and pruner (median)."""

    def __init__(self, study: optuna.Study, space: Space, seed: int, start: Mapping[str, Any]) -> None:
        self.optuna = study
        self.space, self.seed = space, seed
        self.start = {name: start[name] for name in space if name in start and inside(start[name], space[name])}

    @property
    def maximises(self) -> bool:
        """Whether a larger value is better."""
        return self.optuna.direction is optuna.study.StudyDirection.MAXIMIZE

    def trials(self) -> list[Trial]:
        """Trials that came to an end of their own. One that was killed is not among them: it is done again."""
        ended = [trial for trial in self.optuna.get_trials(deepcopy=False) if _ended(trial)]
        return [_trial(number, trial) for number, trial in enumerate(ended, 1)]

    def best(self) -> Trial | None:
        """Return the best complete trial, the earliest of equals; None where there is none."""
        sign = -1 if self.maximises else 1
        complete = [trial for trial in self.trials() if trial.value is not None]
        return min(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)

    def ask(self) -> optuna.Trial:
        """Begin a trial. The first one starts from the defaults, so that the search never ends below them.

        What is proposed is a function of the seed and the trials that ended before, so an interrupted search
        continues as if it had not been interrupted.
        """
        done = len(self.trials())
        self.optuna.sampler = TPESampler(seed=int(np.random.SeedSequence((self.seed, done)).generate_state(1)[0]))
        if not done and not self.optuna.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            self.optuna.enqueue_trial(self.start)
        return self.optuna.ask(dict(self.space))

    def complete(self, trial: optuna.Trial, value: float) -> None:
        """End a trial with its value."""
        self.optuna.tell(trial, value)

    def pruned(self, trial: optuna.Trial) -> None:
        """End a trial that fell behind the others."""
        self.optuna.tell(trial, state=TrialState.PRUNED)

    def failed(self, trial: optuna.Trial, reason: str) -> None:
        """End a trial whose parameters do not work together."""
        trial.set_user_attr(REASON, reason)
        self.optuna.tell(trial, state=TrialState.FAIL)

    def keep_films(self, fingerprint: str) -> None:
        """Tie the study to its films. Raises: OutputError if it was made on others."""
        before = self.optuna.user_attrs.get(FILMS)
        if before not in (None, fingerprint):
            raise OutputError(
                "the folder's films, or their division, have changed since this search was begun: "
                "values from before and after cannot be compared, so give another --out"
            )
        self.optuna.set_user_attr(FILMS, fingerprint)

    def importance(self) -> dict[str, float]:
        """Share of the objective's variation that each parameter explains, the largest first; empty if unknown.

        By a random forest (fANOVA), not Optuna's default: PED-ANOVA judges by the best tenth of the trials, which is
        three of thirty. Source: Hutter, Hoos, Leyton-Brown, "An efficient approach for assessing hyperparameter
        importance", ICML 2014, as Optuna computes it.
        """
        if len({trial.value for trial in self.trials() if trial.value is not None}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self.seed)
        return optuna.importance.get_param_importances(self.optuna, evaluator=evaluator)


@contextlib.contextmanager
def open_study(
    path: str, asked: Mapping[str, Any], space: Space, *, maximise: bool, seed: int, start: Mapping[str, Any]
) -> Iterator[Study]:
    """Open or create the study file, alone: a second search in the same folder is refused while this one lasts.

    ``asked`` says what is searched, in values that JSON keeps: the file must have been made for the same. ``start``
    holds the parameters' defaults. Raises: OutputError for a file of another search, one in use, or no study at all.
    """
    asked = json.loads(json.dumps(asked))  # as the file gives it back
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # its progress lines would break ours
    refuse_foreign(path)
    with contextlib.suppress(FileExistsError):
        os.close(new_file(path))
    in_use = f"{encodable(path)} is in use by another search: wait for it to end, or give another --out"
    with held(f"{path}.lock", in_use), _storage(path) as storage:
        study = optuna.create_study(
            storage=storage,
            study_name=NAME,
            direction="maximize" if maximise else "minimize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(UNPRUNED_TRIALS, UNPRUNED_EPOCHS),
        )
        _same_search(path, study.user_attrs.get(ASKED), asked)
        study.set_user_attr(ASKED, asked)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)  # killed before it ended, and without a reason
        yield Study(study, space, seed, start)


def _same_search(path: str, before: Mapping[str, Any] | None, asked: Mapping[str, Any]) -> None:
    if before is None:
        return
    other = [name for name in {**before, **asked} if before.get(name) != asked.get(name)]
    if other:
        raise OutputError(
            f"{encodable(path)} holds another search (it differs in: {', '.join(sorted(other))}), and values of two "
            "searches cannot be compared: give the same options again, or another --out"
        )


@contextlib.contextmanager
def _storage(path: str) -> Iterator[RDBStorage]:
    """Optuna's storage in a file of any name: its own URL would stumble over a "?" in the path."""
    from sqlalchemy.exc import DatabaseError

    def creator() -> sqlite3.Connection:
        return sqlite3.connect(path, check_same_thread=False)

    try:
        storage = RDBStorage("sqlite:///study.sqlite", engine_kwargs={"creator": creator})
    except (DatabaseError, RuntimeError) as error:  # RuntimeError: made by an Optuna of another time
        raise OutputError(f"{encodable(path)} cannot be used as a study ({error}): give another --out") from error
    try:
        yield storage
    except StorageInternalError as error:
        raise OutputError(f"{encodable(path)} cannot be written ({error}): make room, or give another --out") from error
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _ended(trial: FrozenTrial) -> bool:
    return trial.state in STATES and (trial.state is not TrialState.FAIL or REASON in trial.user_attrs)


def _trial(number: int, trial: FrozenTrial) -> Trial:
    return Trial(
        number=number,
        state=STATES[trial.state],
        value=trial.value if trial.state is TrialState.COMPLETE else None,
        parameters=trial.params,
        curve=tuple(trial.intermediate_values[step] for step in sorted(trial.intermediate_values)),
        seconds=trial.duration.total_seconds() if trial.duration else 0.0,
        reason=trial.user_attrs.get(REASON, ""),
    )
