"""The command line of a benchmark that reads a folder of films."""

import argparse


def folder_parser(told: str | None) -> argparse.ArgumentParser:
    """A parser that prints a module's docstring as it stands, and asks for a folder."""
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    return parser
