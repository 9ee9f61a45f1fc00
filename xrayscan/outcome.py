"""How a path found by a scan ends, and why it was not scored."""

from enum import StrEnum


class Status(StrEnum):
    """The four ends of a path. found = scored + set aside + failed + skipped, always."""

    SCORED = "scored"
    SET_ASIDE = "set aside"  # readable, but not for a model of chest films to judge
    FAILED = "failed"  # looks like an image and could not be read or scored
    SKIPPED = "skipped"  # no image, or not to be read: a text file, a hidden file, another name of a file


class Code(StrEnum):
    """Why a file was not scored: a closed list, on which remedies hang. The record's reason says it in words."""

    EMPTY = "empty"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    HEADER = "header"  # an attribute that is missing or contradictory, and no default is unambiguous
    ZERO_SIZE = "zero-size"
    NO_PIXELS = "no-pixels"
    MULTI_FRAME = "multi-frame"
    MULTI_PAGE = "multi-page"
    UNSUPPORTED_FORMAT = "unsupported-format"
    UNSUPPORTED_ENCODING = "unsupported-encoding"
    UNSUPPORTED_VALUES = "unsupported-values"  # floating point, or deeper than 16 bits
    MISNAMED = "misnamed"
    FILE_TOO_LARGE = "file-too-large"
    TOO_MANY_PIXELS = "too-many-pixels"
    INFLATES_TOO_FAR = "inflates-too-far"
    MEMORY = "memory"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    NOT_FINITE = "not-finite"
    NOT_FOUND = "not-found"
    VANISHED = "vanished"
    BROKEN_LINK = "broken-link"
    NOT_PERMITTED = "not-permitted"
    UNREADABLE = "unreadable"  # the system could not read it: an I/O error, a stale handle, a host that is down
    NOT_A_FILE = "not-a-file"  # a pipe, a socket, a device
    RAW_DETECTOR = "raw-detector-image"
    OTHER_MODALITY = "other-modality"
    TOO_SMALL = "too-small"
    NO_CONTRAST = "no-contrast"
    SATURATED = "saturated"
    COLOUR = "colour"
    NOT_AN_IMAGE = "not-an-image"
    DICOM_DIRECTORY = "dicom-directory"
    FOUND_ALREADY = "found-already"
    HIDDEN = "hidden"
    OWN_OUTPUT = "own-output"
    EXCLUDED = "excluded"

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
    (Code.NOT_AN_IMAGE, Code.DICOM_DIRECTORY, Code.FOUND_ALREADY, Code.HIDDEN, Code.OWN_OUTPUT, Code.EXCLUDED)
)
