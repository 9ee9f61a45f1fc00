"""``python -m xrayscan``: the same as the command ``xrayscan``."""

from xrayscan.cli import main

main(prog_name="xrayscan")
