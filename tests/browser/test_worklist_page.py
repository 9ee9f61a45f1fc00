import csv
import io
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from browser_axe import violations
from browser_pages import CARD, HOSTILE, SECOND, make_page

from xrayscan import RankSettings
from xrayscan.report.html.worklist_data import percent

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[test]'").expect

FILMS = "#rows .open"


def ranks(page):
    return [int(text) for text in page.locator("#rows .rank").all_text_contents()]


def test_a_click_on_a_heading_sorts_and_a_second_one_reverses(opened, short_page):
    page = opened(short_page)
    assert ranks(page) == list(range(1, 21))
    heading = page.locator("th[data-sort=film]")
    heading.locator("button").click()
    names = page.locator(FILMS).evaluate_all("all => all.map((one) => one.title)")
    assert names == sorted(names, key=str.lower)
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.locator("button").click()
    assert page.locator(FILMS).evaluate_all("all => all.map((one) => one.title)") == names[::-1]
    assert heading.get_attribute("aria-sort") == "descending"
    page.locator("th[data-sort=probability] button").click()
    assert ranks(page) == list(range(1, 21))
    assert heading.get_attribute("aria-sort") == "none"


def test_rows_are_filtered_by_groups_answers_and_words(opened, short_page):
    page = opened(short_page)
    high = page.locator("[data-group=high]")
    high.click()
    assert set(page.locator("#rows .tier").all_text_contents()) == {"high"}
    page.locator("[data-group=low]").click()
    assert set(page.locator("#rows .tier").all_text_contents()) == {"high", "low"}
    page.locator("[data-group=low]").click()
    high.click()
    assert high.get_attribute("aria-pressed") == "false"
    page.locator("[data-group=failed]").click()
    assert page.locator(FILMS).all_text_contents() == ["<i>.dcm", "a.dcm", "b.dcm"]
    assert page.locator("#rows .flags").first.text_content() == "empty file"
    page.locator("[data-group=failed]").click()
    page.fill("#find", "WARD-2 lateral")
    expect(page.locator(FILMS)).to_have_text(["film-014.dcm"])
    page.fill("#find", "nothing like it")
    expect(page.locator("#rows")).to_have_text("No film matches.")


def test_the_keyboard_walks_opens_and_answers(opened, short_page):
    page = opened(short_page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == page.locator(FILMS).nth(1).text_content()
    page.keyboard.press("a")
    assert pressed(page, 1) == ["agree"]
    page.keyboard.press("k")
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("k")  # the second film is read: n passed it over
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    assert page.locator("#film").is_visible()
    assert page.locator("#filmname").text_content() == "film-000.dcm"
    page.keyboard.press("n")
    assert page.locator("#filmname").text_content() == "film-002.dcm"
    page.keyboard.press("Escape")
    assert page.locator("#film").is_hidden()
    row = "tr[data-position='2']"
    page.locator(f"{row}:focus, {row} :focus").wait_for(state="attached")  # closing the film moves the focus later
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.locator("#keyson").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    assert pressed(page, 2) == []


def pressed(page, row):
    buttons = page.locator("#rows tr").nth(row).locator("[data-answer][aria-pressed=true]")
    return buttons.evaluate_all("all => all.map((one) => one.dataset.answer)")


def test_letters_typed_into_the_search_and_a_note_are_no_commands(opened, short_page):
    page = opened(short_page)
    page.keyboard.press("/")
    page.keyboard.type("jr?a")
    assert page.locator("#find").input_value() == "jr?a"
    page.fill("#find", "")
    expect(page.locator("#rows tr")).to_have_count(20)
    open_film(page, 0)
    page.keyboard.press("m")
    page.keyboard.type("a shadow, right?")
    page.keyboard.press("Escape")
    assert page.locator("#rows .noted").all_text_contents() == ["a shadow, right?"]
    assert pressed(page, 0) == []


@pytest.mark.parametrize(("width", "height", "films"), [(1280, 800, 8), (1920, 1080, 8), (390, 844, 3)])
def test_the_first_screen_is_the_list(opened, short_page, width, height, films):
    page = opened(short_page, width=width, height=height)
    last = page.locator("#rows tr").nth(films - 1).bounding_box()
    assert last["y"] + last["height"] <= height
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.title() == "ward · xrayscan worklist"
    assert page.locator("#about").bounding_box()["y"] > height


def test_the_first_film_is_three_tab_presses_away_and_a_link_skips_to_it(opened, short_page):
    page = opened(short_page)
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.querySelector('#rows .open')")
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement === document.querySelector('#rows .open')")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")  # within the bar
    assert page.evaluate("document.activeElement.id") == "which"


