import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from xrayscan.report.html import worklist_figures
from xrayscan.report.html import worklist_page as html
from xrayscan.report.html.worklist_data import FIELDS
from xrayscan.report.html.worklist_page import PAGE_ROWS, SOURCES_SHOWN, write_html
from xrayscan.report.interface import PageSettings
from xrayscan.store.record import Facts, ScanRecord, Status
from xrayscan.worklist.order import RankSettings

SCRIPTS = 3  # settings, rows, and the script itself


class Page(HTMLParser):
    """The tags, attributes and text of a page; void elements aside, every tag must be closed in order."""

    VOID = frozenset({"wbr", "meta", "input", "br"})
    BLOCKS = frozenset({"dt", "dd", "p", "td", "li", "h2", "h3", "div"})

    def __init__(self, source):
        super().__init__()
        self.source, self.tags, self.attributes, self.words, self._open = source, [], [], [], []
        self.parts = {}  # id → the text straight within, for scripts
        self.feed(source)
        self.close()
        assert self._open == []
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.words += [" "] if tag in self.BLOCKS else []
        self._id = dict(attrs).get("id", tag)
        self.parts[self._id] = ""
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] in ("script", "style"):
            self.parts[self._id] += data
        else:
            self.words.append(data)


@pytest.fixture
def page(worklist, tmp_path):
    """Write the page of these entries and parse it."""

    def write(*entries, settings=None, page_settings=None):
        path = tmp_path / "triage.html"
        write_html(worklist(*entries, settings=settings), str(path), page_settings)
        return Page(path.read_text(encoding="utf-8"))

    return write


def test_the_page_says_what_was_found_by_which_model_and_what_it_is_worth(page):
    text = page(("a.png", 0.9), ("b.png", 0.3), ("c.png", "truncated PNG")).text
    assert "Suggested reading order. Not a diagnosis." in text
    assert "high 1 intermediate 1 low 0 failed 1" in text
    assert "3 files found: 2 scored, 0 set aside, 1 failed, 0 skipped." in text
    assert "Model <default>, version 1, fingerprint 0123456789ab copy" in text
    assert "Flagged as PNEUMONIA at 50.00 % or higher (“balanced” threshold). Validation: sensitivity 95.1 %" in text
    assert "95 % interval 92.1–97.3 %" in text
    assert "training prevalence of 74.0 %." in text


def test_a_threshold_of_the_user_claims_nothing(page):
    text = page(("a.png", 0.9), settings=RankSettings(threshold=0.4, prevalence=0.1)).text
    assert (
        "at 40.00 % or higher (a threshold given by the user: what it reaches in validation was not measured)" in text
    )
    assert "shifted from the training prevalence of 74.0 % to 10.0 %" in text


def test_failed_files_stand_apart_grouped_by_reason_with_what_to_do_the_largest_group_first(page):
    text = page(("a.png", 0.9), ("d", "truncated JPEG"), ("b", "truncated JPEG"), ("c", "link loop")).text
    band = text[text.index("Failed: 3") : text.rindex("Made by xrayscan")]
    again = "Export or copy the film again: part of it is missing."
    assert f"truncated JPEG (2) {again} Files b d" in band
    assert "link loop (1) Mend the link, or scan the folder that holds the file itself. Files c" in band
    assert band.index("truncated") < band.index("link loop")


def test_what_was_set_aside_has_a_band_of_its_own(page):
    aside = ScanRecord("us.dcm", Facts(modality="US"), status=Status.SET_ASIDE, reason="ultrasound", code="modality")
    written = page(("a.png", 0.9), ("b", "truncated JPEG"), aside)
    assert "3 files found: 1 scored, 1 set aside, 1 failed, 0 skipped." in written.text
    assert "Set aside: 1 These images were read, but are not for this model to judge" in written.text
    rows = json.loads(written.parts["data"])
    assert [row[FIELDS.index("status")] for row in rows] == ["scored", "set aside", "failed"]


def test_a_large_group_of_failed_files_is_listed_in_part_and_says_so(page):
    text = page(*((f"{n:03}", "empty file") for n in range(SOURCES_SHOWN + 20))).text
    assert f"empty file ({SOURCES_SHOWN + 20})" in text
    assert "and 20 more: choose “failed” above" in text


def test_a_page_without_a_scored_film_says_so(page):
    assert "Not one radiograph could be scored." in page(("b", "truncated JPEG")).text


