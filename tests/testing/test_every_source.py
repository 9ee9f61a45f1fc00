"""Every built-in source is held to the contract that a stranger's is, and a careless one is found out."""

import importlib
import sys
import zipfile
from dataclasses import replace

import pytest
from small import ROOT

from xrayscan import Fetched, Source
from xrayscan.sources.local import LOCAL_FILES
from xrayscan.testing.source import CLAUSES, SourceSubject

FILES = {"a.pgm": b"P5 2 1 255\n\0\1", "deep/b.pgm": b"P5 1 2 255\n\1\0"}
each_clause = pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__.removeprefix("check_"))


def folder(tmp_path):
    (tmp_path / "ward" / "deep").mkdir(parents=True)
    for name, content in FILES.items():
        (tmp_path / "ward" / name).write_bytes(content)
    return str(tmp_path / "ward")


def archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "ward.zip", "w") as file:
        for name, content in FILES.items():
            file.writestr(name, content)
    return f"{tmp_path}/ward.zip!"


@each_clause
@pytest.mark.parametrize("make", [folder, archive])
def test_the_file_system_keeps(clause, make, tmp_path):
    root = make(tmp_path)
    files = {f"{root}/{name}": content for name, content in FILES.items()}
    clause(SourceSubject(LOCAL_FILES, root.removesuffix("!"), files, f"{root}/absent"))


@pytest.fixture
def shelf(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "plugin" / "strangers"))
    yield importlib.import_module("shelf")
    del sys.modules["shelf"]


@each_clause
def test_a_strangers_source_keeps(clause, shelf):
    clause(SourceSubject(shelf.Shelf(), "shelf://ward", shelf.FILMS, "shelf://ward/c"))


@pytest.mark.parametrize(
    ("clause", "find", "opened"),
    [
        ("listing", lambda found: replace(found, size=found.size + 1), None),
        ("listing", lambda found: replace(found, source=found.source.upper()), None),
        ("identity", lambda found: Source.from_tag(found.path, found.size), None),
        ("identity", lambda found: Source(found.path, found.path, found.size), None),
        ("reading", None, lambda file: Fetched(file.content[:-1])),
        ("nothing_there", None, lambda file: Fetched(b"someone else's")),
    ],
    ids=["a wrong size", "another name", "always new", "never new", "cut short", "always there"],
)
def test_a_careless_source_is_found_out(clause, find, opened, shelf):
    class Careless(shelf.Shelf):
        def find(self, addresses, search):
            return map(find or (lambda found: found), super().find(addresses, search))

        def open(self, address):
            return opened(Fetched(shelf.FILMS.get(address, b""))) if opened else super().open(address)

    subject = SourceSubject(Careless(), "shelf://ward", shelf.FILMS, "shelf://ward/c")
    with pytest.raises(AssertionError):
        next(check for check in CLAUSES if check.__name__ == f"check_{clause}")(subject)
