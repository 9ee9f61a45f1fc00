"""What benchmarks make for themselves: DICOM files of films, and models with random weights."""

import os

import numpy as np

from xrayscan import load_model
from xrayscan.model.backend import FitSettings
from xrayscan.model.calibration import Calibration
from xrayscan.model.card import ModelCard, OperatingPoint
from xrayscan.model.file import save_model
from xrayscan.plugin.manager import load_registry

RANDOM = "random:"  # before a backend's name: a model of it that nobody trained
BITS = 12
DIGITAL_XRAY = "1.2.840.10008.5.1.4.1.1.1.1"


def model_for(reference: str, folder: str):
    """Load a model; one of random weights is made in a folder first."""
    if not reference.startswith(RANDOM):
        return load_model(reference)
    backend = load_registry().backend(reference.removeprefix(RANDOM))
    params = backend.params()
    point = OperatingPoint("balanced", 0.5, 0.5, 0.5, (0.4, 0.6), (0.4, 0.6))
    labels = ("NORMAL", "PNEUMONIA")
    card = ModelCard("random", backend.name, backend.spec(params), labels, 0.5, Calibration(), (point,))
    path = os.path.join(folder, f"{backend.name}.safetensors")
    save_model(path, card, backend.start(params, FitSettings(weights="none")))
    return load_model(path)


def write_dicom(film: str, path: str, *, lossless: bool) -> None:
    """Write a JPEG as a 12-bit digital radiograph at its full size, uncompressed or as JPEG Lossless (process 14)."""
    import pydicom
    from PIL import Image
    from pydicom import uid

    with Image.open(film) as opened:
        values = np.asarray(opened.convert("L"), np.uint16)
    values = (values << 4) + np.random.default_rng(0).integers(0, 16, values.shape, np.uint16)  # what a detector adds
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = DIGITAL_XRAY, uid.generate_uid()
    dataset.StudyInstanceUID = dataset.SeriesInstanceUID = uid.generate_uid()
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "DX", "CHEST", "AP"
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, BITS, BITS - 1, 0
    dataset.WindowCenter, dataset.WindowWidth = 2048, 4096
    dataset.set_pixel_data(values, "MONOCHROME2", BITS)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    if lossless:
        _compress(path)


def _compress(path: str) -> None:
    """Have GDCM write the file again as JPEG Lossless."""
    import gdcm

    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(path)
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    if not reader.Read():
        raise OSError(f"GDCM does not read {path}")
    change.SetInput(reader.GetImage())
    if not change.Change():
        raise OSError(f"GDCM does not compress {path}")
    writer.SetFileName(path)
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    if not writer.Write():
        raise OSError(f"GDCM does not write {path}")
