"""A radiograph of a plugin's decoder, without what only looks like a defined term: it may be somebody's name."""

import dataclasses

from xrayscan.decode.dicom.body_part import BODY_PARTS
from xrayscan.decode.dicom.defined_terms import defined_view, modality, uid
from xrayscan.decode.dicom.projection import PROJECTIONS
from xrayscan.decode.interface import Radiograph


def defined_terms_only(radiograph: Radiograph) -> Radiograph:
    """Return the same with identifiers, modality, view, projections and body part as DICOM defines them, or empty."""
    facts = radiograph.facts
    known = dataclasses.replace(
        facts,
        study_uid=uid(facts.study_uid),
        series_uid=uid(facts.series_uid),
        sop_uid=uid(facts.sop_uid),
        modality=modality(facts.modality),
        view=defined_view(facts.view),
    )
    return dataclasses.replace(
        radiograph,
        facts=known,
        projections=tuple(word for word in radiograph.projections if word in PROJECTIONS),
        body_part=radiograph.body_part if radiograph.body_part in BODY_PARTS else "",
    )
