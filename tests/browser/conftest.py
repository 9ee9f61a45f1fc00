"""The page in a real browser: Chromium, headless, with the network off."""

import io
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from small import film_pixels

from xrayscan.card import Calibration, InputSpec, ModelCard, OperatingPoint
from xrayscan.discover import Source
from xrayscan.rank import Worklist
from xrayscan.record import Facts, ScanRecord
from xrayscan.report.html import PageSettings, write_html
from xrayscan.report.pictures import picture_elements
from xrayscan.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = '<img src=x onerror="window.hacked=1">\n\u202e=HYPERLINK("x") 🫁.png'
POINTS = (("sensitivity-0.99", 0.2, 0.99, 0.8), ("balanced", 0.5, 0.95, 0.96), ("specificity-0.99", 0.8, 0.8, 0.99))
CARD = ModelCard(
    name="small",
    backend="cnn",
    input=InputSpec(side=64),
    labels=("NORMAL", "PNEUMONIA"),
    prevalence=0.5,
    calibration=Calibration(),
    operating_points=tuple(OperatingPoint(n, t, a, b, (a - 0.1, a), (b - 0.1, b)) for n, t, a, b in POINTS),
    metrics={"films": 400, "patients": 300, "with_finding": 200, "auroc": 0.97, "auroc_ci95": (0.95, 0.98)},
)


def pytest_collection_modifyitems(items):
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)


def evidence_of(row, number):
    """A film of 96 px; a heatmap with its hottest cell in row 2, column 5; the third film is gone."""
    if number == 2:
        return SimpleNamespace(film=b"", thumbnail=b"", heatmap=None, neighbours=(), problem="the file is gone")
    data = io.BytesIO()
    Image.fromarray(film_pixels(number, 96)).save(data, "JPEG")
    heatmap = np.zeros((8, 8), np.float32)
    heatmap[2, 5] = 1
    heatmap = None if number >= 5 else heatmap
    return SimpleNamespace(
        film=data.getvalue(), thumbnail=data.getvalue(), heatmap=heatmap, neighbours=(), problem=None
    )


def entries(count):
    """Films of falling probability: the second has the hostile name; every seventh is lateral; three are rejected."""
    for n in range(count):
        name = HOSTILE if n == 1 else f"ward-{n % 3}/film-{n:03}.dcm"
        facts = Facts("DICOM", 2000 + n, 1800, f"{n:064x}", view="LL" if n % 7 == 0 else "PA", modality="DX")
        yield Source(name, name, 1, 1), ScanRecord(name, facts, ((count - n) / (count + 1),))
    for name, reason in (("a.dcm", "truncated DICOM"), ("b.dcm", "truncated DICOM"), ("<i>.dcm", "empty file")):
        yield Source(name, name, 1, 1), ScanRecord(name, reason=reason)


def make_page(folder, count):
    path = folder / "triage.html"
    with Store.open(str(folder / "scan.sqlite"), models=("0123456789abcdef",)) as store:
        store.write(entries(count))
        settings = PageSettings(
            "2026-11-21 10:00 UTC",
            ("ward",),
            top=8,
            pictures=lambda rows: picture_elements(evidence_of(row, n) for n, row in enumerate(rows)),
        )
        write_html(Worklist(store, CARD), str(path), settings)
    return path


@pytest.fixture(scope="session")
def short_page(tmp_path_factory):
    return make_page(tmp_path_factory.mktemp("short"), 20)


@pytest.fixture(scope="session")
def long_page(tmp_path_factory):
    return make_page(tmp_path_factory.mktemp("long"), 250)


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[test]'")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium):
    """Open a page in a browser of its own; in the end it must have asked for nothing and complained of nothing."""
    contexts, wrong = [], []

    def note_request(request):
        if not request.url.startswith(("data:", "blob:")) and not request.is_navigation_request():
            wrong.append(f"asked for {request.url}")

    def open_page(path: Path, width=1280, scheme="light", context=None):
        if context is None:
            context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
            contexts.append(context)
        page = context.new_page()
        page.on("request", note_request)
        page.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
