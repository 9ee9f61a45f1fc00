"""What a decoder had to repair, or doubts: a closed list, kept with the record of a file."""

from enum import StrEnum


class Flag(StrEnum):
    """A remark on how the pixels were read. The order is that of the documentation."""

    BITS = "header repaired: bits stored"  # values or codestream use another depth than the header says
    HIGH_BIT = "header repaired: high bit"  # the values lie elsewhere in their words
    SIGN = "header repaired: pixel representation"  # signed or unsigned, against the header
    PHOTOMETRIC = "header repaired: photometric interpretation"  # missing, or not that of the samples
    SAMPLES = "header repaired: samples per pixel"
    SIZE = "header repaired: rows and columns"  # missing, taken from the codestream
    SYNTAX = "header repaired: transfer syntax"  # the codestream is of another kind, or bytes stand in another order
    PLANES = "header repaired: planar configuration"
    PADDING = "header repaired: pixel padding"  # what it names are pixels of the film
    RESCALE = "header repaired: modality transform"  # its table or numbers cannot be used as they are
    VOI_LUT = "VOI LUT repaired"  # depth or first value, against its descriptor
    VOI_LUT_UNUSABLE = "VOI LUT not usable"  # no data, too short, or it leaves no picture: the next reading was taken
    WINDOW = "window does not fit"  # it blackens or whitens the film: the next reading was taken
    OUTLIERS = "few extreme values cut off"  # they would have taken the whole range of brightness
    POLARITY = "polarity contradiction"  # photometric interpretation against Presentation LUT Shape
    UPRIGHT = "turned upright"  # as the header asks
    BURNED_IN = "burned-in annotation"  # says the header: text of a person may stand in the picture
    DEPTH = "depth told from values"  # 16-bit PNG, TIFF or PGM that uses fewer bits
    ORDER = "byte order told from values"  # 16-bit PNG, TIFF or PGM whose bytes stand in the other order
    ALPHA = "picture in the alpha channel"
    ONE_LEVEL = "no contrast"  # every pixel has one value
    FEW_LEVELS = "few grey levels"  # fewer than 32, from more than 10 bits
