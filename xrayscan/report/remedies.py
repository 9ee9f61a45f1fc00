"""What to do about a file that was not scored, in words for whoever reads the report."""

from xrayscan.errors import Code

_COPY_AGAIN = "Export or copy the film again: {}."
_LOOK = "Look at it yourself; {}."
REMEDIES = {
    Code.EMPTY: _COPY_AGAIN.format("nothing arrived"),
    Code.TRUNCATED: _COPY_AGAIN.format("part of it is missing"),
    Code.DAMAGED: _COPY_AGAIN.format("its content is damaged"),
    Code.ZERO_SIZE: _COPY_AGAIN.format("the image is empty"),
    Code.HEADER: "Its header contradicts itself: export it from the archive once more, or convert it to 16-bit PNG.",
    Code.NO_PIXELS: "No image inside (such as a structured report): nothing to score.",
    Code.MULTI_FRAME: "Export the frames as single images, then scan these.",
    Code.MULTI_PAGE: "Save the pages as single images, then scan these.",
    Code.UNSUPPORTED_FORMAT: "Export the film as DICOM or 16-bit PNG, without scaling it down, then scan again.",
    Code.UNSUPPORTED_ARCHIVE: "Unpack it, then scan the folder.",
    Code.UNSUPPORTED_ENCODING: "Export it uncompressed (Explicit VR Little Endian) or as 16-bit PNG, then scan again.",
    Code.UNSUPPORTED_VALUES: "Convert it to 16-bit grey, without scaling it down, then scan again.",
    Code.MISNAMED: "Look at it: it does not seem to be an image, whatever its name says.",
    Code.FILE_TOO_LARGE: _LOOK.format("if it is one film, raise --max-file-size and scan again"),
    Code.TOO_MANY_PIXELS: _LOOK.format("if it is one film, raise --max-pixels and scan again"),
    Code.INFLATES_TOO_FAR: _LOOK.format("if it is one film, export it uncompressed and scan again"),
    Code.ENCRYPTED: "Remove the password and scan again.",
    Code.ARCHIVE_TOO_LARGE: "Unpack it, then scan the folder.",
    Code.MEMORY: "Scan it with --workers 1, or on a machine with more memory.",
    Code.CRASHED: _LOOK.format("and report it with the file if you may: decoding it crashed the reader process"),
    Code.TIMED_OUT: _LOOK.format("if its server was only slow, scan again with a longer --file-timeout"),
    Code.NOT_FINITE: _LOOK.format("the model has no answer for it"),
    Code.NOT_FOUND: "Check the path that was given.",
    Code.BAD_ADDRESS: "Correct the address; credentials belong in the environment, sources are in `xrayscan plugins`.",
    Code.CHANGED: "Wait until it is complete, then run the same command again.",
    Code.VANISHED: "Scan again; if it was moved, scan the folder that holds it now.",
    Code.BROKEN_LINK: "Mend the link, or scan the folder that holds the file itself.",
    Code.NOT_PERMITTED: "Ask for the right to read it, then run the same command again.",
    Code.TOO_BROAD: "Correct the list, or give the folder as an argument.",
    Code.UNREADABLE: "The disk or network drive or store did not give it: check it, then run the same command again.",
    Code.NOT_A_FILE: "Give the film as an ordinary file.",
    Code.RAW_DETECTOR: "Export the image meant for display (FOR PRESENTATION), then scan that.",
    Code.OTHER_MODALITY: "Read it without the model's help: it judges radiographs only.",
    Code.TOO_SMALL: "Export the film at its full size, then scan again.",
    Code.NO_CONTRAST: "Look at the file: it shows nothing, or nearly nothing.",
    Code.SATURATED: "Look at the file: it seems to be a drawing or a page of text.",
    Code.COLOUR: "Look at it: it does not seem to be a radiograph.",
    Code.DICOM_DIRECTORY: "It only lists images: scan the files that it names.",
}
OTHERWISE = "Look at the film yourself; it has no place in the order."


def remedy(code: str) -> str:
    """Return one or two sentences on what to do about files that were not scored for a reason with this code."""
    return REMEDIES.get(Code(code), OTHERWISE) if code in set(Code) else OTHERWISE
