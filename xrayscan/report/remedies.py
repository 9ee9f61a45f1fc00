"""What to do about a file that could not be scored, in words for whoever reads the report."""

# The first sign found in a reason decides, so the more telling ones stand first.
ADVICE = (
    ("password", "Remove the password and scan again."),
    ("vanished", "Scan again; if it was moved, scan the folder that holds it now."),
    ("no such file", "Check the path that was given."),
    ("dangling link", "Mend the link, or scan the folder that holds the file itself."),
    ("link loop", "Mend the link, or scan the folder that holds the file itself."),
    ("Permission denied", "Ask for the right to read it, then run the same command again."),
    ("unreadable folder", "Ask for the right to read it, then run the same command again."),
    ("empty file", "Export or copy the film again: nothing arrived."),
    ("truncated", "Export or copy the film again: part of it is missing."),
    ("damaged", "Export or copy the film again: its content is damaged."),
    ("hole in the pixel data", "Export or copy the film again: part of it is missing."),
    ("single frames", "Export the frames as single images, then scan these."),
    ("single pages", "Save the pages as single images, then scan these."),
    ("export it uncompressed", "Export it uncompressed (Explicit VR Little Endian), then scan again."),
    ("convert it", "Convert it as said, without scaling it down, then scan again."),
    ("not supported", "Convert it to 16-bit PNG or uncompressed DICOM, then scan again."),
    ("no pixel data", "It holds no image, such as a report: nothing to score. Read it elsewhere."),
    ("DICOM directory", "It only lists images: scan the files that it names."),
    ("too little to judge", "Export the film at its full size, then scan again."),
    ("nothing to judge", "Look at the file: it shows nothing, or nearly nothing."),
    ("no film to judge", "Look at the file: it seems to be a drawing or a page of text."),
    ("not a radiograph", "Look at it: it does not seem to be a radiograph."),
    ("not an image", "Look at it: it does not seem to be an image, whatever its name says."),
    ("zero size", "Export or copy the film again: the image is empty."),
    ("not a regular file", "Give the film as an ordinary file."),
    ("memory", "Scan it with --workers 1, or on a machine with more memory."),
    ("too large", "Look at it yourself; if it is one film, export it smaller and scan again."),
    ("larger than", "Look at it yourself; if it is one film, export it smaller and scan again."),
    ("crash", "Look at it yourself, and report it with the file if you may: it brought its reader down."),
)
OTHERWISE = "Look at the film yourself; it has no place in the order."


def advice(reason: str) -> str:
    """Return one or two sentences on what to do about files that were not scored for this reason."""
    lowered = reason.lower()
    return next((text for sign, text in ADVICE if sign.lower() in lowered), OTHERWISE)