def test_heading_and_bar_stay_in_sight(opened, long_page):
    page = opened(long_page)
    page.evaluate("scrollTo({top: 2500, behavior: 'instant'})")
    assert page.evaluate("scrollY") > 1000
    head, bar = (page.locator(name).bounding_box() for name in ("th.path", "#bar"))
    assert bar["y"] == 0
    assert head["y"] == pytest.approx(bar["height"], abs=1.5)


def test_columns_without_content_and_a_folder_that_all_share_are_left_out(opened, tmp_path):
    page = opened(make_page(tmp_path, 1))
    assert page.locator("th.flags").is_visible()  # lateral
    page = opened(make_page(tmp_path, 0))
    assert page.locator(FILMS).all_text_contents() == ["<i>.dcm", "a.dcm", "b.dcm"]
    assert page.locator("#rows .folder:visible, th.view:visible, th.ranking:visible").count() == 0
    assert "0 of 0 read" in page.locator("#progress").text_content()


def test_percent_tells_films_near_the_ends_apart(opened, short_page):
    page = opened(short_page)
    shown = page.evaluate("[0.9997, 0.999983, 0.99999712, 1, 0.5, 0.00000312, 0].map((p) => percent(p).join(''))")
    assert shown == ["99.97", "99.998", "99.9997", "100.00", "50.00", "0.0003", "0.00"]
    assert shown == ["".join(percent(p)) for p in (0.9997, 0.999983, 0.99999712, 1, 0.5, 0.00000312, 0)]


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


@pytest.mark.parametrize("width", [1280, 390])
def test_a_film_opens_plain_and_h_shows_the_heatmap_beside_it_or_in_its_place(opened, short_page, width):
    page = opened(short_page, width=width)
    open_film(page, 0)
    plain, mapped = page.locator("#canvas"), page.locator("#under")
    assert plain.is_visible()
    assert mapped.is_hidden()
    page.keyboard.press("h")
    assert mapped.is_visible()
    assert plain.is_visible() == (width >= 1200)
    overlay = page.locator("#overlay")
    assert overlay.bounding_box() == pytest.approx(mapped.bounding_box())
    place = page.locator("#hottest").evaluate("element => [element.style.left, element.style.top]")
    assert place == ["68.75%", "31.25%"]
    page.locator("#opacity").fill("20")
    assert overlay.evaluate("element => element.style.opacity") == "0.2"
    page.keyboard.press("j")
    expect(plain).to_have_attribute("data-drawn", "1")
    assert mapped.is_hidden()


def test_a_small_film_is_not_blown_up_but_may_be_zoomed(opened, short_page):
    page = opened(short_page)
    open_film(page, 0)
    film = page.locator("#canvas")
    assert [film.bounding_box()[side] for side in ("width", "height")] == [104, 96]
    assert (
        "Picture of 104 × 96 pixels (the file has 1800 × 2000), shown at 100 %"
        in page.locator("#resolution").text_content()
    )
    page.keyboard.press("+")
    assert film.bounding_box()["width"] == pytest.approx(130)
    page.keyboard.press("1")
    assert film.bounding_box()["width"] == pytest.approx(104)


def test_path_and_original_of_a_film_are_at_hand(opened, short_page):
    page = opened(short_page)
    address = page.evaluate("addressOf(rows[0])")
    assert unquote(urljoin(short_page.as_uri(), address)) == (Path.cwd() / "ward-0" / "film-000.dcm").as_uri()
    assert page.evaluate("realPath(rows[1])") == HOSTILE
    strange = page.evaluate("addressOf(rows[1])")
    assert not set(strange) & set('<>"\n ')
    assert page.evaluate("addressOf([, , , , , 'javascript:alert(1)'])").startswith(
        page.evaluate("meta.base") + "javascript%3A"
    )
    assert page.evaluate("addressOf([, , , , , 'a.zip!/b.dcm'])") is None
    open_film(page, 0)
    assert page.locator("#original").get_attribute("href") == address


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
    page.keyboard.press("h")
    assert page.locator("#under").is_hidden()
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
    assert page.locator("#scores").text_content() == "small95.24high"
    assert page.locator("#verdict").text_content() == "Flagged as PNEUMONIA."


def saved_answers(page):
    with page.expect_download() as saved:
        page.locator("#export").click()
    return Path(saved.value.path()).read_text(encoding="utf-8")


