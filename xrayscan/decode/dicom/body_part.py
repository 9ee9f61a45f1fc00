"""The body part that a header names, from a closed list: free text stays in it."""

import re

from pydicom.dataset import Dataset

# PS3.16 annex L, without spaces; and plurals and synonyms that devices write.
_BODY_PARTS = """
ABDOMEN ABDOMENPELVIS ADRENAL ANKLE AORTA ARM AXILLA BACK BLADDER BRAIN BREAST BRONCHUS BUTTOCK CALCANEUS CALF
CAROTID CEREBELLUM CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX COLON CORNEA CORONARYARTERY CSPINE
CTSPINE DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE EYELID FACE FEMUR FINGER FINGERS FOOT FOREARM GALLBLADDER HAND
HANDS HEAD HEADNECK HEART HIP HIPS HUMERUS IAC ILEUM ILIUM JAW JEJUNUM KIDNEY KNEE KNEES LARYNX LEG LIVER LOWERLEG
LSPINE LSSPINE LUNG LUNGS MANDIBLE MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NOSE ORBIT PANCREAS
PAROTID PATELLA PELVIS PENIS PHARYNX PROSTATE RADIUS RECTUM RIB RIBS SCALP SCAPULA SCROTUM SELLA SHOULDER SIJOINT
SINUS SKULL SPINE SPLEEN SSPINE STERNUM STOMACH TESTIS THIGH THORAX THUMB THYMUS THYROID TIBIA TLSPINE TMJ TOE TOES
TONGUE TRACHEA TSPINE ULNA UPPERARM URETER URETHRA UTERUS VAGINA WHOLEBODY WRIST ZYGOMA
"""
BODY_PARTS = frozenset(_BODY_PARTS.split())


def named_body_part(dataset: Dataset) -> str:
    """Return Body Part Examined, or else the anatomic region, as a defined term; empty if neither is one."""
    regions = (item.get("CodeMeaning") for item in dataset.get("AnatomicRegionSequence") or ())
    said = (_letters(text) for text in (dataset.get("BodyPartExamined"), *regions))
    return next((text for text in said if text in BODY_PARTS), "")


def _letters(text: object) -> str:
    return re.sub(r"[^A-Z0-9]", "", str(text or "").upper())[:64]
