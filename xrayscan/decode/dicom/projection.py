"""Which projection a header names, in a closed list of words: what else it says stays in it."""

import itertools
import re
from collections.abc import MutableSequence

from pydicom.dataset import Dataset

from xrayscan.decode.dicom import defined_terms

FRONTAL = frozenset({"AP", "PA", "FRONTAL", "DV", "VD"})
LATERAL_CODES = frozenset({"LL", "RL", "LLO", "RLO", "LLAT", "RLAT"})  # PS3.3 C.8.1.1, and what vendors write
LATERAL_NAMES = ("LAT", "LATERAL", "LATERALE", "LATERALIS", "LATERO", "LATEROLATERAL", "LATEROLATERALE", "LLAT", "RLAT")
LATERAL_ABROAD = ("SEITLICH", "PROFIL", "PERFIL", "ZIJDELINGS", "BOCZNE", "BOCZNA")  # as series are named elsewhere
LATERAL = frozenset((*LATERAL_NAMES, *LATERAL_ABROAD, "LL", "RL"))
OTHERS = {  # in the order in which they are told; PS3.3 C.8.1.1 (codes of View Position), PS3.16 CID 4010 and 4011
    "oblique": frozenset({"OBL", "OBLIQUE", "LLO", "RLO", "LAO", "RAO", "LPO", "RPO"}),
    "decubitus": frozenset({"LLD", "RLD", "DECUB", "DECUBITUS"}),
    "cross-table": frozenset({"XTABLE", "CROSSTABLE", "XTL"}),
    "axial": frozenset({"AXIAL", "CRANIOCAUDAL", "CAUDOCRANIAL", "SUPEROINFERIOR", "INFEROSUPERIOR"}),
    "lordotic": frozenset({"LORDOTIC"}),
    "swimmer's": frozenset({"SWIMMER", "SWIMMERS"}),
    "supine": frozenset({"SUPINE"}),
    "prone": frozenset({"PRONE"}),
}
PROJECTIONS = ("lateral", *OTHERS)  # every word that can be told, in this order
_TOGETHER = (("CROSS", "TABLE"), ("X", "TABLE"))  # pairs of words that are one


# PS3.16 CID 4010 "DX View", in SNOMED CT and in the older SNOMED-RT codes → the terms of View Position.
_VIEWS = {
    **dict.fromkeys(("399348003", "R-10206"), "AP"),
    **dict.fromkeys(("272479007", "R-40888", "R-10214"), "PA"),
    **dict.fromkeys(("399173006", "R-10236"), "LL"),
    **dict.fromkeys(("399198007", "R-10232"), "RL"),
    **dict.fromkeys(("399067008", "R-102CD", "399352003", "R-10228", "399260004", "R-10224"), "LATERAL"),
}


def view(dataset: Dataset) -> str:
    """Return View Position, or what the view code sequence says in its terms; empty for what is none of the terms."""
    position = " ".join(re.findall(r"[A-Z]+", str(dataset.get("ViewPosition") or "").upper()))
    if position:
        return defined_terms.defined_view(position)
    for item in dataset.get("ViewCodeSequence") or ():
        if code := _VIEWS.get(str(item.get("CodeValue", "")).strip()):
            return code
        told = _told(_words(item.get("CodeMeaning")))
        return "LATERAL" if told == {"lateral"} else ""
    return ""


def projections(dataset: Dataset) -> tuple[str, ...]:
    """Return what a header says that is not upright and frontal, in words of `PROJECTIONS`; empty if it says nothing.

    View Position, the codes of the view and its modifiers, Patient Orientation and Series Description are read; each
    may say something of its own.
    Source: DICOM PS3.3 C.8.1.1 and C.8.11.1 (View Position), C.8.11.5 (View Code Sequence and modifiers), C.7.6.1.1.1
    (Patient Orientation).
    """
    words = _words(dataset.get("ViewPosition")) | _words(view(dataset))
    told = _told(words) | ({"lateral"} if words & LATERAL_CODES else set())
    for item in dataset.get("ViewCodeSequence") or ():
        told |= _told(_words(item.get("CodeMeaning")))
        for modifier in item.get("ViewModifierCodeSequence") or ():
            told |= _told(_words(modifier.get("CodeMeaning")))
    told |= _told(_words(dataset.get("SeriesDescription"))) | _oriented(dataset.get("PatientOrientation"))
    return tuple(word for word in PROJECTIONS if word in told)


def _words(text: object) -> frozenset[str]:
    words = re.findall(r"[A-Z]+", str(text or "").upper().replace("'", "").replace("’", ""))
    pairs = {"".join(pair) for pair in itertools.pairwise(words) if pair in _TOGETHER}
    return frozenset(words) | pairs


def _told(words: frozenset[str]) -> set[str]:
    """What these words say. One that is named beside a frontal view, or lies on its side for one, is no lateral."""
    told = {word for word, signs in OTHERS.items() if words & signs}
    if words & LATERAL and not words & FRONTAL and "decubitus" not in told:
        told.add("lateral")
    return told


def _oriented(value: object) -> set[str]:
    """What the directions of rows and columns say; of a frontal film one runs from head to foot, one to the side."""
    if not isinstance(value, MutableSequence) or len(value) != 2:
        return set()
    first = [str(direction).strip().upper() for direction in value]
    if not all(re.fullmatch(r"[APRLHF]{1,3}", direction) for direction in first):
        return set()
    axes = ["".join("Z" if letter in "HF" else "X" if letter in "LR" else "Y" for letter in each) for each in first]
    main = {axis[0] for axis in axes}
    if main == {"X", "Z"}:
        across = axes[0] if axes[0][0] == "X" else axes[1]
        return {"oblique"} if "Y" in across else set()
    return {"lateral"} if main == {"Y", "Z"} else {"axial"} if main == {"X", "Y"} else set()
