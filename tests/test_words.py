"""One word for one thing: wordings that went do not come back into what people read."""

import re

import pytest
from small import ROOT

from xrayscan.files.text import counted, nearest

WENT = (  # regular expressions
    r"orders reading\. It (does|is) not",
    r"\bis called at a probability",
    r"calls this film",
    r"Went on from an earlier scan",
    r"unchanged files kept",
    r"scored anew",
    r"what is done is kept",
    r"\bMind:",
    r"alike to the eye",
    r"brings the median film",
    r"[Pp]atients,? (were )?told apart by \{",
    r"give files or folders, or --files-from",
    r"Begin no trial",
    r"Go on with the run in",
    r"What the best (epoch|trial) is best in",
    r"How exactly it computes",
    r"Texts for the model card",
    r"Folder for the (trained model|three files)",
    r"A threshold of your own",
    r"\"Of the ",
    r"\[dim\]left out\[/\]",
    r"train [^\n`]*--model (cnn|lite0|vgg16|resnet|tiny|timm|ensemble)",
)
READ = (
    *sorted((ROOT / "xrayscan").rglob("*.py")),
    *sorted((ROOT / "xrayscan").rglob("*.html")),
    *sorted((ROOT / "xrayscan").rglob("*.js")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "README.md",
)


@pytest.mark.parametrize("wording", WENT)
def test_a_wording_that_went_stays_away(wording):
    found = [f"{path.relative_to(ROOT)}" for path in READ if re.search(wording, path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (1, ("file",), "1 file"),
        (0, ("file",), "0 files"),
        (1200, ("film",), "1,200 films"),
        (2, ("entry", "entries"), "2 entries"),
    ],
)
def test_a_count_and_its_noun_agree(number, words, text):
    assert counted(number, *words) == text


def test_a_misspelt_word_is_answered_with_the_nearest_one():
    assert nearest("predit", ["train", "predict"]) == " (did you mean 'predict'?)"
    assert nearest("zzz", ["train", "predict"]) == ""
