import jinja2
import pytest
from markupsafe import Markup

from xrayscan import OutputError
from xrayscan.report.html import page
from xrayscan.report.html.worklist_page import environment


@pytest.fixture
def template(monkeypatch):
    """Put a template beside page.html for the time of a test."""

    def put(text):
        mine = environment()
        mine.loader = jinja2.ChoiceLoader([jinja2.DictLoader({"mine.html": text}), mine.loader])
        monkeypatch.setattr(page, "environment", lambda: mine)
        return "mine.html"

    return put


PAGE = """{% extends "page.html" %}
{% block title %}Films of {{ name }}{% endblock %}
{% block content %}{{ figure }}{% endblock %}"""


def test_a_page_escapes_names_and_keeps_figures(template, tmp_path):
    path = tmp_path / "page.html"
    page.write_page(str(path), template(PAGE), name="<script>", figure=Markup("<svg></svg>"))
    text = path.read_text()
    assert "<title>Films of &lt;script&gt;</title>" in text
    assert "<h1>Films of &lt;script&gt;</h1>" in text
    assert "<svg></svg>" in text
    assert "<script" not in text


def test_a_page_says_what_it_is_not_and_loads_nothing(template, tmp_path):
    path = tmp_path / "page.html"
    page.write_page(str(path), template(PAGE), name="x", figure="")
    text = path.read_text()
    assert "Not a diagnosis" in text
    assert "default-src 'none'" in text
    assert "http" not in text.replace("http-equiv", "")


def test_a_forgotten_value_is_an_error_and_leaves_no_page(template, tmp_path):
    with pytest.raises(jinja2.UndefinedError):
        page.write_page(str(tmp_path / "page.html"), template(PAGE), name="x")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_is_an_output_error(template, tmp_path):
    with pytest.raises(OutputError, match=r"page\.html"):
        page.write_page(str(tmp_path / "no" / "page.html"), template(PAGE), name="x", figure="")
