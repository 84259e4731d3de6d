"""The table ``[tool.resnet-inspect]`` of a pyproject.toml, as defaults of a command's options."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from resnet_inspect import toml_files
from resnet_inspect.errors import RequestError

DEVICES = "devices"  # a table that every command may read, and no option


def defaults(ctx: click.Context, config: str | None, keys: Sequence[str]) -> str:
    """Use the values under ``keys`` of the table as defaults of ``ctx``'s options, and return the path of the file.

    Without ``config`` the file is the nearest pyproject.toml upwards with such a table; the path is "" if none has it.

    Raises:
        RequestError: the file cannot be read, or a key or value in it is wrong.
    """
    path = Path(config) if config is not None else toml_files.nearest(Path.cwd())
    table = toml_files.read_table(path) if path else None
    if path is None or table is None:
        if config is not None:
            raise RequestError(f"{config} has no table {toml_files.TABLE}", hint=f"it may set {', '.join(keys)}")
        return ""
    options = {_key(option): option for option in ctx.command.params}
    ctx.default_map = {}
    for key, value in table.items():
        if key == DEVICES:
            continue
        if key not in keys:
            raise RequestError(
                f"{path}: unknown key {key!r} in {toml_files.TABLE}", hint=f"it may set {', '.join(keys)}"
            )
        option = options[key]
        try:
            typed = _typed(value, option.multiple and key != "input")  # which here is one batch
            typed = [typed] if option.multiple and isinstance(typed, str) else typed
            option.type_cast_value(ctx, typed)
        except (click.BadParameter, TypeError) as error:
            reason = error.message.rstrip(".") if isinstance(error, click.BadParameter) else str(error)
            raise RequestError(f"{path}: {key} = {value!r}: {reason}") from None
        assert option.name
        if isinstance(typed, str) and (key == "record" or (key == "model" and typed.lower().endswith(".toml"))):
            typed = str(path.parent / typed)  # a path is relative to the file that names it
        ctx.default_map[option.name] = typed
    return os.path.relpath(path)


def _key(option: click.Parameter) -> str:
    """``max-params`` of ``--max-params``, ``set`` of ``--set``, ``model`` of the argument."""
    return max(option.opts, key=len).lstrip("-")


def _typed(value: object, several: bool) -> str | list[str]:
    """The value as a user would type it.

    Raises:
        TypeError: it is neither text nor a number, nor a list of either where the option takes one.
    """
    match value:
        case str():
            return [value] if several else value
        case bool():
            pass
        case int() | float():
            return str(value)
        case list() if several and all(isinstance(entry, str) for entry in value):
            return value
        case list() if not several and all(type(entry) is int for entry in value):
            return ",".join(map(str, value))
    raise TypeError("neither text nor a number")
