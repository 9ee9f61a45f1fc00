"""Which format a file is, told by its first bytes; its name only says what somebody thought it was."""

import os
import re

HEAD_BYTES = 4096  # enough for every signature below

# Formats that hold pictures and are not read: offset, signature, name.
_NOT_READ = (
    (0, b"II+\x00", "BigTIFF"),
    (0, b"MM\x00+", "BigTIFF"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"II\xbc", "JPEG XR"),
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
    (344, b"n+1\x00", "NIfTI"),
    (344, b"ni1\x00", "NIfTI"),
    (4, b"n+2\x00\r\n\x1a\n", "NIfTI"),
    (4, b"ni2\x00\r\n\x1a\n", "NIfTI"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIF", b"heix": "HEIF", b"mif1": "HEIF", b"msf1": "HEIF"}

_NAMED_READ = ".jpg .jpeg .jpe .jfif .png .tif .tiff .bmp .dib .dcm .dicom .dic .ima .pgm .ppm .pbm .pnm"
_NAMED_NOT_READ = (
    ".gif .webp .jp2 .j2k .jpf .jpx .j2c .jpc .jls .jxl .jxr .heic .heif .avif .psd .nii .nrrd .nhdr .mha .mhd .exr"
)
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


def is_dicom(head: bytes) -> bool:
    """Whether a DICOM file begins so: with its preamble, with the prefix alone, or with its first element.

    Source: DICOM PS3.10 section 7.1 (preamble and prefix); the data set without them is PS3.5 section 7.1.
    """
    return head[128:132] == b"DICM" or head[:4] == b"DICM" or (len(head) >= 12 and bool(_BARE_DICOM.match(head)))


def not_read(head: bytes) -> str | None:
    """Name a format that holds pictures and is not read here, such as "NIfTI" or "PDF"; None for anything else."""
    for at, signature, name in _NOT_READ:
        if head.startswith(signature, at):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return _BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None


def named_as_image(path: str) -> bool:
    """Whether a file name ends as those of images do, of formats read here or not; case does not matter."""
    name = path.lower()
    return os.path.splitext(name.removesuffix(".gz"))[1] in _EXTENSIONS
