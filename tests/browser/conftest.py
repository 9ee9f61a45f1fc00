"""The page in a real browser: Chromium, headless, which must ask for nothing."""

import os
import shutil
from pathlib import Path

import pytest
from browser_pages import make_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items):
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)


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

    def open_page(path: Path, width=1280, height=800, scheme="light", context=None):
        if context is None:
            context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
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
