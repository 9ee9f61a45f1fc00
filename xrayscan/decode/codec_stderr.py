"""What a C codec prints to standard error, taken as the return value it ought to be."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from xrayscan.files.unnamed import unnamed_file

_ONE = threading.RLock()  # threads that begin and end crosswise would leave one's file behind as descriptor 2


@contextmanager
def captured_stderr() -> Iterator[list[str]]:
    """Collect what is written to file descriptor 2 meanwhile; the list is filled when the block ends.

    GDCM's libjpeg prints "Corrupt JPEG data: premature end of data segment" and returns a picture all the same, and
    "Unsupported JPEG data precision 12" before it decodes 12 bits without fault; pylibjpeg-rle prints a stack trace,
    libtiff its complaints. The first is the only sign that pixels are missing, the others would garble the progress
    display.
    The descriptor belongs to the process: another thread's lines of these milliseconds are lost, and threads that
    capture wait for one another.
    """
    said: list[str] = []
    if sys.stderr is not None:
        sys.stderr.flush()
    with _ONE, unnamed_file() as sink:
        try:
            saved = os.dup(2)
        except OSError:  # closed, as under a daemon
            saved = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            sink.seek(0)
            said.extend(sink.read(65536).decode("latin-1").splitlines())
