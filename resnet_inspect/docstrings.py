"""Docstrings that users read: the pages of rules and the helps of commands."""

from collections.abc import Callable
from inspect import cleandoc
from typing import Any


def read_docstring(function: Callable[..., Any]) -> str:
    """The docstring of ``function``; from its source where ``python -OO`` has dropped it, "" without a source."""
    if function.__doc__:
        return cleandoc(function.__doc__)
    import ast
    from inspect import getsource
    from textwrap import dedent

    try:
        (definition,) = ast.parse(dedent(getsource(function))).body
    except OSError:
        return ""
    assert isinstance(definition, ast.FunctionDef)
    return ast.get_docstring(definition) or ""
