import csv
import io
from dataclasses import replace

import pytest
from browser_axe import violations
from browser_pages import CARD, SECOND, make_page

from xrayscan import RankSettings

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[test]'").expect

FILMS = "#rows .path"


def ranks(page):
    return [int(text) for text in page.locator("#rows .rank").all_text_contents()]


def test_a_click_on_a_heading_sorts_and_a_second_one_reverses(opened, short_page):
    page = opened(short_page)
    assert ranks(page) == list(range(1, 21))
    heading = page.locator("th[data-sort=film]")
    heading.locator("button").click()
    names = page.locator(FILMS).all_text_contents()
    assert names == sorted(names, key=str.lower)
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.locator("button").click()
    assert page.locator(FILMS).all_text_contents() == names[::-1]
    assert heading.get_attribute("aria-sort") == "descending"
    page.locator("th[data-sort=probability] button").click()
    assert ranks(page) == list(range(1, 21))
    assert heading.get_attribute("aria-sort") == "none"


def test_rows_are_filtered_by_tier_status_and_words(opened, short_page):
    page = opened(short_page)
    page.select_option("#tier", "high")
    assert set(page.locator("#rows .tier").all_text_contents()) == {"high"}
    page.select_option("#tier", "")
    page.select_option("#status", "flagged")
    assert page.locator("#rows .flags").all_text_contents() == ["lateral"] * 3
    page.select_option("#status", "failed")
    assert page.locator(FILMS).all_text_contents() == ["<i>.dcm", "a.dcm", "b.dcm"]
    page.select_option("#status", "all")
    page.fill("#find", "WARD-2 lateral")
    expect(page.locator(FILMS)).to_have_text(["ward-2/film-014.dcm"])
    page.fill("#find", "nothing like it")
    expect(page.locator("#rows")).to_have_text("No film matches.")


def test_the_keyboard_walks_opens_and_marks(opened, short_page):
    page = opened(short_page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == page.locator(FILMS).nth(1).text_content()
    page.keyboard.press("r")
    assert page.locator("#rows tr").nth(1).locator("input").is_checked()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    assert page.locator("#film").is_visible()
    assert page.locator("#filmname").text_content() == "ward-0/film-000.dcm"
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    assert page.locator("#film").is_hidden()
    page.wait_for_function("document.activeElement.closest('tr')?.dataset.position === '1'")  # closing tells it later
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.locator("#keyson").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    assert page.locator("#rows tr").nth(1).locator("input").is_checked()


def test_letters_typed_into_the_search_are_no_commands(opened, short_page):
    page = opened(short_page)
    page.keyboard.press("/")
    page.keyboard.type("jr?")
    assert page.locator("#find").input_value() == "jr?"
    assert page.locator("#rows input:checked").count() == 0


def grey(page, x=0.5, y=0.5):
    """The grey value of the film as it is shown, at a place given as shares of its sides."""
    script = """([x, y]) => document.getElementById("canvas").getContext("2d").getImageData(
        x * canvas.width, y * canvas.height, 1, 1).data[0]"""
    return page.evaluate(script, [x, y])


def open_film(page, number):
    page.locator("#rows .open").nth(number).click()
    expect(page.locator("#canvas")).to_have_attribute("data-drawn", str(number))


def test_a_film_is_inverted_windowed_by_dragging_and_reset(opened, short_page):
    page = opened(short_page)
    open_film(page, 0)
    before = grey(page)
    page.keyboard.press("i")
    assert grey(page) == 255 - before
    assert page.locator("#invert").get_attribute("aria-pressed") == "true"
    page.keyboard.press("i")
    box = page.locator("#stage").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 300, steps=3)
    page.mouse.up()
    assert float(page.locator("#window").input_value()) == pytest.approx(255 - 150)
    assert float(page.locator("#level").input_value()) == pytest.approx(127.5 + 100)
    assert grey(page) < before
    page.keyboard.press("0")
    assert grey(page) == before
    page.locator("#window").focus()
    page.keyboard.press("Home")  # a narrow window: black or white
    assert grey(page) in (0, 255)


def test_the_heatmap_lies_over_the_film_and_fades_by_slider_and_key(opened, short_page):
    page = opened(short_page)
    open_film(page, 0)
    overlay = page.locator("#overlay")
    assert overlay.bounding_box() == pytest.approx(page.locator("#canvas").bounding_box())
    page.locator("#opacity").fill("20")
    assert overlay.evaluate("element => element.style.opacity") == "0.2"
    page.keyboard.press("h")
    assert overlay.evaluate("element => element.style.opacity") == "0"
    place = page.locator("#hottest").evaluate("element => [element.style.left, element.style.top]")
    assert place == ["68.75%", "31.25%"]


