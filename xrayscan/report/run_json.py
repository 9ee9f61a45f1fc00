"""``run.json``: what one run was asked for and what it came to, for whoever has to answer for it later."""

import dataclasses
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from xrayscan.files.atomic import atomic_writer
from xrayscan.store.record import Status
from xrayscan.worklist.worklist import Worklist

PACKAGES = ("xrayscan", "torch", "onnxruntime", "openvino", "numpy", "pillow", "pydicom", "simplejpeg")


def write_run(
    worklist: Worklist, folder: str, settings: dict[str, Any], run: dict[str, Any], exit_code: int | None = None
) -> str:
    """Write ``run.json`` into an existing folder and return its path.

    ``settings`` are what the user asked for, ``run`` what the run itself measured; both plain values. ``exit_code`` is
    that of a run which was stopped.
    Raises: OutputError where it cannot be written.
    """
    content = {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "complete": worklist.complete,
        "exit_code": worklist.exit_code if exit_code is None else exit_code,
        "counts": dataclasses.asdict(worklist.counts) | {"tiers": worklist.tier_counts, "unlike": worklist.unlike},
        "warnings": list(worklist.doubts),
        "reasons": {status: worklist.reasons(status) for status in (Status.SET_ASIDE, Status.FAILED)},
        "models": [
            {"name": card.name, "version": card.version, "backend": card.backend, "fingerprint": fingerprint}
            for card, fingerprint in zip(worklist.cards, worklist.fingerprints, strict=True)
        ],
        "disagreements": worklist.disagreements,
        "thresholds": dataclasses.asdict(worklist.thresholds),
        "settings": settings,
        "run": run,
        "versions": versions(),
    }
    path = os.path.join(folder, "run.json")
    with atomic_writer(path) as file:
        json.dump(content, file, indent=2, ensure_ascii=True)
        file.write("\n")
    return path


def versions() -> dict[str, str]:
    """Python and the packages on which results depend."""
    return {"python": platform.python_version()} | package_versions(PACKAGES)


def package_versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each package that is installed, and of the others that they are not."""
    return {package: _version(package) for package in packages}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
