"""What the system says about a file becomes a code, whatever its phrase."""

import errno

import pytest

from xrayscan.errors import Code
from xrayscan.sources.reading import code_of


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EIO, Code.UNREADABLE),
        (errno.ESTALE, Code.UNREADABLE),
        (errno.EHOSTDOWN, Code.UNREADABLE),
        (errno.EMFILE, Code.UNREADABLE),
        (errno.EACCES, Code.NOT_PERMITTED),
        (errno.EPERM, Code.NOT_PERMITTED),
        (errno.ENOENT, Code.NOT_FOUND),
        (errno.EISDIR, Code.NOT_A_FILE),
    ],
)
def test_errors_of_the_system_have_a_code(number, code):
    assert code_of(OSError(number, "whatever it says")) is code
