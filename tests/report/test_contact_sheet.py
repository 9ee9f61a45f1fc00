"""Films small and side by side on paper: all of them, in reading order, with names that harm nothing."""

import re

import pytest
from small import write_film

import xrayscan
from xrayscan.explain.pictures import page_settings
from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.reports import write_reports
from xrayscan.report.interface import PictureSettings
from xrayscan.testing.report import CLAUSES


def pdf(worklist, folder, **settings):
    """The bytes of the sheet, and its pages' content."""
    look = page_settings(worklist, str(folder), PictureSettings(heatmaps=0, **settings), formats=["pdf"])
    (path,) = write_reports(worklist, folder, ["pdf"], look)
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__)
def test_the_contract_of_reports_is_kept(clause):
    clause(load_registry().report("pdf"))


def pictures(data):
    return len(re.findall(rb"/Subtype /Image", data))


def test_every_film_has_its_picture_and_a_page_holds_thirty(tmp_path, model_file):
    for seed in range(31):
        write_film(tmp_path / "films" / f"{seed}.png", seed)
    with xrayscan.predict(tmp_path / "films", model_file, device="cpu", workers=0) as worklist:
        data = pdf(worklist, tmp_path)
        assert len(re.findall(rb"/Type /Page\b", data)) == 2
        assert pictures(data) == 31
        assert pictures(pdf(worklist, tmp_path, top=2)) == 2


def test_a_film_that_is_gone_leaves_its_place_empty(films, tmp_path, model_file):
    with xrayscan.predict(films, model_file, device="cpu", workers=0) as worklist:
        (films / "b.png").unlink()
        assert pictures(pdf(worklist, tmp_path)) == 6
        assert pictures(pdf(worklist, tmp_path, images=False)) == 0


def test_a_name_is_text_and_no_formula(tmp_path, model_file):
    write_film(tmp_path / "films" / "$x^2$ 肺 \x1b.png", 1)
    with xrayscan.predict(tmp_path / "films", model_file, device="cpu", workers=0) as worklist:
        assert pictures(pdf(worklist, tmp_path)) == 1
