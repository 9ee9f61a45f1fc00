"""A labelled folder: which films it holds, what humans said of them, and whose they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xrayscan.dataset.folder_settings import FolderSettings as FolderSettings
from xrayscan.dataset.layout import list_csv, list_folders
from xrayscan.dataset.patients import compiled, identified_by, patients
from xrayscan.files.paths import Path, path_text
from xrayscan.files.text import counted

FEWEST_PATIENTS = 5  # of a label: the split sets a fifth apart


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """One file of a labelled folder. ``label`` is 1 for positive, 0 for negative.

    ``patient`` is equal for films of one patient and means nothing else. ``patient_key`` names the patient to whoever
    has the same file names or CSV, and may be kept; it is None for what DICOM headers say and for files that count as
    their own patient. ``split`` is train, val, test or None. ``columns`` are the others of the CSV, such as a site,
    by heading in lower case.
    """

    path: str
    label: int
    patient: str
    split: str | None = None
    patient_key: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """What a labelled folder holds, sorted by path. ``labels`` are as the folder spells them, the positive one last.

    ``patients_by`` is a phrase that goes on from "patients were told apart by"; ``warnings`` are sentences.
    """

    films: tuple[LabelledFilm, ...]
    labels: tuple[str, str]
    patients_by: str = "file"
    warnings: tuple[str, ...] = ()


def read_folder(directory: Path, settings: FolderSettings = FolderSettings()) -> LabelledFolder:
    """List labelled films: ``DIR/<LABEL>/…``, ``DIR/{train,val,test}/<LABEL>/…``, or those that a CSV names.

    Labels are compared without regard to case.
    Raises: InputError if there are not two labels, one of them positive, or a label is without a file; UsageError
    for a pattern that is none.
    """
    pattern = compiled(settings.patient_pattern)
    directory = path_text(directory)
    if settings.labels_csv:
        listing = list_csv(directory, path_text(settings.labels_csv), settings)
    else:
        listing = list_folders(directory, settings)
    files = sorted(listing.files, key=lambda file: file.path)
    told, warnings = patients(files, pattern)
    films = tuple(
        LabelledFilm(file.path, listing.labels.index(file.label), who.group, file.split, who.key, file.columns)
        for file, who in zip(files, told, strict=True)
    )
    few = [_few(name, films, label) for label, name in enumerate(listing.labels)]
    return LabelledFolder(
        films, listing.labels, identified_by(told), (*listing.warnings, *warnings, *filter(None, few))
    )


def _few(name: str, films: tuple[LabelledFilm, ...], label: int) -> str | None:
    held = [film for film in films if film.label == label]
    count = len({film.patient for film in held})
    if count >= FEWEST_PATIENTS:
        return None
    return (
        f"{name} has only {counted(len(held), 'film')} of {counted(count, 'patient')}: training "
        f"needs {FEWEST_PATIENTS} patients of each label, and figures on so few mean little"
    )
