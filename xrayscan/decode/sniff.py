"""Which format a file is, told by its first bytes; its name only says what somebody thought it was."""

import os
import re

HEAD_BYTES = 4096  # enough for every signature below

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "BigTIFF"),
    (b"MM\x00+", "BigTIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"8BPS", "Photoshop"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIF", b"heix": "HEIF", b"mif1": "HEIF", b"msf1": "HEIF"}

_READ_HERE = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".tif",
    ".tiff",
    ".bmp",
    ".dib",
    ".dcm",
    ".dicom",
    ".dic",
    ".ima",
)
_NOT_READ = (".gif", ".webp", ".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc", ".jls", ".jxl", ".heic", ".heif", ".avif")
_EXTENSIONS = frozenset(_READ_HERE + _NOT_READ)

_BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)

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


def sniff(head: bytes) -> str | None:
    """Return what the first bytes (up to ``HEAD_BYTES``) of a file say it is; None if they say nothing.

    Read by :func:`xrayscan.decode.decode`: "JPEG", "PNG", "TIFF", "BMP", "DICOM" (also without its preamble). Named
    so that the reason can say so: "GIF", "WebP", "JPEG 2000", "JPEG XL", "HEIF", "AVIF", "BigTIFF", "Photoshop".
    Source: DICOM PS3.10 section 7.1 (preamble and prefix); the data set without them is PS3.5 section 7.1.
    """
    if head[128:132] == b"DICM":  # first: the preamble may hold the head of a TIFF
        return "DICOM"
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return _BRANDS[head[8:12]]
    if _is_bmp(head):
        return "BMP"
    return "DICOM" if _is_bare_dicom(head) else None


def named_as_image(path: str) -> bool:
    """Whether a file name ends as those of images do, of formats read here or not; case does not matter."""
    return os.path.splitext(path)[1].lower() in _EXTENSIONS


def _is_bmp(head: bytes) -> bool:
    """Two letters are too few to go by: the reserved bytes are zero and the header size is one of those defined."""
    size = int.from_bytes(head[14:18], "little")
    return head[:2] == b"BM" and head[6:10] == bytes(4) and size in _BMP_HEADER_SIZES


def _is_bare_dicom(head: bytes) -> bool:
    return len(head) >= 12 and _BARE_DICOM.match(head) is not None
