"""How files are named that are no path of the file system: ``s3://bucket/a.dcm`` where another place holds them, and
``ward.zip!/study/a.dcm`` within an archive, ``…!/inner.tar!/b`` within an archive in it.
"""

import os
import re

MARK = "!/"
LOCAL = "file"  # the scheme of paths that have none
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
READ_HERE = (".zip", ".tar", ".tar.gz", ".tgz")
# Names, in lower case, that systems and storage (Synology, QNAP, Windows, macOS, freedesktop.org) give to what is no
# film of anyone's; those that begin with a dot are hidden all the same, and named here for their reason.
_THUMBNAILS = frozenset({"@eadir", ".@__thumb", ".thumbnails", ".thumb", ".appledouble"})
_RECYCLE_BINS = frozenset({"#recycle", "@recycle", ".recycle", "$recycle.bin", "recycler", "network trash folder"})
_SYSTEM = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "__macosx", "system volume information"),
        *("lost+found", "#snapshot", "@recently-snapshot", "@sharebin", "@tmp", "temporary items"),
    }
)
_PASSED_OVER = _SYSTEM | _THUMBNAILS | _RECYCLE_BINS
_PACKED = (".bz2", ".xz", ".zst", ".lz4", ".z")  # one file each: a tar archive, a film, anything
_NOT_READ = (".7z", ".rar", ".iso", ".cab", ".tbz", ".tbz2", ".txz", ".tzst")
_PART = re.compile(r"\.((zip|7z|tar|iso)\.\d{2,3}|z\d\d|r\d\d)$")  # of an archive in several


def scheme(path: str) -> str:
    """Return the scheme of an address, in small letters; ``file`` for a path."""
    found = _SCHEME.match(path)
    return found[1].lower() if found else LOCAL


def named_as_archive(path: str) -> bool:
    """Whether a name ends as those of archives that are read here do; case does not matter."""
    return path.lower().endswith(READ_HERE)


def named_as_other_archive(path: str) -> bool:
    """Whether a name ends as those of archives that are not read here, and of their parts, do."""
    name = path.lower()
    return name.endswith(_NOT_READ) or unpacked_name(name).endswith(".tar") or bool(_PART.search(name))


def unpacked_name(path: str) -> str:
    """Return the name of what a file holds that is packed in a way that is not read here; empty for another file."""
    stem, extension = os.path.splitext(path)
    return stem if extension.lower() in _PACKED else ""


def split(path: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the archive's path and the names within, outermost first; None for a path of the file system.

    A file or folder that is really called so comes first.
    """
    at = path.find(MARK)
    while at >= 0:
        if os.path.isfile(path[:at]):
            return None if os.path.lexists(path) else (path[:at], tuple(path[at + len(MARK) :].split(MARK)))
        at = path.find(MARK, at + 1)
    return None


def safe_name(name: str) -> str:
    """Return a member's name as it is shown and found again: below its archive, whatever the archive says.

    Absolute names and ``..`` lead nowhere, since nothing is ever written; they are left out all the same.
    """
    parts = [part for part in name.replace("\0", "_").split("/") if part not in ("", ".", "..")]
    return "/".join(parts).replace(MARK, "!_/") or "unnamed"


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is passed over unless it is named itself."""
    return name.startswith(".") or name.lower() in _PASSED_OVER


def hidden_kind(name: str, *, is_folder: bool) -> str:
    """Say why it is passed over."""
    known = name.lower()
    if is_folder and (known in _RECYCLE_BINS or known.startswith(".trash")):
        return "recycle bin"
    if is_folder and known in _THUMBNAILS:
        return "folder of thumbnails"
    return f"{'hidden' if name.startswith('.') else 'system'} {'folder' if is_folder else 'file'}"


def hidden_below(name: str) -> str | None:
    """Say why a file of this path below a folder, an archive or an address is passed over; None for one that is not."""
    *folders, file = [part for part in name.split("/") if part not in (".", "..")] or [""]  # such keys are only odd
    if hidden := next(filter(is_hidden, folders), None):
        return f"file of a {hidden_kind(hidden, is_folder=True)}"
    return hidden_kind(file, is_folder=False) if is_hidden(file) else None
