"""Films as files of a spool folder: whole and durable before the sender hears that they were taken."""

import contextlib
import hashlib
import os
import re
import shutil
import threading

from xrayscan.errors import OutputError
from xrayscan.files.atomic import sync_folder, write_new, writing
from xrayscan.files.run_folder import make_folder

UID = re.compile(r"[0-9](?:[0-9.]{0,62}[0-9])?")  # PS3.5 9.1, without its rule on leading zeros, which many break
PART = re.compile(r"\.[0-9.]+-\d+\.part")


class Spool:
    """One folder, filled from several threads."""

    def __init__(self, folder: str, *, share: bool = False) -> None:
        make_folder(folder, share=share)
        self._folder, self._naming = folder, threading.Lock()
        with writing(folder):
            for name in filter(PART.fullmatch, os.listdir(folder)):  # of a process that was killed: nobody was told
                os.unlink(os.path.join(folder, name))

    def free(self) -> int:
        """Bytes that are free on its disk."""
        return shutil.disk_usage(self._folder).free

    def keep(self, uid: str, data: bytes) -> None:
        """Write one film under its SOP Instance UID. The same film once more changes nothing.

        Another film of the same UID gets a name of its own: which is the right one is not ours to say.
        Raises: OSError; OutputError for what is no UID.
        """
        if not UID.fullmatch(uid):
            raise OutputError("the SOP Instance UID is none")
        part = os.path.join(self._folder, f".{uid}-{threading.get_ident()}.part")
        try:
            write_new(part, data)
            for name in (f"{uid}.dcm", f"{uid}-{hashlib.sha256(data).hexdigest()[:16]}.dcm"):
                if self._named(part, os.path.join(self._folder, name), data):
                    break
            sync_folder(self._folder)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)

    def _named(self, part: str, path: str, data: bytes) -> bool:
        """Give the file its name, if that is free; whether this film has it now."""
        with self._naming, contextlib.suppress(FileExistsError):
            if not os.path.lexists(path):
                _give_name(part, path)
                return True
        with open(path, "rb") as file:
            return file.read() == data


def _give_name(part: str, path: str) -> None:
    """Give a file a name that was free. Raises: OSError; FileExistsError if another process has it meanwhile."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, such as many shares
        os.rename(part, path)
