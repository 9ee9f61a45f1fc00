"""A spool folder: every film once, whole, under the name of its UID."""

import errno
import os

import pytest

from xrayscan.watching.spool import Spool


def without_links(monkeypatch):
    def link(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)


@pytest.mark.parametrize("has_links", [True, False])
def test_a_film_is_kept_once_and_another_of_its_uid_beside_it(tmp_path, monkeypatch, has_links):
    if not has_links:
        without_links(monkeypatch)
    spool = Spool(os.fspath(tmp_path / "spool"))
    for data in (b"first", b"second", b"first"):
        spool.keep("1.2.3", data)
    first, second = sorted((tmp_path / "spool").iterdir(), key=lambda path: len(path.name))
    assert (first.name, first.read_bytes(), second.read_bytes()) == ("1.2.3.dcm", b"first", b"second")
