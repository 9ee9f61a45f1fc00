"""A folder that is complete or not there, and takes over what an older one of its name has already."""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from xrayscan.files.atomic import ANOTHER_OUT, new_folder, second_name, sync_folder, write_new, writing

PART, OLD = ".part", ".old"  # endings of the new folder until it is whole, and of the older one until it is gone


@dataclass(frozen=True, slots=True)
class NewFolder:
    """A folder that is being written. Both methods raise OSError."""

    path: str  # where the files go
    older: str  # the folder that it will replace, or nothing

    def keep(self, name: str) -> bool:
        """Take over the file of this name from the older folder; false if there is none. A link is not followed."""
        old = os.path.join(self.older, name)
        try:
            if not stat.S_ISREG(os.lstat(old).st_mode):
                return False
        except (FileNotFoundError, NotADirectoryError):
            return False
        second_name(old, os.path.join(self.path, name))
        return True

    def add(self, name: str, content: bytes) -> None:
        """Write a file. Raises: FileExistsError for a name that was given before."""
        write_new(os.path.join(self.path, name), content)


@contextlib.contextmanager
def atomic_folder(path: str, remedy: str = ANOTHER_OUT) -> Iterator[NewFolder]:
    """Open a folder that takes its name, and any older one's place, once all its files are on disk.

    What a killed process leaves behind is called ``path.part`` or ``path.old``, and the next writer removes it; a link
    of any of these names is replaced, not followed. The folder is open to whom its parent is open to.
    Raises: OutputError that names the path and ends in ``remedy``.
    """
    part, old = path + PART, path + OLD
    with writing(path, remedy):
        try:
            remove(part)
            new_folder(part)
            yield NewFolder(part, path)
            sync_folder(part)
            remove(old)
            with contextlib.suppress(FileNotFoundError):
                os.rename(path, old)
            os.rename(part, path)
            sync_folder(os.path.dirname(path))
        finally:
            with contextlib.suppress(OSError):
                remove(part)
            with contextlib.suppress(OSError):
                if os.path.lexists(path):
                    remove(old)


def remove(path: str) -> None:
    """Remove a folder with all it holds, or whatever else has its name, if there is any. Raises: OSError."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