def test_answers_survive_a_reload_and_come_back_as_labels(opened, short_page):
    page = opened(short_page)
    for row, answer in ((1, "agree"), (4, "disagree"), (19, "agree"), (2, "wrong")):
        page.locator("#rows tr").nth(row).locator(f"[data-answer={answer}]").click()
    open_film(page, 5)
    page.fill("#note", '=1+1, "quoted"\nand a second line')
    page.keyboard.press("Escape")
    page.reload()
    assert [pressed(page, row) for row in (0, 1, 4)] == [[], ["agree"], ["disagree"]]
    assert page.locator("#progress").text_content() == "4 of 20 read"
    lines = list(csv.DictReader(io.StringIO(saved_answers(page))))
    told = [(line["rank"], line["label"], line["answer"]) for line in lines]
    assert told == [
        ("2", "PNEUMONIA", "agree"),
        ("3", "", "wrong picture"),
        ("5", "NORMAL", "disagree"),
        ("6", "", ""),
        ("20", "NORMAL", "agree"),
    ]
    assert lines[0]["path"].startswith("<img src=x")
    assert "\n" not in lines[0]["path"]
    assert lines[3]["note"] == '\'=1+1, "quoted" and a second line'
    assert lines[4]["read"].endswith("Z")
    page.select_option("#which", "unread")
    assert page.locator("#rows tr").count() == 16
    page.select_option("#which", "note")
    assert ranks(page) == [6]


def test_an_answer_given_again_is_taken_back(opened, short_page):
    page = opened(short_page)
    page.keyboard.press("j")
    for _ in range(2):
        page.keyboard.press("d")
    assert pressed(page, 0) == []
    assert page.locator("#progress").text_content() == "0 of 20 read"
    assert page.locator("#export").is_disabled()


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
    assert models[:2] == ["47.62intermediate", "45.24intermediate"]
    page.locator("th[data-sort=model0] button").click()
    assert page.locator("th[data-sort=model0]").get_attribute("aria-sort") == "descending"
    assert ranks(page) == list(range(1, 21))
    open_film(page, 0)
    assert page.locator("#scores th").all_text_contents() == ["small", "<second>"]
    assert page.locator("#scores .tier").all_text_contents() == ["high", "intermediate"]
    page.keyboard.press("Escape")
    page.select_option("#which", "flagged")
    assert "models disagree" in page.locator("#rows .flags").first.text_content()
    page.select_option("#which", "all")
    page.locator(".chip[data-group=failed]").click()
    assert page.locator("#rows .model").all_text_contents() == ["–"] * 3


def test_the_page_says_where_models_disagree(opened, tmp_path):
    page = opened(make_page(tmp_path, 20, (CARD, SECOND)))
    assert "tiers differ on 8 of 20 films" in " ".join(page.locator("main").text_content().split())
    cells = page.locator(".agreement td.number").all_text_contents()
    assert cells == ["0", "4", "0", "0", "8", "4", "0", "0", "4"]
    assert violations(page) == []


def test_a_list_by_the_mean_shows_the_mean(opened, tmp_path):
    page = opened(make_page(tmp_path, 20, (CARD, SECOND), RankSettings(rank_by="mean")), width=1440)
    first = page.locator("#rows tr").first
    assert first.locator(".number").all_text_contents()[:4] == ["1", "71.43", "95.24", "47.62intermediate"]
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
    assert "Every film has the same tier by each of them" in " ".join(page.locator("main").text_content().split())


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
def test_axe_finds_nothing(opened, short_page, width, scheme):
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
    assert page.locator("#find").is_hidden()
    assert page.locator("#rows .path").first.is_visible()
    assert page.locator("#failed").is_visible()
    assert page.locator("#performance").is_hidden()


def test_a_sheet_of_paper_has_ranks_below_headings_and_says_what_it_leaves_out(opened, short_page, long_page):
    page = opened(long_page, width=700)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("thead [data-sort=rank]").is_visible()
    assert page.locator("#rows .rank").first.is_visible()
    expect(page.locator("#paper")).to_contain_text("the first 50 of 250 rows")
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    page.emulate_media(media="screen")
    assert page.locator("#paper").is_hidden()
    page = opened(short_page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#paper")).to_have_text("")


@pytest.mark.slow
def test_a_page_of_100000_rows_answers_within_two_seconds(opened, tmp_path):
    page = opened(make_page(tmp_path, 100_000))
    assert int(page.evaluate("document.documentElement.dataset.ready")) < 2000
    sorting = page.evaluate(
        "() => { const start = performance.now(); sortBy('film'); return performance.now() - start; }"
    )
    assert sorting < 1000


@pytest.mark.parametrize("width", [390, 1280])
def test_the_answers_below_a_film_of_the_grid_can_be_read(opened, short_page, width):
    page = opened(short_page, width)
    page.keyboard.press("g")
    answers = page.locator("#rows [data-answer]")
    assert [answers.nth(n).inner_text().strip() for n in range(3)] == ["agree", "disagree", "wrong"]
