"""The DICOM header of a film that a scan recorded, for reports that copy from it what the standard asks for."""

import hashlib

from pydicom.dataset import FileDataset

from xrayscan.decode.dicom.read import read_dataset
from xrayscan.decode.gzipped import MAGIC, inflate
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError
from xrayscan.explain.evidence import CHANGED
from xrayscan.plugin.sources import read_file
from xrayscan.worklist.worklist import WorklistRow


def read_header(row: WorklistRow) -> FileDataset:
    """Read the data set of a row's film without its pixels, if it is still the file that was scored.

    It holds what identifies a person: keep it in memory, and what pydicom says of it from logs
    (`xrayscan.header_kept_private`). Raises: DecodeError, whose text quotes nothing of it.
    """
    data = read_file(row.source)
    if hashlib.sha256(data).hexdigest() != row.facts.sha256:
        raise DecodeError(Code.CHANGED, CHANGED)
    limits = Limits()
    dataset = read_dataset(inflate(data, limits) if data.startswith(MAGIC) else data, limits)
    dataset.pop("PixelData", None)
    return dataset
