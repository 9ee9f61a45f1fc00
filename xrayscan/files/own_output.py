"""What xrayscan itself wrote, so that a scan passes over it: by the place of a run's files, by a mark within a PNG."""

import os
import re
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL import Image

STORE_NAME = "scan.sqlite"  # what makes a folder a scan's
OUT_NAME = "out.json"  # where its reports go, if that is an address
STATUS_NAME = "status.json"  # how far it is, while it runs
_RUN_FILES = re.compile(
    r"scan\.sqlite(-wal|-shm|-journal)?|triage\.[a-z]+(\.gz)?|(run|status|out)\.json|metrics\.prom|"
    r"\d{5,}-[A-Za-z0-9_-]*\.png"
)
_ENDS = (".sqlite", "-wal", "-shm", "-journal", ".json", ".prom", ".png")  # of those without "triage." in their path
_HEATMAPS = "heatmaps"
_REPORT_FOLDER = re.compile(r"triage\.[a-z0-9._-]+")  # of a report that is a folder of files
_PNG = b"\x89PNG\r\n\x1a\n"
_MARK = b"tEXtSoftware\0xrayscan"  # PNG (3rd edition) section 11.3.3.2


def save_png(image: "Image.Image", file: BinaryIO) -> None:
    """Write a PNG that says whose it is."""
    from PIL.PngImagePlugin import PngInfo

    mark = PngInfo()
    mark.add_text("Software", "xrayscan")
    image.save(file, "PNG", pnginfo=mark)


def is_own_output(path: str, head: bytes) -> bool:
    """Whether a file, by its path and first bytes, is a picture that xrayscan wrote, or belongs to a scan's folder."""
    if head.startswith(_PNG) and _MARK in head:
        return True
    if "triage." not in path and not path.endswith(_ENDS):
        return False
    folder, name = os.path.split(path)
    above, last = os.path.split(folder)
    if _REPORT_FOLDER.fullmatch(last):
        folder = above
    elif not _RUN_FILES.fullmatch(name):
        return False
    elif name.endswith(".png"):
        folder = above if last == _HEATMAPS else ""
    return bool(folder) and os.path.isfile(os.path.join(folder, STORE_NAME))
