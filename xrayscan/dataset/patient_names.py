"""Patterns by which the files of public sets tell patients apart."""

import re

# In the path, the same patient under every label. Sources: NIH ChestX-ray14 (patients go up to 30805), CheXpert,
# MIMIC-CXR-JPG, and BIDS as BIMCV-COVID19+ uses it.
PUBLIC = (
    re.compile(r"(?:^|/)(000[0-3]\d{4})_\d{3}(?:\.\w+)?$"),
    re.compile(r"(?:^|/)(patient\d{5,6})/study\d+(?:/|$)", re.IGNORECASE),
    re.compile(r"(?:^|/)p\d\d/(p\d{8})(?:/|$)", re.IGNORECASE),
    re.compile(r"(?:^|/)(sub-[^_/]+)(?:_|/)", re.IGNORECASE),
)


def public_patient(path: str) -> str | None:
    """The patient that a path of a public set names, in lower case, else None."""
    plain = path.replace("\\", "/")
    found = next(filter(None, (pattern.search(plain) for pattern in PUBLIC)), None)
    return found[1].casefold() if found else None
