"""TOML files that people write."""

import tomllib
from typing import Any

from xrayscan.errors import InputError
from xrayscan.files.text import encodable


def read_toml(path: str, remedy: str, example: str) -> dict[str, Any]:
    """Read a file. Raises: InputError that names it, with ``remedy`` if it is not there, else with ``example``."""
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise InputError(f"{encodable(path)}: {error.strerror}: {remedy}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{encodable(path)} is no text in UTF-8: write it as TOML, such as {example}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{encodable(path)}: {error}: write it as TOML, such as {example}") from error
