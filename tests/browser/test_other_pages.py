"""The pages of explore, train, evaluate and tune in a browser: axe, ids, paper. The worklist has tests of its own."""

import shutil

import pytest
from browser_axe import violations
from command_line import xrayscan

HERE = ("--workers", "0", "--device", "cpu")
TINY = ("--cache", "cache", "--set", "side=32", "--set", "width=4", "--set", "blocks=1", "--epochs", "1", *HERE)
MODELS = ("--model", "run", "--model", "second.safetensors")
PAGES = ("explore.html", "run/training.html", "evaluated/evaluation.html", "search/tuning.html")
DUPLICATES = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""


@pytest.fixture(scope="module")
def pages(sample_images, model_file, tmp_path_factory):
    """The folder in which each command wrote its page, of 24 films, two of them broken."""
    pytest.importorskip("optuna")
    folder = tmp_path_factory.mktemp("pages")
    for label in ("NORMAL", "PNEUMONIA"):
        (folder / "labelled" / label).mkdir(parents=True)
        for film in sorted((sample_images / "labelled" / label).iterdir())[:12]:
            shutil.copy(film, folder / "labelled" / label)
        (folder / "labelled" / label / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    shutil.copy(model_file, folder / "second.safetensors")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        for words in (
            ("explore", "labelled", "--workers", "0"),
            ("train", "labelled", "--out", "run", *TINY),
            (
                "evaluate",
                "labelled",
                "--model",
                "run",
                "--model",
                "default",
                "--allow-overlap",
                "--out",
                "evaluated",
                *HERE,
            ),
            ("tune", "labelled", "--out", "search", "--trials", "2", *TINY),
        ):
            done = xrayscan(*words, "--quiet")
            assert done.exit_code == 0, done.output
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_light_and_dark_and_no_id_stands_twice(opened, pages, name):
    for scheme, width in (("light", 1280), ("dark", 390)):
        page = opened(pages / name, width=width, scheme=scheme)
        assert violations(page) == [], scheme
        assert page.evaluate(DUPLICATES) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_paper_is_white_with_dark_letters_whatever_the_screen_is(opened, pages, name):
    page = opened(pages / name, scheme="dark")
    page.emulate_media(media="print")
    colours = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    assert colours == ["rgb(255, 255, 255)", "rgb(27, 36, 48)"]
    assert violations(page) == []
