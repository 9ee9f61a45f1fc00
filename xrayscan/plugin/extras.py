"""The optional parts of an installation: what each is for, and what of it is missing."""

import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement

NAME = "xrayscan"
DEVELOPMENT = ("docs", "test")  # nothing that a command needs
PURPOSES: Mapping[str, str] = {
    "cloud": "films at s3://, gs:// and az://",
    "dask": "predict --engine dask",
    "dicom": "--format dicom-sr and dicom-sc, DICOMweb, --send, command listen",
    "lite0": "ImageNet's weights for backend lite0",
    "openvino": "runtime openvino, export --format openvino",
    "pandas": "a worklist as a data frame",
    "parquet": "--format parquet, a worklist as an Arrow table",
    "query": "command query",
    "ray": "predict --engine ray",
    "tensorboard": "train --callback tensorboard",
    "timm": "backend timm",
    "tune": "command tune",
    "watch": "command watch without polling",
    "xlsx": "--format xlsx",
}


@dataclass(frozen=True, slots=True)
class Extra:
    """``pip install 'xrayscan[NAME]'``."""

    name: str
    purpose: str
    missing: tuple[str, ...]  # distributions that are not installed, or too old; none: it is there

    @property
    def state(self) -> str:
        """In words."""
        return f"missing: pip install '{NAME}[{self.name}]'" if self.missing else "installed"


def extras() -> list[Extra]:
    """Those that this version has, in the order of their names."""
    names = importlib.metadata.metadata(NAME).get_all("Provides-Extra") or ()
    return [
        Extra(name, PURPOSES.get(name, ""), tuple(_missing(name))) for name in sorted(names) if name not in DEVELOPMENT
    ]


def _missing(extra: str) -> Iterator[str]:
    for text in importlib.metadata.requires(NAME) or ():
        needed = Requirement(text)
        wanted = (
            needed.marker and not needed.marker.evaluate({"extra": ""}) and needed.marker.evaluate({"extra": extra})
        )
        if wanted and not _there(needed):
            yield needed.name


def _there(needed: Requirement) -> bool:
    try:
        return needed.specifier.contains(importlib.metadata.version(needed.name), prereleases=True)
    except importlib.metadata.PackageNotFoundError:
        return False
