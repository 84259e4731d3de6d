"""TOML files: one read whole, and the table ``[tool.resnet-inspect]`` of a pyproject.toml."""

import tomllib
from pathlib import Path
from typing import Any

from resnet_inspect.errors import RequestError

TABLE = "[tool.resnet-inspect]"


def read_toml(path: str, if_missing: str, if_broken: str = "") -> dict[str, Any]:
    """What the file says; ``if_missing`` and ``if_broken`` are the hints of the two errors.

    Raises:
        RequestError: the file cannot be read, or is not TOML.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise RequestError(f"{path}: {reason}", hint=if_missing) from None
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{path} is not TOML: {error}", hint=if_broken) from None


def nearest(folder: Path) -> Path | None:
    """The nearest pyproject.toml upwards from ``folder`` that has the table.

    Raises:
        RequestError: one on the way cannot be read.
    """
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if path.is_file() and read_table(path) is not None:
            return path
    return None


def read_table(path: Path) -> dict[str, Any] | None:
    """The table in a file; None where it has none.

    Raises:
        RequestError: the file cannot be read, or what has the table's name is none.
    """
    document = read_toml(str(path), "name a pyproject.toml that exists")
    table = document.get("tool", {})
    table = table.get("resnet-inspect") if isinstance(table, dict) else None
    if table is None or isinstance(table, dict):
        return table
    raise RequestError(f"{path}: resnet-inspect is not a table", hint=f"write {TABLE}, and its keys below it")
