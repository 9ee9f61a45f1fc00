"""Draw the scan of the synthetic sample films: terminal.svg, and of its page worklist.png, film.png and phone.png.

Needs Chromium and Playwright. Run from the repository: python docs/make_pictures.py
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
SCREEN, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
COLUMNS = 80
COMMAND = "xrayscan predict sample_images"
IN_COLOUR = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
CURSOR = "\x1b[?25l", "\x1b[?25h"  # hidden and shown: nothing to draw
PICTURE = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""  # that of rich without fonts from the network


def main() -> None:
    """Scan the sample films and keep what is on the screen."""
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(ROOT / "sample_images", Path(folder) / "sample_images")
        words = [sys.executable, "-m", *COMMAND.split()]
        scan = subprocess.run(words, cwd=folder, env=os.environ | IN_COLOUR, stderr=subprocess.PIPE, text=True)
        if scan.returncode:
            raise SystemExit(f"the scan failed:\n{scan.stderr}")
        draw_terminal(scan.stderr)
        draw_page(Path(folder) / "triage" / "triage.html")


def draw_terminal(said: str) -> None:
    """Write what a scan said, with the command before it, as a picture of a terminal."""
    for code in CURSOR:
        said = said.replace(code, "")
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(f"$ {COMMAND}", highlight=False)
    console.print(Text.from_ansi(said))
    svg = console.export_svg(title="", code_format=PICTURE, unique_id="terminal")
    (ROOT / "docs" / "terminal.svg").write_text(svg, encoding="utf-8")


def draw_page(path: Path) -> None:
    """Photograph the first screen of the page, its first film with the heatmap, and the list on a phone."""
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport=SCREEN)
        page.goto(path.as_uri())
        page.screenshot(path=ROOT / "docs" / "worklist.png")
        page.keyboard.press("Enter")
        page.keyboard.press("h")
        page.screenshot(path=ROOT / "docs" / "film.png")
        phone = browser.new_page(viewport=PHONE, color_scheme="dark")
        phone.goto(path.as_uri())
        phone.screenshot(path=ROOT / "docs" / "phone.png")
        browser.close()


if __name__ == "__main__":
    main()
