"""How a path found by a scan ends."""

from enum import StrEnum


class Status(StrEnum):
    """The four ends of a path. found = scored + set aside + failed + skipped, always."""

    SCORED = "scored"
    SET_ASIDE = "set aside"  # readable, but not for a model of chest films to judge
    FAILED = "failed"  # looks like an image and could not be read or scored
    SKIPPED = "skipped"  # no image, or not to be read: a text file, a hidden file, another name of a file