def test_a_small_film_fills_the_stage_without_being_bent(opened, short_page):
    page = opened(short_page)
    open_film(page, 0)
    film, stage = (page.locator(name).bounding_box() for name in ("#canvas", "#stage"))
    assert film["width"] / film["height"] == pytest.approx(104 / 96, rel=0.01)
    assert max(film["width"] / stage["width"], film["height"] / stage["height"]) == pytest.approx(1, abs=0.02)


def test_a_film_on_which_nothing_raised_the_score_says_so(opened, short_page):
    page = opened(short_page)
    open_film(page, 4)
    assert page.locator("#heatnote").text_content() == "Heatmap: no part of this film raised the score."
    assert page.locator("#hottest").is_hidden()


def test_a_model_that_compares_shows_its_nearest_training_cases(opened, short_page):
    page = opened(short_page)
    open_film(page, 6)
    assert page.locator("#neighbours li").all_text_contents() == ["<PNEUMONIA>, distance 0.25", "NORMAL, distance 1.5"]
    page.keyboard.press("j")
    assert page.locator("#near").is_hidden()


def test_a_film_without_heatmap_or_picture_says_why(opened, short_page):
    page = opened(short_page)
    open_film(page, 5)
    assert page.locator("#overlay").is_hidden()
    assert page.locator("#heatnote").text_content() == "No heatmap was made of this film."
    page.keyboard.press("Escape")
    page.locator("#rows .open").nth(2).click()
    assert page.locator("#nofilm").text_content() == "the file is gone"
    page.keyboard.press("Escape")
    page.locator("#rows .open").nth(10).click()
    assert "the first 8 films only" in page.locator("#nofilm").text_content()


def test_the_detail_view_shows_technical_tags_and_the_probability(opened, short_page):
    page = opened(short_page)
    open_film(page, 0)
    facts = page.locator("#facts").text_content()
    assert "2000 × 1800 pixels" in facts
    assert "modalityDX" in facts
    assert "SHA-256" + "0" * 64 in facts
    assert page.locator("#scores").text_content() == "small0.9524high"


def test_reviewed_marks_survive_a_reload_and_are_exported(opened, short_page):
    page = opened(short_page)
    page.locator("#rows input").nth(1).check()
    page.locator("#rows input").nth(4).check()
    page.reload()
    assert [box.is_checked() for box in page.locator("#rows input").all()[:6]] == [
        False,
        True,
        False,
        False,
        True,
        False,
    ]
    assert "2 reviewed" in page.locator("#said").text_content()
    page.select_option("#status", "open")
    assert page.locator("#rows tr").count() == 18
    with page.expect_download() as saved:
        page.locator("#export").click()
    with open(saved.value.path(), encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(io.StringIO(file.read())))
    assert [line["rank"] for line in lines] == ["2", "5"]
    assert lines[0]["source"].startswith("<img src=x")
    assert "\n" not in lines[0]["source"]
    assert lines[1]["reviewed"].endswith("Z")


def test_hostile_names_are_text_everywhere(opened, short_page):
    page = opened(short_page)
    shown = '<img src=x onerror="window.hacked=1">␊[U+202E]=HYPERLINK("x") 🫁.png'
    assert page.locator(FILMS).nth(1).text_content() == shown
    open_film(page, 1)
    assert page.locator("#filmname").text_content() == shown
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img:not([src^='data:'])").count() == 0


def test_several_models_have_columns_and_rows_of_their_own(opened, tmp_path):
    page = opened(make_page(tmp_path, 20, (CARD, SECOND)), width=1440)
    models = page.locator("#rows .model").all_text_contents()
    assert models[:2] == ["0.4762intermediate", "0.4524intermediate"]
    page.locator("th[data-sort=model0] button").click()
    assert page.locator("th[data-sort=model0]").get_attribute("aria-sort") == "descending"
    assert ranks(page) == list(range(1, 21))
    open_film(page, 0)
    assert page.locator("#scores th").all_text_contents() == ["small", "<second>"]
    assert page.locator("#scores .tier").all_text_contents() == ["high", "intermediate"]
    page.keyboard.press("Escape")
    page.select_option("#status", "flagged")
    assert "models disagree" in page.locator("#rows .flags").first.text_content()
    page.select_option("#status", "failed")
    assert page.locator("#rows .model").all_text_contents() == ["–"] * 3


