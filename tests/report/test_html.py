from html.parser import HTMLParser

import pytest

from xrayscan.rank import RankSettings
from xrayscan.report.html import write_html


class Page(HTMLParser):
    """The tags, attributes and text of a page; void elements aside, every tag must be closed in order."""

    VOID = frozenset({"meta"})
    BLOCKS = frozenset({"dt", "dd", "p", "td"})

    def __init__(self, source):
        super().__init__()
        self.source, self.tags, self.attributes, self.words, self._open = source, [], [], [], []
        self.feed(source)
        self.close()
        assert self._open == []
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.words += [" "] if tag in self.BLOCKS else []
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def page(worklist, tmp_path):
    """Write the page of these entries and parse it."""

    def write(*entries, settings=None):
        path = tmp_path / "triage.html"
        write_html(worklist(*entries, settings=settings), str(path))
        return Page(path.read_text(encoding="utf-8"))

    return write


def test_the_page_says_what_was_found_by_which_model_and_what_it_is_worth(page):
    text = page(("a.png", 0.9), ("b.png", 0.3), ("c.png", "truncated PNG")).text
    assert "This list orders reading. It does not diagnose." in text
    assert "found 3 scored 2 rejected 1 ignored 0 tier high 1 tier intermediate 1 tier low 0" in text
    assert "Model <default>, version 1, fingerprint 0123456789abcdef." in text
    assert "At this threshold 95.1 % of the films with PNEUMONIA in validation were flagged" in text
    assert "95 % interval 92.1–97.3 %" in text
    assert "training prevalence of 74.0 %." in text


def test_a_threshold_of_the_user_claims_nothing(page):
    text = page(("a.png", 0.9), settings=RankSettings(threshold=0.4, prevalence=0.1)).text
    assert "0.4000 or more, a threshold given by the user: what it reaches on validation was not measured" in text
    assert "shifted from the training prevalence of 74.0 % to 10.0 %" in text


def test_rejected_files_stand_apart_grouped_by_reason(page):
    text = page(("a.png", 0.9), ("d", "truncated JPEG"), ("b", "truncated JPEG"), ("c", "link loop")).text
    assert text.endswith("link loop (1) c truncated JPEG (2) b d")


def test_a_page_without_a_scored_film_says_so(page):
    assert "Not one radiograph could be scored." in page(("b", "truncated JPEG")).text


def test_the_page_is_self_contained_and_forbids_everything_else(page):
    written = page(("a.png", 0.9), ("b", "no"))
    names = {name for name, _ in written.attributes}
    assert not names & {"src", "href", "srcset", "action"}
    assert not set(written.tags) & {"script", "link", "img", "iframe", "object", "base"}
    assert not any(name.startswith("on") for name in names)
    assert "url(" not in written.source
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in written.attributes


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
        assert shown in written.text
        assert not set(written.tags) & {"img", "script"}


def test_header_text_is_escaped(page):
    written = page(("a", 0.5, {"view": "<b>\u202e", "format": "<i>"}))
    assert "<b>[U+202E]" in written.text
    assert not set(written.tags) & {"b", "i"}


def test_a_page_is_written_in_pieces(worklist, tmp_path):
    path = tmp_path / "triage.html"
    write_html(worklist(*((f"{number}.png", 0.5) for number in range(300))), str(path))
    assert path.read_text().count("<tr>") == 301
