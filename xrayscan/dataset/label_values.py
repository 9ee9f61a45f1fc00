"""What the cells of a table, or the names of folders, mean: positive, negative, or nothing to train on."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.dataset.label_columns import shown
from xrayscan.errors import InputError

YES = {"1", "1.0", "yes", "y", "true", "t", "positive", "pos"}
NO = {"0", "0.0", "no", "n", "false", "f", "negative", "neg"}
UNSURE = {"-1", "-1.0"}
BINARY = YES | NO | UNSURE


@dataclass(frozen=True, slots=True)
class Meaning:
    """``labels``: negative, positive. ``of`` tells each label in lower case: 0, 1, or None if it is left out."""

    labels: tuple[str, str]
    of: dict[str, int | None]


def meaning(where: str, what: str, labels: Iterable[str], settings: FolderSettings, *, sets: bool = False) -> Meaning:
    """Tell what labels mean; ``sets``: whatever is not positive is negative, and ``|`` stands between labels.

    Raises: InputError if there are not two, naming the options that help.
    """
    spelt: dict[str, str] = {}
    for label in labels:
        spelt.setdefault(label.casefold(), label)
    ignored = settings.ignored()
    used = {key: label for key, label in spelt.items() if key not in ignored}
    named = {key for key in used if _parts(key, sets) & set(settings.findings())}
    if used and used.keys() <= BINARY and not named and used.keys() & YES and used.keys() & NO:
        told: dict[str, int | None] = {key: _binary(key, settings) for key in used}
        names = (f"not {settings.positive}", settings.positive)
    else:
        told = {key: int(key in named) for key in used}
        names = _names(where, what, used, named, settings, sets)
    return Meaning(names, {**dict.fromkeys(ignored), **told})


def mask_label(cell: str) -> str:
    """What a run-length mask says, as SIIM-ACR has it: "-1" where there is none."""
    return "" if not cell else str(int(cell not in UNSURE))


def is_list(cell: str) -> bool:
    """Whether a cell is a list as Python writes it, such as PadChest's ``['pneumonia', 'infiltrates']``."""
    return cell.startswith("[") and cell.endswith("]")


def list_label(cell: str) -> str:
    """The labels of such a list with ``|`` between."""
    return "|".join(filter(None, (part.strip().strip("'\"").strip() for part in cell[1:-1].split(","))))


def _parts(key: str, sets: bool) -> set[str]:
    return {key, *(part.strip() for part in key.split("|"))} if sets else {key}


def _binary(key: str, settings: FolderSettings) -> int | None:
    if key in UNSURE:
        return {"drop": None, "negative": 0, "positive": 1}[settings.uncertain]
    return int(key in YES)


def _names(
    where: str, what: str, used: dict[str, str], named: set[str], settings: FolderSettings, sets: bool
) -> tuple[str, str]:
    others: Sequence[str] = [label for key, label in sorted(used.items()) if key not in named]
    if not named or not others or (len(others) > 1 and not sets):
        say = _too_many if named and others else _unlabelled
        raise InputError(say(where, what, sorted(used.values()), settings.positive))
    finding = used[next(iter(named))] if len(named) == 1 and not sets else settings.positive
    return (others[0] if len(others) == 1 else f"not {settings.positive}"), finding


def _too_many(where: str, what: str, names: Sequence[str], positive: str) -> str:
    """Say which labels there are beside the two that are needed, and how to do without them."""
    return (
        f"{where} has {len(names)} labels: {', '.join(map(shown, names[:20]))}. Two are needed: --ignore-label NAME "
        "leaves one out, --positive A,B makes several the positive class"
    )


def _unlabelled(where: str, what: str, names: Sequence[str], positive: str) -> str:
    """Say what labels there are and what they should be."""
    there = f" (found: {', '.join(map(shown, names[:20]))})" if names else ""
    others = "other names: --positive NAME" + ("; --ignore-label NAME leaves one out" if len(names) > 2 else "")
    if what != "folder":
        return f"{where} needs two labels, NORMAL and {positive} for example{there}; {others}"
    return (
        f"No label folders found in {where}{there}. Expected {os.path.join(where, 'NORMAL')} and "
        f"{os.path.join(where, positive)} ({others}) or --labels FILE.csv"
    )
