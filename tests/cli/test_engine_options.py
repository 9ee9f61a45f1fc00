"""--engine and --cluster, as far as they are told without a cluster."""

import pytest
from command_line import xrayscan

from xrayscan import Engine, UsageError


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--engine", "dusk"), "unknown engine 'dusk' (did you mean 'dask'?)"),
        (("--cluster", "tls://scheduler:8786"), "--cluster needs an engine that joins it"),
        (("--engine", "dask", "--cluster-ca", __file__), "certificates need --cluster"),
        (
            ("--engine", "dask", "--cluster", "tcp://127.0.0.1:1", "--cluster-ca", __file__),
            "certificates are for a cluster at tls://",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(words, told, sample_images, tmp_path):
    if "tcp://127.0.0.1:1" in words:
        pytest.importorskip("distributed")
    done = xrayscan("predict", sample_images, "--out", tmp_path / "out", *words)
    assert (done.exit_code, told in " ".join(done.stderr.split())) == (2, True), done.stderr


def test_an_engine_whose_library_is_missing_says_what_to_install():
    with pytest.raises(UsageError, match=r"pip install 'xrayscan\[far\]'"):
        Engine("far", "Far away.", "no_such_module:run", "far").load()


def test_help_lists_the_engines_that_are_installed():
    assert "--engine local|dask|ray" in xrayscan("predict", "--help").stdout
