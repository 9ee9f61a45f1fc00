"""Which format a file is, told by its first bytes; its name only says what somebody thought it was."""

import os
import re

from xrayscan.errors import Code, DecodeError

# Formats that hold pictures and are not read: offset, signature, name.
_NOT_READ = (
    (0, b"MM\x00+", "big-endian BigTIFF"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"II\xbc", "JPEG XR"),
    (0, b"\x1a\x45\xdf\xa3", "video"),
    (0, b"\x00\x00\x01\xba", "video"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF-", "PDF"),
    (0, b"%!PS", "PostScript"),
    (0, b"\x93NUMPY", "NumPy"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5"),
    (0, b"CDF\x01", "NetCDF"),
    (0, b"CDF\x02", "NetCDF"),
    (0, b"NRRD000", "NRRD"),
    (0, b"ObjectType =", "MetaImage"),
    (0, b"NDims =", "MetaImage"),
    (0, b"MATLAB 5.0", "MATLAB"),
    (0, b"SIMPLE  =", "FITS"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"P7\n", "PAM"),
    (0, b"Pf\n", "PFM"),
    (0, b"PF\n", "PFM"),
    (0, b"\x0a\x05\x01", "PCX"),
    (0, b"AT&TFORM", "DjVu"),
    (0, b"qoif", "QOI"),
    (0, b"BPG\xfb", "BPG"),
    (0, b"\x59\xa6\x6a\x95", "Sun raster"),
    (0, b"!INTERFILE", "Interfile"),
    (0, b"# vtk DataFile", "VTK"),
    (344, b"n+1\x00", "NIfTI"),
    (344, b"ni1\x00", "NIfTI"),
    (4, b"n+2\x00\r\n\x1a\n", "NIfTI"),
    (4, b"ni2\x00\r\n\x1a\n", "NIfTI"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIF", b"heix": "HEIF", b"mif1": "HEIF", b"msf1": "HEIF"}
_VIDEO = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ", b"3gp4", b"3gp5")
_BRANDS |= dict.fromkeys(_VIDEO, "video")

_NAMED_READ = ".jpg .jpeg .jpe .jfif .png .tif .tiff .bmp .dib .dcm .dicom .dic .ima .pgm .ppm .pbm .pnm"
_NAMED_NOT_READ = (
    ".gif .webp .jp2 .j2k .jpf .jpx .j2c .jpc .jls .jxl .jxr .heic .heif .avif .psd .nii .nrrd .nhdr .mha .mhd .exr"
    " .tga .pcx .djvu .qoi .pdf .npy .npz .h5 .hdf5 .svs .avi .mp4 .mov .mkv"
)
# A ZIP archive; text that may begin anyhow; no mark at its beginning.
_TOLD_BY_NAME = {".npz": "NumPy", ".mhd": "MetaImage", ".mha": "MetaImage", ".nhdr": "NRRD", ".tga": "TGA"}
_EXTENSIONS = frozenset((_NAMED_READ + " " + _NAMED_NOT_READ).split())

# DICOM PS3.5 section 6.2
_VRS = b"AE|AS|AT|CS|DA|DS|DT|FL|FD|IS|LO|LT|OB|OD|OF|OL|OV|OW|PN|SH|SL|SQ|SS|ST|SV|TM|UC|UI|UL|UN|UR|US|UT|UV"
# The first element of a data set without preamble: group 0002 or 0008, an even element number below 0x0100 (0002) or
# any (0008), then a VR, or (implicit) a length below 256 bytes.
_BARE_DICOM = re.compile(
    rb"(?:\x02\x00[\x00-\x02\x10-\x18]\x00|\x08\x00[\x00-\x21].)"
    rb"(?:(?:" + _VRS + rb")|[\x00-\xff]\x00\x00\x00)"
    rb"|(?:\x00\x02\x00[\x00-\x02\x10-\x18]|\x00\x08.[\x00-\xff])"
    rb"(?:(?:" + _VRS + rb")|\x00\x00\x00[\x00-\xff])",
    re.DOTALL,
)

# DICOM PS3.10 section 7.1. Prefix and first element, which is the length of the file meta information: they tell a
# preamble of which a part was cut off.
_PREFIX = b"DICM"
_META = _PREFIX + b"\x02\x00\x00\x00UL\x04\x00"
_PREAMBLE_BYTES = 128
_META_START = _PREAMBLE_BYTES + len(_PREFIX)


def before_meta(head: bytes) -> int:
    """Return how many bytes stand before the file meta information: those of preamble and prefix, or 0 without them."""
    return _META_START if head[_PREAMBLE_BYTES:_META_START] == _PREFIX else 0


def cut_from_preamble(head: bytes) -> int:
    """Return how many bytes of the preamble of a DICOM file are missing; 0 if none are, or this is no such file."""
    at = 0 if head.startswith(_PREFIX) else head.find(_META, 0, _PREAMBLE_BYTES + len(_META))
    return _PREAMBLE_BYTES - at if at >= 0 else 0


def is_dicom(head: bytes) -> bool:
    """Whether a DICOM file begins so: with its preamble, or what is left of it, or with its first element.

    Source: DICOM PS3.10 section 7.1 (preamble and prefix); the data set without them is PS3.5 section 7.1.
    """
    if before_meta(head) or cut_from_preamble(head):
        return True
    return len(head) >= 12 and bool(_BARE_DICOM.match(head))


def not_read(head: bytes) -> str | None:
    """Name a format that holds pictures and is not read here, such as "NIfTI" or "PDF"; None for anything else."""
    for at, signature, name in _NOT_READ:
        if head.startswith(signature, at):
            return name
    if head[:4] == b"RIFF":
        return {b"WEBP": "WebP", b"AVI ": "video"}.get(head[8:12])
    return _BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None


def unsupported(name: str) -> DecodeError:
    """What a file of such a format is refused with."""
    return DecodeError(Code.UNSUPPORTED_FORMAT, f"{name} is not supported: convert it to PNG or JPEG")


def named_as_not_read(path: str) -> str | None:
    """Name a format that holds pictures, is not read here, and is told by the end of a file's name alone."""
    return _TOLD_BY_NAME.get(os.path.splitext(path.lower().removesuffix(".gz"))[1])


def named_as_image(path: str) -> bool:
    """Whether a file name ends as those of images do, of formats read here or not; case does not matter."""
    name = path.lower()
    return os.path.splitext(name.removesuffix(".gz"))[1] in _EXTENSIONS
