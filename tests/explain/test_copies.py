"""The films of a worklist in a folder of their own, by tier: those that were scored, under harmless names."""

import dataclasses
import os
import zipfile

import pytest
from command_line import xrayscan
from small import write_film

import xrayscan as library
from xrayscan.explain.copies import copy_films, copy_name


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three films, one of them in an archive, and a text."""
    monkeypatch.chdir(tmp_path)
    write_film(tmp_path / "ward" / "a b<.png", 1)
    write_film(tmp_path / "ward" / "sub" / "c;d.jpeg", 2)
    with zipfile.ZipFile(tmp_path / "ward" / "more.zip", "w") as archive:
        archive.write(write_film(tmp_path / "d.png", 3), "in/d.png")
    (tmp_path / "ward" / "notes.txt").write_text("none")
    return tmp_path


def predict(*words, model):
    return xrayscan("predict", "ward", "--model", model, "--workers", "0", "--format", "csv", "--no-images", *words)


def copies(folder):
    return sorted(os.path.join(os.path.basename(at), name) for at, _, names in os.walk(folder) for name in names)


def test_copies_lie_by_tier_in_reading_order_and_are_the_films_themselves(folder, model_file):
    result = predict("--copy-to", "copies", model=model_file)
    assert result.exit_code == 0, result.output
    assert "copies (3 films)" in result.stderr
    with library.predict(folder / "ward", model_file, workers=0) as worklist:
        wanted = {(row.rank, row.tier): row.source for row in worklist}
    for (rank, tier), source in wanted.items():
        (name,) = (name for name in os.listdir(folder / "copies" / tier) if name.startswith(f"{rank:05}-"))
        original = folder / "d.png" if "zip!" in source else source
        with open(folder / "copies" / tier / name, "rb") as copy, open(original, "rb") as film:
            assert copy.read() == film.read()
        assert not set(name) & set("<>: /\\")
    assert os.stat(folder / "copies").st_mode & 0o077 == 0


def test_links_lead_to_the_films_and_what_has_no_path_is_told(folder, model_file):
    result = predict("--copy-to", "links", "--copy-as", "link", model=model_file)
    assert result.exit_code == 0, result.output
    assert "1 film not in links, such as ward/more.zip!/in/d.png: it cannot be linked to" in result.stderr
    found = [os.path.realpath(os.path.join(at, name)) for at, _, names in os.walk("links") for name in names]
    assert sorted(found) == sorted(map(str, (folder / "ward" / "a b<.png", folder / "ward" / "sub" / "c;d.jpeg")))


@pytest.mark.parametrize(
    ("target", "words"), [("full", "not empty"), ("ward/copies", "would be scanned"), ("d.png", "")]
)
def test_nothing_is_replaced_and_no_copy_is_scanned_next_time(folder, model_file, target, words):
    (folder / "full").mkdir()
    (folder / "full" / "mine.txt").write_text("mine")
    result = predict("--copy-to", target, model=model_file)
    assert result.exit_code == 5
    assert words in result.stderr
    assert not (folder / "triage" / "triage.csv").exists()
    assert os.listdir(folder / "full") == ["mine.txt"]


def test_an_earlier_scan_gives_its_films_too_but_none_that_changed(folder, model_file):
    assert predict(model=model_file).exit_code == 0
    write_film(folder / "ward" / "a b<.png", 9)
    (folder / "ward" / "sub" / "c;d.jpeg").unlink()
    result = xrayscan("report", "triage", "--format", "csv", "--copy-to", "copies")
    assert result.exit_code == 0, result.output
    assert "2 films not in copies" in result.stderr
    assert len(copies("copies")) == 1


def test_a_file_that_appears_meanwhile_is_left_alone(folder, model_file):
    with library.predict(folder / "ward" / "a b<.png", model_file, workers=0) as worklist:
        (row,) = worklist.top(1)
        (folder / "out" / row.tier).mkdir(parents=True)
        path = folder / "out" / row.tier / copy_name(1, row)
        path.write_text("mine")
        with pytest.raises(library.OutputError):
            copy_films(worklist, str(folder / "out"))
        assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["x" * 240 + ".png", "肺" * 70 + ".png", "..", "a\udcff\n.png", "CON.png", "-rf.png"])
def test_a_copys_name_is_short_and_harmless(folder, model_file, name):
    with library.predict(folder / "d.png", model_file, workers=0) as worklist:
        made = copy_name(7, dataclasses.replace(worklist.top(1)[0], source=f"ward/{name}"))
    assert made.startswith("00007-")
    assert len(made.encode()) <= 200
    assert made == os.path.basename(made).strip()
    assert made.isprintable()
