"""One structured report per film: probability, tier and doubts as coded findings, by the model as observer.

Source: DICOM PS3.16 TID 1500 (measurement report), TID 1501 (measurements and qualitative evaluations), TID 1004
(device observer), TID 4019 (algorithm identification).
"""

import functools
from collections.abc import Iterator
from typing import Any

from xrayscan import PageSettings, Worklist, WorklistRow

from .dicom_objects import NO_STUDY, NOT_A_DIAGNOSIS, Film, Wanted, equipment, has_study, short, uid_of

NAME = "dicom-sr"
OWN = "99XRAYSCAN"  # coding scheme of what the standard's schemes have no word for
SERIES_NUMBER = 9901
PNEUMONIA = ("233604007", "SCT", "Pneumonia")
CHEST_FILM = ("399208008", "SCT", "Plain chest X-ray")
TIERS = {
    "high": ("75540009", "SCT", "High"),
    "intermediate": ("11896004", "SCT", "Intermediate"),
    "low": ("62482003", "SCT", "Low"),
    "unlike": ("unlike", OWN, "Apart: unlike the training films"),
}
YES, NO = ("373066001", "SCT", "Yes"), ("373067005", "SCT", "No")
UNLIKE = "unlike training"


def wanted(worklist: Worklist, page: PageSettings) -> Iterator[Wanted]:
    """A report for every row that is a DICOM image of a study."""
    for row in worklist.rows():
        if row.status == "failed" or not has_study(row):
            yield Wanted(row, problem=NO_STUDY)
            continue
        said = _said(worklist, row)
        uid = uid_of(NAME, row.facts.sop_uid, row.facts.sha256, *worklist.fingerprints, said)
        yield Wanted(row, uid, make=functools.partial(document, worklist, row))


def _said(worklist: Worklist, row: WorklistRow) -> list[object]:
    """All that a report says and that may differ between two reports of one film by the same models."""
    if row.probability is None:
        return [row.code, row.reason]
    shown = [_percent(one) for one in row.probabilities]
    limits = [(_percent(scale.thresholds.predicted), scale.thresholds.point) for scale in worklist.scales]
    given = [worklist.settings.prevalence, worklist.names]
    return [shown, row.tiers, row.tier, row.prediction, UNLIKE in row.flags, limits, given]


def document(worklist: Worklist, row: WorklistRow, film: Film) -> Any:
    """The report as a data set: preliminary, partial and unverified, as nobody has read it yet."""
    from highdicom.coding_schemes import CodingSchemeIdentificationItem
    from highdicom.sr import ComprehensiveSR, MeasurementReport

    groups = [_scored(worklist, row, film, at) for at in range(len(row.probabilities))] or [_aside(worklist, row, film)]
    content = MeasurementReport(
        observation_context=_observer(worklist), procedure_reported=_code(CHEST_FILM), imaging_measurements=groups
    )
    return ComprehensiveSR(
        evidence=[film.reference],
        content=content,
        series_instance_uid=film.series_uid,
        series_number=SERIES_NUMBER,
        sop_instance_uid=film.uid,
        instance_number=film.number,
        coding_schemes=[CodingSchemeIdentificationItem(OWN, name="xrayscan", responsible_organization="xrayscan")],
        series_description=short(f"xrayscan: {NOT_A_DIAGNOSIS}"),
        **equipment(worklist),
    )


def _observer(worklist: Worklist) -> Any:
    from highdicom.sr import DeviceObserverIdentifyingAttributes, ObservationContext, ObserverContext
    from pydicom.sr.codedict import codes

    device = DeviceObserverIdentifyingAttributes(
        uid=uid_of("device", worklist.fingerprint),
        name=f"xrayscan {worklist.names[0]}",
        manufacturer_name="xrayscan",
        model_name=f"{worklist.names[0]} {worklist.card.version}",
        serial_number=worklist.fingerprint,
    )
    return ObservationContext(observer_device_context=ObserverContext(codes.DCM.Device, device))


def _scored(worklist: Worklist, row: WorklistRow, film: Film, at: int) -> Any:
    """What the model at this place says of the film."""
    thresholds = worklist.scales[at].thresholds
    prevalence = worklist.settings.prevalence or worklist.cards[at].prevalence
    point = thresholds.point.name if thresholds.point else "custom"
    numbers = [
        _percentage(("122157", "DCM", "Probability"), row.probabilities[at]),
        _percentage(("prevalence", OWN, "Prevalence that the probability holds at"), prevalence),
        _percentage(("threshold", OWN, f"Threshold: {point} operating point"), thresholds.predicted),
    ]
    tier = row.tier if at == 0 else row.tiers[at]
    flagged = row.probabilities[at] >= thresholds.predicted if at else row.prediction == worklist.card.labels[1]
    answers = [
        _evaluation(("tier", OWN, "Tier of the reading order"), TIERS[tier]),
        _evaluation(("flagged", OWN, "At or above the threshold"), YES if flagged else NO),
    ]
    if row.facts.unlikeness is not None:
        answers.append(_evaluation(("unlike", OWN, "Unlike the training films"), YES if UNLIKE in row.flags else NO))
    return _group(worklist, film, at, numbers, answers)


def _aside(worklist: Worklist, row: WorklistRow, film: Film) -> Any:
    """Why no model judged the film."""
    reason = (short(row.code or "reason"), OWN, short(row.reason))
    outcome = _evaluation(("outcome", OWN, "Outcome"), ("set-aside", OWN, "Set aside, not scored"))
    return _group(worklist, film, 0, [], [outcome, _evaluation(("reason", OWN, "Reason"), reason)])


def _group(worklist: Worklist, film: Film, at: int, numbers: list[Any], answers: list[Any]) -> Any:
    from highdicom.sr import (
        AlgorithmIdentification,
        MeasurementsAndQualitativeEvaluations,
        SourceImageForMeasurementGroup,
        TrackingIdentifier,
    )

    name, card = worklist.names[at], worklist.cards[at]
    source = SourceImageForMeasurementGroup(film.reference.SOPClassUID, film.reference.SOPInstanceUID)
    use = _evaluation(("use", OWN, "Intended use"), ("reading-order", OWN, NOT_A_DIAGNOSIS))
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid_of("finding", film.uid, at), f"xrayscan {name}"),
        finding_type=_code(_finding(card.labels[1])),
        algorithm_id=AlgorithmIdentification(
            name, card.version or "-", parameters=[f"fingerprint {worklist.fingerprints[at]}"]
        ),
        measurements=numbers,
        qualitative_evaluations=[*answers, use],
        source_images=[source],
    )


def _finding(label: str) -> tuple[str, str, str]:
    return PNEUMONIA if label.casefold() == "pneumonia" else ("finding", OWN, short(label))


def _percentage(name: tuple[str, str, str], share: float) -> Any:
    from highdicom.sr import Measurement
    from pydicom.sr.codedict import codes

    return Measurement(name=_code(name), value=_percent(share), unit=codes.UCUM.Percent)


def _percent(share: float) -> float:
    return round(100 * share, 2)


def _evaluation(name: tuple[str, str, str], value: tuple[str, str, str]) -> Any:
    from highdicom.sr import QualitativeEvaluation

    return QualitativeEvaluation(name=_code(name), value=_code(value))


def _code(parts: tuple[str, str, str]) -> Any:
    from highdicom.sr import CodedConcept

    value, scheme, meaning = parts
    return CodedConcept(value, scheme, short(meaning))
