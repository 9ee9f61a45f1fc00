"""The command line as tests call it, within their own process."""

import os

from click.testing import CliRunner

from xrayscan.cli import main


def xrayscan(*words, env=None, **options):
    """Run ``xrayscan`` with these words, which may be paths; return what click's runner returns."""
    return CliRunner().invoke(main, [os.fspath(word) for word in words], env=env, **options)