def test_the_page_says_where_models_disagree(opened, tmp_path):
    page = opened(make_page(tmp_path, 20, (CARD, SECOND)))
    assert "tiers differ on 8 of 20 films" in " ".join(page.locator("header").text_content().split())
    cells = page.locator(".agreement td.number").all_text_contents()
    assert cells == ["0", "4", "0", "0", "8", "4", "0", "0", "4"]
    assert violations(page) == []


def test_a_list_by_the_mean_shows_the_mean(opened, tmp_path):
    page = opened(make_page(tmp_path, 20, (CARD, SECOND), RankSettings(rank_by="mean")), width=1440)
    first = page.locator("#rows tr").first
    assert first.locator(".number").all_text_contents()[:4] == ["1", "0.7143", "0.9524", "0.4762intermediate"]
    assert first.locator(".ranking .bar").count() == 1
    assert "highest mean probability" in " ".join(page.locator("#table caption").text_content().split())
    page.locator("th[data-sort=mean] button").click()
    assert ranks(page) == list(range(1, 21))
    open_film(page, 0)
    assert page.locator("#scores th").all_text_contents() == ["small", "<second>", "mean"]


@pytest.mark.parametrize("width", [360, 1440])
def test_long_model_names_push_nothing_aside(opened, tmp_path, width):
    long = [replace(CARD, name=f"runs/{letter * 60}") for letter in "ab"]
    page = opened(make_page(tmp_path, 20, long, RankSettings(rank_by="mean")), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for cell in page.locator("#rows tr").first.locator("td.number:visible").all():
        assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth + 1")
    open_film(page, 0)
    assert page.locator("#film").evaluate("element => element.scrollWidth <= element.clientWidth")


def test_models_that_agree_are_said_to(opened, tmp_path):
    page = opened(make_page(tmp_path, 1, (CARD, SECOND)))
    assert "Every film has the same tier by each of them" in " ".join(page.locator("header").text_content().split())


def test_only_one_page_of_a_long_list_is_in_the_document(opened, long_page):
    page = opened(long_page)
    assert page.locator("#rows tr").count() == 100
    page.locator("#last").click()
    assert ranks(page) == list(range(201, 251))
    page.locator("#previous").click()
    assert ranks(page)[0] == 101
    page.locator("#rows .open").nth(99).focus()
    page.keyboard.press("j")  # over the page's end
    assert page.locator("#page").text_content() == "page 3 of 3"
    assert page.evaluate("document.activeElement.closest('tr').dataset.position") == "200"


def test_thumbnails_appear_only_where_pictures_were_kept(opened, short_page):
    page = opened(short_page)
    assert page.locator("#rows .thumb img").count() == 7
    assert page.locator("#rows .nothumb").all_text_contents()[:2] == ["gone", ""]


@pytest.mark.parametrize("width", [360, 800, 1440])
def test_no_width_needs_sideways_scrolling(opened, short_page, width):
    page = opened(short_page, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("#rows .open").first.is_visible()
    page.locator("#rows .open").first.click()
    assert page.locator("#film").evaluate("element => element.scrollWidth <= element.clientWidth")


def test_dark_follows_the_system(opened, short_page):
    colour = "getComputedStyle(document.body).backgroundColor"
    assert opened(short_page, scheme="light").evaluate(colour) == "rgb(244, 246, 249)"
    assert opened(short_page, scheme="dark").evaluate(colour) == "rgb(17, 21, 27)"


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_serious(opened, short_page, width, scheme):
    page = opened(short_page, width=width, scheme=scheme)
    assert violations(page) == []
    open_film(page, 0)
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert violations(page) == []


def test_paper_gets_the_list_without_its_controls(opened, short_page):
    page = opened(short_page, scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#rows .tier").first.evaluate("tier => getComputedStyle(tier).color") == "rgb(163, 24, 43)"
    assert page.locator("#toolbar").is_hidden()
    assert page.locator("#rows .path").first.is_visible()


@pytest.mark.slow
def test_a_page_of_100000_rows_answers_within_two_seconds(opened, tmp_path):
    page = opened(make_page(tmp_path, 100_000))
    assert int(page.evaluate("document.documentElement.dataset.ready")) < 2000
    sorting = page.evaluate(
        "() => { const start = performance.now(); sortBy('film'); return performance.now() - start; }"
    )
    assert sorting < 1000
