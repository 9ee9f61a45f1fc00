"""The values that may leave a header as they are: terms of closed lists, and identifiers that look like identifiers.

Free text in such an attribute is somebody's name or number as often as not: whatever is not in a list is not shown.
"""

import re

# PS3.3 C.7.3.1.1.1, "Modality", with the retired terms, of which archives are full.
MODALITIES = frozenset(
    (
        *(
            "ANN",
            "AR",
            "AS",
            "ASMT",
            "AU",
            "BDUS",
            "BI",
            "BMD",
            "CD",
            "CF",
            "CFM",
            "CP",
            "CR",
            "CS",
            "CT",
            "CTPROTOCOL",
        ),
        *("DD", "DF", "DG", "DM", "DMS", "DOC", "DS", "DX", "EC", "ECG", "EEG", "EMG", "EOG", "EPS", "ES", "FA", "FID"),
        *(
            "FS",
            "GM",
            "HC",
            "HD",
            "IO",
            "IOL",
            "IVOCT",
            "IVUS",
            "KER",
            "KO",
            "LEN",
            "LP",
            "LS",
            "M3D",
            "MA",
            "MG",
            "MR",
        ),
        *("MS", "NM", "OAM", "OCT", "OP", "OPM", "OPR", "OPT", "OPTBSV", "OPTENF", "OPV", "OSS", "OT", "PA", "PLAN"),
        *("POS", "PR", "PT", "PX", "REG", "RESP", "RF", "RG", "RTDOSE", "RTIMAGE", "RTINTENT", "RTPLAN", "RTRAD"),
        *("RTRECORD", "RTSEGANN", "RTSTRUCT", "RWV", "SC", "SEG", "SM", "SMR", "SR", "SRF", "ST", "STAIN"),
        *("TEXTUREMAP", "TG", "US", "VA", "VF", "XA", "XAPROTOCOL", "XC"),
    )
)
# PS3.3 C.8.1.1 and C.8.11.5, "View Position", and the words in which vendors write how a chest film was taken.
_VIEW_WORDS = """
AP PA DV VD LL RL LLD RLD LLO RLO LAT LLAT RLAT LATERAL LATERALE LATERALIS SEITLICH PROFIL LAO RAO LPO RPO OBL OBLIQUE
DECUB DECUBITUS LEFT RIGHT L R CHEST SUPINE PRONE ERECT UPRIGHT SITTING SEMI STANDING PORTABLE BEDSIDE LORDOTIC APICAL
AXIAL CRANIOCAUDAL CAUDOCRANIAL SUPEROINFERIOR INFEROSUPERIOR FRONTAL INSPIRATION EXPIRATION CROSS X TABLE CROSSTABLE
XTABLE XTL SWIMMER SWIMMERS
"""
VIEW_WORDS = frozenset(_VIEW_WORDS.split())
# PS3.5 section 9.1: components of digits without leading zeros, 64 characters at most. A number alone, or a date with
# dots, is no UID: those of real archives have four components or more, or the root 2.25 (PS3.5 B.2).
_UID = re.compile(r"(?=.{1,64}\Z)(?:2\.25\.(?:0|[1-9]\d*)|[0-2](?:\.(?:0|[1-9]\d*)){3,})", re.ASCII)


def modality(text: str) -> str:
    """The term as the standard has it, or nothing."""
    return text if text in MODALITIES else ""


def defined_view(text: str) -> str:
    """A view position of known words alone, or nothing."""
    return text if text and set(text.split()) <= VIEW_WORDS else ""


def uid(text: str) -> str:
    """A unique identifier, or nothing."""
    return text if _UID.fullmatch(text) else ""
