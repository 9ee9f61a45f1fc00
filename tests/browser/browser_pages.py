"""Pages of made-up worklists, for the browser."""

import io
from dataclasses import replace

import numpy as np
from PIL import Image
from small import film_pixels, make_card

from xrayscan.explain.evidence import Evidence
from xrayscan.explain.heatmap import Neighbour
from xrayscan.explain.pictures import picture_elements
from xrayscan.model.card import OperatingPoint
from xrayscan.report.html.worklist_page import write_html
from xrayscan.report.interface import PageSettings
from xrayscan.sources.source import Source
from xrayscan.store.record import Facts, ScanRecord, Status
from xrayscan.store.store import Store
from xrayscan.worklist.worklist import Worklist

HOSTILE = '<img src=x onerror="window.hacked=1">\n\u202e=HYPERLINK("x") 🫁.png'
POINTS = (("sensitivity-0.99", 0.2, 0.99, 0.8), ("balanced", 0.5, 0.95, 0.96), ("specificity-0.99", 0.8, 0.8, 0.99))
CARD = make_card(
    *(OperatingPoint(n, t, a, b, (a - 0.1, a), (b - 0.1, b)) for n, t, a, b in POINTS),
    name="small",
    prevalence=0.5,
    metrics={"films": 400, "patients": 300, "with_finding": 200, "auroc": 0.97, "auroc_ci95": (0.95, 0.98)},
)

SECOND = replace(CARD, name="<second>")


def evidence_of(row, number):
    """A film of 96 px; a heatmap with its hottest cell in row 2, column 5.

    The third film is gone, the fifth has a heatmap of zeros, the sixth and later ones none, the seventh has neighbours.
    """
    if number == 2:
        return Evidence(row.source, problem="the file is gone")
    data = io.BytesIO()
    Image.fromarray(film_pixels(number, 96)).save(data, "JPEG", quality=95)
    heatmap = np.zeros((8, 8), np.float32)
    heatmap[2, 5] = number != 4
    near = (Neighbour("<PNEUMONIA>", 0.25), Neighbour("NORMAL", 1.5)) if number == 6 else ()
    return Evidence(row.source, data.getvalue(), data.getvalue(), heatmap if number < 5 else None, near)


def entries(count, models=1):
    """Films of falling probability: the second has the hostile name; every seventh is lateral; three failed.

    A second model gives half the first one's probability.
    """
    for n in range(count):
        name = HOSTILE if n == 1 else f"ward-{n % 3}/film-{n:03}.dcm"
        facts = Facts(
            format="DICOM",
            rows=2000 + n,
            columns=1800,
            sha256=f"{n:064x}",
            view="LL" if n % 7 == 0 else "PA",
            modality="DX",
        )
        lateral = ("lateral",) if n % 7 == 0 else ()
        first = (count - n) / (count + 1)
        yield Source(name, name, 1, 1), ScanRecord(name, facts, (first, first / 2)[:models], flags=lateral)
    for name, reason in (("a.dcm", "truncated DICOM"), ("b.dcm", "truncated DICOM"), ("<i>.dcm", "empty file")):
        yield Source(name, name, 1, 1), ScanRecord(name, status=Status.FAILED, reason=reason)


def make_page(folder, count, cards=(CARD,), rank=None):
    path = folder / "triage.html"
    fingerprints = ("0123456789abcdef", "fedcba9876543210")[: len(cards)]
    with Store.open(str(folder / "scan.sqlite"), models=fingerprints) as store:
        store.write(entries(count, len(cards)))
        settings = PageSettings(
            "2026-11-21 10:00 UTC",
            ("ward",),
            top=8,
            pictures=lambda rows: picture_elements(evidence_of(row, n) for n, row in enumerate(rows)),
        )
        write_html(Worklist(store, cards, rank), str(path), settings)
    return path
