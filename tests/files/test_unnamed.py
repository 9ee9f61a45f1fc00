"""What is printed is held back also where no folder may be written to."""

import tempfile

import pytest

from xrayscan.decode.codec_stderr import captured_stderr
from xrayscan.files.unnamed import unnamed_file
from xrayscan.plugin.manager import load_registry


def no_folder(*args, **more):
    raise FileNotFoundError("No usable temporary directory found")


@pytest.mark.parametrize("in_memory", [True, False])
def test_an_unnamed_file_gives_back_what_was_written(monkeypatch, in_memory):
    if not in_memory:
        monkeypatch.delattr("os.memfd_create", raising=False)
    with unnamed_file() as file:
        file.write(b"said")
        file.seek(0)
        assert file.read() == b"said"


@pytest.mark.skipif(not hasattr(__import__("os"), "memfd_create"), reason="this system keeps no files in memory")
def test_codecs_and_plugins_need_no_folder_for_temporary_files(monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", no_folder)
    monkeypatch.setattr(tempfile, "gettempdir", no_folder)
    with captured_stderr() as said:
        pass
    assert said == []
    assert not [plugin.error for plugin in load_registry().plugins if plugin.error]
