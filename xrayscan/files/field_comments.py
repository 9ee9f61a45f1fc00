"""The comments behind the fields of a class, which say in its source what each of them means."""

import ast
import inspect
import io
import sys
import textwrap
import tokenize
from typing import Any


def field_comments(kind: type[Any]) -> dict[str, str]:
    """Return the comment behind each field of a class by its name, inherited ones included.

    Fields without one are left out, and so are all of a class whose source is not there.
    """
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.partition(".")[0] not in sys.stdlib_module_names:
            found |= _own(base)
    return found


def _own(kind: type[Any]) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):
        return {}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    notes = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.ClassDef)
    named = (
        (target.id, node.end_lineno)
        for node in definition.body
        if isinstance(node, ast.AnnAssign | ast.Assign)
        for target in ([node.target] if isinstance(node, ast.AnnAssign) else node.targets)
        if isinstance(target, ast.Name)
    )
    return {name: notes[line] for name, line in named if line in notes}
