"""Closed lists of what a header may say of modality and body part: free text stays in it."""

import re

from pydicom.dataset import Dataset

UNDEFINED = "UNDEFINED"  # stands for a modality that is none of the standard's terms
# PS3.3 C.7.3.1.1.1, retired terms included.
_MODALITIES = """
ANN AR ASMT AU BDUS BI BMD CD CF CFM CP CR CS CT CTPROTOCOL DD DF DG DM DMS DOC DS DX EC ECG EEG EM EMG EOG EPS ES
FA FID FS FSP GM HC HD IO IOL IVOCT IVUS KER KO LEN LP LS M3D MA MG MR MS NM OAM OCT OP OPM OPR OPT OPTBSV OPTENF
OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV
SC SD SEG SM SMR SR SRF ST STAIN TEXTUREMAP TG US VA VF VIDD XA XAPROTOCOL XC
"""
MODALITIES = frozenset(_MODALITIES.split())
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


def modality(dataset: Dataset) -> str:
    """Return Modality; empty if the header has none, `UNDEFINED` for what is no term of the standard."""
    text = _letters(dataset.get("Modality"))
    return text if not text or text in MODALITIES else UNDEFINED


def body_part(dataset: Dataset) -> str:
    """Return Body Part Examined, or else the anatomic region, as a defined term; empty if neither is one."""
    regions = (item.get("CodeMeaning") for item in dataset.get("AnatomicRegionSequence") or ())
    said = (_letters(text) for text in (dataset.get("BodyPartExamined"), *regions))
    return next((text for text in said if text in BODY_PARTS), "")


def _letters(text: object) -> str:
    return re.sub(r"[^A-Z0-9]", "", str(text or "").upper())[:64]
