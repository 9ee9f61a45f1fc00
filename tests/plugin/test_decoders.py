"""A stranger's decoder: a format that xrayscan does not know, read in reader processes as its own are."""

import csv
import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from films import film, png
from small import ROOT

from xrayscan.decode import BUILT_IN, decode
from xrayscan.decode.interface import Radiograph
from xrayscan.errors import DecodeError
from xrayscan.plugin.decoders import decoders_for
from xrayscan.plugin.manager import load_registry
from xrayscan.store.record import Facts
from xrayscan.testing.decoder import CLAUSES, DecoderSubject

STRANGER = ROOT / "tests" / "plugin" / "strangers" / "toy_decoder.py"
FILM = film(96, 80)
TOY = b"TOY1" + np.array(FILM.shape, "<u2").tobytes() + FILM.tobytes()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Put the plugin on the path with an entry point, as pip does."""
    folder = tmp_path / "site"
    about = folder / "toy-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "toy_decoder.py").write_text(STRANGER.read_text())
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[xrayscan]\ntoy = toy_decoder\n")
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_a_plugins_decoder_keeps_the_contract(installed):
    from toy_decoder import Toy

    for clause in CLAUSES:
        clause(DecoderSubject(Toy(), (TOY,)))


def test_built_in_decoders_come_through_the_same_hook():
    assert list(load_registry().decoders.values())[: len(BUILT_IN)] == list(BUILT_IN)


def test_films_of_known_formats_load_no_plugin():
    assert decoders_for(png()) is BUILT_IN


def test_a_scan_reads_the_format_of_a_plugin_in_its_reader_processes(installed, tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    (films / "a.toy").write_bytes(TOY)
    (films / "b.png").write_bytes(png(FILM))
    (films / "cut.toy").write_bytes(TOY[:-9])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), *filter(None, sys.path)])}
    command = [
        sys.executable,
        "-m",
        "xrayscan",
        "predict",
        str(films),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "2",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    with open(tmp_path / "out" / "triage.csv", encoding="utf-8") as file:
        rows = {os.path.basename(row["source"]): row for row in csv.DictReader(file)}
    assert (rows["a.toy"]["status"], rows["a.toy"]["format"]) == ("scored", "TOY"), done.stderr
    assert (rows["cut.toy"]["status"], rows["cut.toy"]["reason"]) == ("failed", "truncated TOY")
    # A quotient rounded otherwise moves a few pixels by one level of grey.
    assert float(rows["a.toy"]["probability"]) == pytest.approx(float(rows["b.png"]["probability"]), abs=2e-3)


def answer(radiograph):
    """What a scan gets of a decoder that gives this."""

    class Careless:
        name = "CARELESS"

        def sniff(self, head):
            return True

        def decode(self, data, *, at_least, limits):
            return radiograph

    return decode(b"anything", at_least=8, decoders=(Careless(),))


GREY = np.full((4, 4), 0.5, np.float32)
SIZE = Facts(format="CARELESS", rows=4, columns=4)


@pytest.mark.parametrize(
    "radiograph",
    [
        Radiograph(np.full((4, 4), 1.5, np.float32), SIZE),
        Radiograph(np.full((4, 4), -0.1, np.float32), SIZE),
        Radiograph(np.full((4, 4), np.nan, np.float32), SIZE),
        Radiograph(np.zeros((4, 4), np.float64), SIZE),
        Radiograph(np.zeros((4, 4, 3), np.float32), SIZE),
        Radiograph(np.zeros((0, 4), np.float32), SIZE),
        Radiograph(GREY, Facts(format="CARELESS", rows=-4, columns=4)),
        Radiograph(GREY, Facts(format="CARELESS", rows=4, columns=3)),
        Radiograph(GREY, Facts(format="CARELESS")),
        Radiograph(GREY, SIZE, chroma=np.nan),
    ],
)
def test_what_breaks_the_word_of_the_interface_is_refused(radiograph):
    with pytest.raises(DecodeError, match="damaged CARELESS"):
        answer(radiograph)


def test_what_is_no_defined_term_leaves_no_decoder():
    texts = dict.fromkeys(("study_uid", "series_uid", "sop_uid", "modality", "view"), "DOE JOHN 19800101")
    facts = dataclasses.replace(SIZE, **texts)
    leaving = answer(Radiograph(GREY, facts, projections=("lateral", "DOE"), body_part="DOE JOHN"))
    assert (leaving.facts, leaving.projections, leaving.body_part) == (SIZE, ("lateral",), "")
    known = {"study_uid": "1.2.3.4", "modality": "DX", "view": "PA"}
    assert answer(Radiograph(GREY, dataclasses.replace(SIZE, **known))).facts == dataclasses.replace(SIZE, **known)
