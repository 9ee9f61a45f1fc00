"""The exceptions of xrayscan: one tree, whose classes choose the exit code and whose text is the whole message."""

from enum import StrEnum


class XrayscanError(Exception):
    """Base of every error that a user can mend. The text says what is wrong, where, and what to do about it."""

    exit_code = 1


class UsageError(XrayscanError):
    """Wrong usage that shows only once work has begun: a device that is not there, settings that exclude each other."""

    exit_code = 2


class InputError(XrayscanError):
    """Nothing in the input could be used: no radiograph to score, or a labelled folder that lacks a label."""

    exit_code = 3


class ModelError(XrayscanError):
    """An unknown backend, a name taken twice, wrong parameters, or a model file that cannot be used."""

    exit_code = 4


class OutputError(XrayscanError):
    """A report or store that cannot be written."""

    exit_code = 5


class Outcome(StrEnum):
    """How a file ended that has no probability."""

    FAILED = "failed"  # it could not be read
    SET_ASIDE = "set aside"  # readable, but not for this model to judge
    SKIPPED = "skipped"  # nobody would call it a radiograph


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
    NOT_AN_IMAGE = "not-an-image"
    DICOM_DIRECTORY = "dicom-directory"
    FOUND_ALREADY = "found-already"
    HIDDEN = "hidden"
    OWN_OUTPUT = "own-output"
    EXCLUDED = "excluded"

    @property
    def outcome(self) -> Outcome:
        """Failed, set aside or skipped: exactly one."""
        if self in _SET_ASIDE:
            return Outcome.SET_ASIDE
        return Outcome.SKIPPED if self in SKIPPED else Outcome.FAILED


_SET_ASIDE = frozenset((Code.RAW_DETECTOR, Code.OTHER_MODALITY))
SKIPPED = frozenset(
    (Code.NOT_AN_IMAGE, Code.DICOM_DIRECTORY, Code.FOUND_ALREADY, Code.HIDDEN, Code.OWN_OUTPUT, Code.EXCLUDED)
)


class DecodeError(XrayscanError):
    """One file that cannot be scored. Its text is the reason in the worklist, such as "truncated JPEG".

    ``code`` says the same to programs; the outcome and what to do about it follow from it.
    """

    exit_code = 3

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code

    def __reduce__(self) -> tuple[type["DecodeError"], tuple[Code, str]]:
        return type(self), (self.code, str(self))

    @property
    def ignored(self) -> bool:
        """Whether nobody would call the file a radiograph: it is counted, but asks for no attention."""
        return self.code.outcome is Outcome.SKIPPED