def test_the_page_is_self_contained_and_forbids_everything_else(page):
    written = page(("a.png", 0.9), ("b", "no"))
    names = {name for name, _ in written.attributes}
    assert not names & {"src", "srcset", "action"}
    assert all(value.startswith("#") for name, value in written.attributes if name == "href")
    assert not set(written.tags) & {"link", "img", "iframe", "object", "base"}
    assert not any(name.startswith("on") for name in names)
    assert "@import" not in written.source
    policy = next(value for name, value in written.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-")
    assert "unsafe" not in policy.partition("script-src")[2]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<img src=x onerror=alert(1)>.jpeg", "<img src=x onerror=alert(1)>.jpeg"),
        ("\"'&amp;</bdi><script>", "\"'&amp;</bdi><script>"),
        ('=HYPERLINK("x")', '=HYPERLINK("x")'),
        ("new\nline\t\x1b\x7f", "new␊line␉␛␡"),
        ("x\u202egnp.exe\u2066\u200f", "x[U+202E]gnp.exe[U+2066][U+200F]"),
        ("\udcff.dcm", r"\udcff.dcm"),
        ("🫁 é {{ 7 * 7 }} {% x %}", "🫁 é {{ 7 * 7 }} {% x %}"),
    ],
)
def test_names_are_shown_as_text(page, name, shown):
    for entry in ((name, 0.5), (name, "no"), ("a", name or "x")):
        written = page(entry)
        folder, slash, last = shown.rpartition("/")  # a name and its folder stand apart
        assert last in written.text
        assert folder + slash in written.text
        assert "img" not in written.tags
        assert written.tags.count("script") == SCRIPTS
        row = json.loads(written.parts["data"])[0]
        assert shown in (row[FIELDS.index("source")], row[FIELDS.index("reason")])


def test_no_name_ends_the_data_it_stands_in(page):
    written = page(("</script><!--<script>&lt;", 0.5), ("b", "]]>\u2028"))
    assert written.tags.count("script") == SCRIPTS
    assert not set(written.parts["data"]) & set("<>&\u2028")


def test_a_name_is_exported_as_the_csv_spells_it_where_that_differs(page):
    cells = [
        row[FIELDS.index("cell")] for row in json.loads(page(("=1+1", 0.9), ("a\nb", 0.8), ("c", 0.7)).parts["data"])
    ]
    assert cells == ["'=1+1", r"a\nb", 0]


def test_rows_without_pictures_leave_out_the_long_tags(page):
    entries = [(name, 0.9 - n / 10, {"sha256": "ab" * 32, "modality": "DX"}) for n, name in enumerate("abc")]
    rows = json.loads(page(*entries, page_settings=PageSettings(top=1)).parts["data"])
    tags = [row[FIELDS.index("tags")] for row in rows]
    assert tags[0]["SHA-256"] == "ab" * 32
    assert tags[1:] == [0, 0]
    assert {row[FIELDS.index("mark")] for row in rows} == {"ab" * 6}


def test_header_text_is_escaped(page):
    written = page(("a", 0.5, {"view": "<b>\u202e", "format": "<i>"}))
    assert "<b>[U+202E]" in written.text
    assert "<b>" not in written.source.replace("<b>1</b>", "").replace("<b>0</b>", "")
    assert "i" not in written.tags


def test_the_table_shows_the_first_page_without_a_script_and_the_data_holds_every_row(page):
    written = page(*((f"{number}.png", 0.5) for number in range(300)))
    assert written.text.count(".png") == PAGE_ROWS
    assert len(json.loads(written.parts["data"])) == 300


def test_a_page_of_fewer_rows_says_how_many_more_there_are_and_counts_them_all(page):
    shown = page(
        *((f"{n}.png", 0.9 - n / 10) for n in range(5)),
        ("bad.png", "truncated JPEG"),
        page_settings=PageSettings(rows=2),
    )
    assert [row[FIELDS.index("source")] for row in json.loads(shown.parts["data"])] == ["0.png", "1.png"]
    assert "This page lists the first 2 rows; 4 rows more are in the other formats" in shown.text
    assert "more are in the other formats" not in page(("a.png", 0.5)).text


def test_the_figures_count_every_film_in_its_bin_whatever_the_number_of_rows(worklist, monkeypatch):
    monkeypatch.setattr(worklist_figures, "AT_ONCE", 2)
    scores = worklist_figures.scores_of(worklist(*((f"{n}.png", n / 10 + 0.01) for n in range(10)), ("all.png", 1.0)))
    counted = {name: counts.nonzero()[0].tolist() for name, counts in scores.films.items()}
    assert counted == {
        "low": [0, 4],
        "intermediate": [8, 12, 16, 20, 24, 28],
        "high": [32, 36, 39],
        "unlike training": [],
    }
    assert sum(counts.sum() for counts in scores.films.values()) == 11
    assert (scores.furthest, scores.pairs) == (0, [])


def test_the_header_says_when_and_where(page):
    text = page(("a", 0.5), page_settings=PageSettings("2026-11-21 10:00 UTC", ("ward-3", "<b>"))).text
    assert "Scanned 2026-11-21 10:00 UTC: ward-3, <b>." in text
    assert text.startswith("ward-3 and 1 more · xrayscan worklist")


def test_the_script_reads_the_fields_in_the_order_they_are_written():
    script = (Path(html.FOLDER) / "worklist_data.js").read_text(encoding="utf-8")
    assert [int(re.search(rf"\b{name.upper()} = (\d+)", script)[1]) for name in FIELDS] == list(range(len(FIELDS)))
