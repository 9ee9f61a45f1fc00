import csv

import pytest

from xrayscan.report.csv import write_csv

HEADER = (
    "rank,source,status,probability,tier,prediction,flags,code,reason,study_uid,series_uid,sop_uid,modality,view,rows,"
    "columns,format,sha256,unlikeness"
)


@pytest.fixture
def written(worklist, tmp_path):
    """Write the CSV of these entries and return its text."""

    def write(*entries):
        path = tmp_path / "triage.csv"
        write_csv(worklist(*entries), str(path))
        return path.read_bytes().decode("utf-8")

    return write


def source_cell(text):
    (row,) = csv.DictReader(text.splitlines())
    return row["source"]


def test_the_columns_stand_in_their_order_and_empty_cells_are_empty(written):
    facts = {"study_uid": "1.2", "view": "LL", "modality": "DX", "rows": 10, "columns": 20, "format": "DICOM"}
    text = written(("in/b.dcm", 1 / 3, facts), ("in/a.jpeg", "truncated JPEG"))
    assert text == (
        f"{HEADER}\n"
        "1,in/b.dcm,scored,0.33333333,intermediate,NORMAL,lateral,,,1.2,,,DX,LL,10,20,DICOM,,\n"
        ",in/a.jpeg,failed,,,,,truncated,truncated JPEG,,,,,,,,,,\n"
    )


def test_an_empty_worklist_still_has_its_header(written):
    assert written() == f"{HEADER}\n"


@pytest.mark.parametrize(
    "name",
    [
        "=HYPERLINK(1)",
        "+1",
        "-1.jpeg",
        "@SUM(A1)",
        "  =1",
        "\t=1",
        "\rx",
        "\nx",
        "\n =1",
        "\u00a0@x",
        "\u200e=1",
        "＝1",
    ],
)
def test_a_name_that_a_spreadsheet_would_compute_is_defused(written, name):
    cell = source_cell(written((name, 0.5)))
    assert cell.startswith("'")
    assert cell[1:].lstrip()[:1] == name.lstrip()[:1] or cell.startswith("'\\")


def test_numbers_are_never_defused_nor_written_with_an_exponent(written):
    _, line, _ = written(("a", 1e-12)).split("\n")
    assert line.startswith("1,a,scored,0.00000000,low,")


def test_header_text_and_reasons_are_defused_too(written):
    text = written(("a", 0.5, {"view": "=cmd", "modality": "@x"}), ("b", "-broken"))
    assert ",'@x,'=cmd," in text
    assert ",'-broken," in text


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ('say "a, b".png', 'say "a, b".png'),
        ("new\r\nline.png", r"new\r\nline.png"),
        ("\x1b[2Jx\0\x7f\x85", r"\x1b[2Jx\x00\x7f\x85"),
        ("x\u202egnp.exe", r"x\u202egnp.exe"),
        ("\udcff.dcm", r"\udcff.dcm"),
        ("🫁 Röntgen 👩\u200d⚕️.jpeg", "🫁 Röntgen 👩\u200d⚕️.jpeg"),
    ],
)
def test_every_row_is_one_line_that_a_terminal_can_show(written, name, cell):
    text = written((name, 0.5))
    assert text.count("\n") == 2
    assert source_cell(text) == cell
