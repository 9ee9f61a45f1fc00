"""The DICOM header of a film that a scan recorded, for reports that copy from it what the standard asks for."""

from pydicom.dataset import FileDataset

from xrayscan.decode.dicom.read import read_dataset
from xrayscan.decode.gzipped import MAGIC, inflate
from xrayscan.decode.limits import Limits
from xrayscan.explain.unchanged import read_unchanged
from xrayscan.worklist.worklist import WorklistRow


def read_header(row: WorklistRow) -> FileDataset:
    """Read the data set of a row's film without its pixels, if it is still the file that was scored.

    It holds what identifies a person: keep it in memory, and what pydicom says of it from logs
    (`xrayscan.header_kept_private`). Raises: DecodeError, whose text quotes nothing of it.
    """
    data = read_unchanged(row.source, row.facts.sha256)
    limits = Limits()
    dataset = read_dataset(inflate(data, limits) if data.startswith(MAGIC) else data, limits)
    dataset.pop("PixelData", None)
    return dataset
