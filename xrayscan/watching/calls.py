"""Telling others of a film of tier high: a command of theirs, or a webhook. Never through a shell."""

import json
import os
import shlex
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xrayscan.errors import UsageError
from xrayscan.files.text import encodable, escaped
from xrayscan.worklist.worklist import Worklist, WorklistRow

SECONDS = 30.0  # that a command or a server may take
FIELDS = ("path", "probability", "study_uid", "series_uid", "sop_uid")  # in braces they may stand in a command


@dataclass(frozen=True, slots=True)
class Calls:
    """Whom to tell: ``command`` as a shell would split it, ``webhook`` an address that takes JSON by POST."""

    command: str = ""
    webhook: str = ""

    def __post_init__(self) -> None:
        try:
            shlex.split(self.command)
        except ValueError as error:
            raise UsageError(f"--on-high: {error}") from error
        if self.webhook and not self.webhook.startswith(("http://", "https://")):
            raise UsageError("--webhook: give an address that begins with https:// or http://")

    def arguments(self, film: dict[str, str]) -> list[str]:
        """The command's arguments: ``{path}`` and the like replaced, each within its argument; else the path last."""
        parts = shlex.split(self.command)
        if not any(f"{{{name}}}" in part for part in parts for name in FIELDS):
            parts.append("{path}")
        return [_filled(part, film) for part in parts]

    def make(self, row: WorklistRow) -> None:
        """Tell of one film. Raises: OSError, or SubprocessError, where it did not arrive."""
        film = _film(row)
        message = json.dumps({name: encodable(value) for name, value in film.items()}).encode()
        if self.command:
            subprocess.run(self.arguments(film), input=message, stdout=subprocess.DEVNULL, timeout=SECONDS, check=True)
        if self.webhook:
            request = urllib.request.Request(self.webhook, message, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=SECONDS):
                pass


def call_for_new(worklist: Worklist, calls: Calls, tell: Callable[[str], None]) -> None:
    """Tell of every film of tier high that has not been told of, and keep in the store which are left.

    A call that fails is made again after the next batch. An end by force in the middle repeats at most one call.
    """
    if not (calls.command or calls.webhook):
        return
    store = worklist.store
    waiting = {*map(str, store.recall("to_call") or ()), *store.made_after(int(store.recall("called") or 0))}
    rows = {encodable(row.source): row for row in _high(worklist) if row.source in waiting or _key(row) in waiting}
    store.remember(to_call=list(rows), called=store.run)
    left = dict(rows)
    for key, row in rows.items():
        try:
            calls.make(row)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            tell(f"{escaped(row.source)}: the call did not succeed ({type(error).__name__}), and is made again later")
            continue
        del left[key]
        store.remember(to_call=list(left))


def _high(worklist: Worklist) -> Iterator[WorklistRow]:
    return (row for row in worklist.scored() if row.tier == "high")


def _key(row: WorklistRow) -> str:
    return encodable(row.source)


def _film(row: WorklistRow) -> dict[str, str]:
    facts = row.facts
    return {
        "path": os.path.abspath(row.source),
        "probability": f"{row.probability:.4f}",
        "study_uid": facts.study_uid,
        "series_uid": facts.series_uid,
        "sop_uid": facts.sop_uid,
    }


def _filled(part: str, film: dict[str, str]) -> str:
    """One pass, so that braces in a file's name stay as they are."""
    pieces, rest = [], part
    while rest:
        name = next((one for one in FIELDS if rest.startswith(f"{{{one}}}")), None)
        pieces.append(film[name] if name else rest[0])
        rest = rest[len(name) + 2 :] if name else rest[1:]
    return "".join(pieces)
