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
    r"figures describe a reading order",
    r"\bwith(out)? the finding and\b|\b(with|without|have|had) the finding[^\n]*</",
    r"the called films|share of films without the finding called|xlabel=\"called\"|calling at random",
    r"films? (are|is) left out of training|training films are left out|<dt>left out</dt>|>Left out",
    r"No evaluation:|which flatters|would be no evaluation",
    r"the label told from the file, not the film",
    r"betray part of the label|hardly tell the labels apart|metadata alone tell\b",
    r"Alike to the eye",
    r"films that share a patient",
    r"--positive names the finding|it needs two (folders|labels), one of them|needs \{what\}",
    r"[Ww]hat (the|its|your) (numbers|figures) are worth|\bwhat it is worth\b|what models are worth",
    r"calibration\": f\"logit",
    r"px, \{card\.input\.resize\}",
    r"first\[.msg.\]|errors\(\)\[0\]\[.msg.\]",  # pydantic's own words
    r"are no readable images|\bignored \(no images\)",
    r"It holds no image, such as a report",
    r"it brought its reader down",
    r"Models?: give a model file, the folder of a training run|give a model file, the folder of",
    r"give another --out, or --fresh",
    r"patients were told apart by file names|to validate on; patients",
    r"The finding's label, in upper",
    r"Of the (split, the weights|resamples behind|shortcut check)\.",
    r"(=|\")What is ranked\.",
    r"Films with pictures and all tags in the page|Films of which the page shows where",
    r"Whether the page shows pictures",
    r"Try the whole path on a few films, in seconds",
    r"Whose threshold the figures hold at",
    r"What in a file's path names its patient",
    r"How much films are changed",
    r"Show what is known of one film",
    r"measured on one footing",
    r"there is no scan here",
    r"says where the model looked|where the model looked\]",
    r"evaluate (default|runs/first|MODEL) [\w/-]+",
    r"(train|tune) [^\n`]*--model (cnn|lite0|vgg16|resnet|tiny|timm|ensemble)",
)
READ = (
    *sorted((ROOT / "xrayscan").rglob("*.py")),
    *sorted((ROOT / "xrayscan").rglob("*.html")),
    *sorted((ROOT / "xrayscan").rglob("*.js")),
    *sorted((ROOT / "xrayscan").rglob("*.toml")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("*.py")),
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
