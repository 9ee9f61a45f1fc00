"""Draw docs/worklist.png: the worklist of the synthetic sample films. Needs Chromium and Playwright.

Run from the repository: python docs/make_pictures.py
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SCREEN = {"width": 1280, "height": 800}


def main() -> None:
    """Scan the sample films, open the page, and keep what is on the screen."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        scan = [sys.executable, "-m", "xrayscan", "predict", "sample_images", "--out", folder, "--heatmaps", "none"]
        if subprocess.run(scan, cwd=ROOT).returncode not in (0, 6):  # 6: some files failed, as they should
            raise SystemExit("the scan failed")
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport=SCREEN)
        page.goto((Path(folder) / "triage.html").as_uri())
        page.screenshot(path=ROOT / "docs" / "worklist.png")
        browser.close()


if __name__ == "__main__":
    main()
