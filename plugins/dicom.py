"""In the hospital: films from a DICOMweb server, results as DICOM objects, and their way to the archive."""

import importlib.util
from dataclasses import dataclass

from xrayscan import PageSettings, Worklist, hookimpl

from .dicom_send import TLS, Dimse, Stow
from .dicomweb import SCHEMES
from .dicomweb_films import DicomWebFilms


@dataclass(frozen=True)
class DicomReport:
    """A folder of DICOM objects. What makes them is imported when they are made."""

    name: str
    shows_pictures: bool
    sent_suffix: str = ".dcm"

    @property
    def suffix(self) -> str:
        """The folder is ``triage.dicom-sr``, or whatever it is called."""
        return self.name

    @property
    def missing(self) -> str:
        """What it needs: highdicom."""
        if importlib.util.find_spec("highdicom") is None:
            return f"--format {self.name} needs another package: pip install 'xrayscan[dicom]'"
        return ""

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        """Write the objects, and beside them which is whose."""
        from . import dicom_sc, dicom_sr
        from .dicom_objects import write_objects

        made = {each.NAME: each for each in (dicom_sr, dicom_sc)}[self.name]
        write_objects(made.wanted(worklist, page), self.name, worklist, path)


@hookimpl
def register_reports(register) -> None:  # type: ignore[no-untyped-def]
    """Offer ``dicom-sr`` and ``dicom-sc``."""
    register(DicomReport("dicom-sr", shows_pictures=False))
    register(DicomReport("dicom-sc", shows_pictures=True))


@hookimpl
def register_sinks(register) -> None:  # type: ignore[no-untyped-def]
    """Offer C-STORE and STOW-RS."""
    for name in ("dimse", TLS):
        register(Dimse(name))
    for scheme in SCHEMES:
        register(Stow(scheme))


@hookimpl
def register_sources(register) -> None:  # type: ignore[no-untyped-def]
    """Offer DICOMweb servers."""
    for scheme in SCHEMES:
        register(DicomWebFilms(scheme))
