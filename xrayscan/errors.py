"""How a file may end, and every exception of xrayscan.

A path ends in one of four ways, and a closed list of codes says why one was not scored. Exceptions form one tree, whose
classes choose the exit code and whose text is the whole message.
"""

from enum import StrEnum


class Status(StrEnum):
    """The four ends of a path. found = scored + set aside + failed + skipped, always."""

    SCORED = "scored"  # it has a probability
    SET_ASIDE = "set aside"  # readable, but not for a model of chest films to judge
    FAILED = "failed"  # looks like an image and could not be read or scored
    SKIPPED = "skipped"  # no image, or not to be read: a text file, a hidden file, another name of a file


class Code(StrEnum):
    """Why a file was not scored: a closed list, on which remedies hang. The record's reason says it in words."""

    EMPTY = "empty"  # a file of no bytes
    TRUNCATED = "truncated"  # a part of the file is missing
    DAMAGED = "damaged"  # the content contradicts itself, or its decoder gave up
    HEADER = "header"  # an attribute that is missing or contradictory, and no default is unambiguous
    ZERO_SIZE = "zero-size"  # an image without rows or columns
    NO_PIXELS = "no-pixels"  # DICOM without an image, such as a structured report
    MULTI_FRAME = "multi-frame"  # DICOM of several frames
    MULTI_PAGE = "multi-page"  # TIFF of several pages, several pictures in one PNG or PGM, or an animation
    UNSUPPORTED_FORMAT = "unsupported-format"  # an image of a format that no decoder reads
    UNSUPPORTED_ARCHIVE = "unsupported-archive"  # an archive that is not read, or packed in a way that is not
    UNSUPPORTED_ENCODING = "unsupported-encoding"  # a known format, compressed or coded in a way that is not read
    UNSUPPORTED_VALUES = "unsupported-values"  # floating point, or deeper than 16 bits
    MISNAMED = "misnamed"  # named as an image, and none by its content
    FILE_TOO_LARGE = "file-too-large"  # more bytes than a radiograph has
    TOO_MANY_PIXELS = "too-many-pixels"  # more pixels than a radiograph has
    ENCRYPTED = "encrypted"  # an archive, or a file in it, that needs a password
    ARCHIVE_TOO_LARGE = "archive-too-large"  # more files, or more archives within archives, than are read
    INFLATES_TOO_FAR = "inflates-too-far"  # a small file that unpacks to a huge one
    MEMORY = "memory"  # decoding it needed more memory than there is
    CRASHED = "crashed"  # decoding it crashed the reader process
    TIMED_OUT = "timed-out"  # decoding it took too long
    NOT_FINITE = "not-finite"  # the model's answer is not a number
    NOT_FOUND = "not-found"  # a path that was given and is not there
    BAD_ADDRESS = "bad-address"  # an address of a scheme that no plugin reads, or that holds credentials
    CHANGED = "changed"  # it did not keep still while it was read
    VANISHED = "vanished"  # found, and gone before it was read
    BROKEN_LINK = "broken-link"  # a link that leads nowhere, or in a circle
    NOT_PERMITTED = "not-permitted"  # no right to read it
    TOO_BROAD = "too-broad"  # a root, a drive or a home folder in a list of paths
    UNREADABLE = "unreadable"  # the system could not read it: an I/O error, a stale handle, a host that is down
    NOT_A_FILE = "not-a-file"  # a pipe, a socket, a device
    RAW_DETECTOR = "raw-detector-image"  # pixels of the detector, not processed for reading
    OTHER_MODALITY = "other-modality"  # DICOM that is no radiograph: CT, MR, ultrasound, …
    TOO_SMALL = "too-small"  # fewer than 64 pixels a side
    NO_CONTRAST = "no-contrast"  # constant or nearly constant
    SATURATED = "saturated"  # almost only pure black and white: a drawing, a page of text
    COLOUR = "colour"  # a colour picture
    NOT_AN_IMAGE = "not-an-image"  # neither looks like an image nor is named as one
    DICOM_DIRECTORY = "dicom-directory"  # a DICOMDIR, which only lists images
    FOUND_ALREADY = "found-already"  # another path to a file that was found before
    HIDDEN = "hidden"  # its name begins with a dot, or is what systems call thumbnails, recycle bins and the like
    ARCHIVED_LINK = "archived-link"  # a link within an archive: what it names is read under its own name
    OWN_OUTPUT = "own-output"  # written by xrayscan itself
    EXCLUDED = "excluded"  # excluded by the user

    @property
    def status(self) -> Status:
        """Failed, set aside or skipped: exactly one."""
        if self in _SET_ASIDE:
            return Status.SET_ASIDE
        return Status.SKIPPED if self in _SKIPPED else Status.FAILED


_SET_ASIDE = frozenset(
    (Code.RAW_DETECTOR, Code.OTHER_MODALITY, Code.TOO_SMALL, Code.NO_CONTRAST, Code.SATURATED, Code.COLOUR)
)
_SKIPPED = frozenset(
    (
        Code.NOT_AN_IMAGE,
        Code.DICOM_DIRECTORY,
        Code.FOUND_ALREADY,
        Code.HIDDEN,
        Code.ARCHIVED_LINK,
        Code.OWN_OUTPUT,
        Code.EXCLUDED,
    )
)


class XrayscanError(Exception):
    """Base of every error that a user can mend. The text says what is wrong, where, and what to do about it."""

    exit_code = 1


class UsageError(XrayscanError):
    """Wrong usage that shows only once work has begun: a device that is not there, settings that exclude each other."""

    exit_code = 2


class InputError(XrayscanError):
    """Nothing in the input could be used: no radiograph to score, no scan to report, a label without films."""

    exit_code = 3


class ModelError(XrayscanError):
    """An unknown backend, a name taken twice, wrong parameters, or a model file that cannot be used."""

    exit_code = 4


class OutputError(XrayscanError):
    """A report or store that cannot be written."""

    exit_code = 5


class PeerLostError(XrayscanError):
    """Another process of a training run has ended, so that this one cannot go on: that one says why."""


class DecodeError(XrayscanError):
    """One file that cannot be scored. Its text is the reason in the worklist, such as "truncated JPEG".

    ``code`` says the same to programs. How the file ends follows from it, and so does what to do about it.
    """

    exit_code = 3

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code

    def __reduce__(self) -> tuple[type["DecodeError"], tuple[Code, str]]:
        return type(self), (self.code, str(self))

    @property
    def status(self) -> Status:
        """Failed; set aside, if it is nothing that a model may judge; skipped, if nobody would call it an image."""
        return self.code.status
