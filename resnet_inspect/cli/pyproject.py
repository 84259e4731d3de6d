"""The table ``[tool.resnet-inspect]`` of a pyproject.toml: defaults of a command's options, and several models."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from resnet_inspect import toml_files
from resnet_inspect.cli.stderr import step
from resnet_inspect.errors import RequestError

DEVICES, MODELS = "devices", "models"  # tables that every command may read, and no options
KEYS = (
    "model", "input", "batch-size", "set", "kwargs", "max-params", "max-macs", "max-flops", "max-activations",
    "max-memory", "max-latency-ms", "record",
)  # fmt: skip


class Configuration(NamedTuple):
    """The table and the file it is in."""

    path: Path
    table: Mapping[str, Any]

    def options(self, ctx: click.Context, table: Mapping[str, Any], where: str) -> dict[str, Any]:
        """The values of ``table`` by the names of the parameters of ``ctx``'s command; others of KEYS are left out.

        Raises:
            RequestError: a key or a value is wrong.
        """
        options = {_key(option): option for option in ctx.command.params}
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in KEYS:
                raise RequestError(f"{self.path}: unknown key {key!r} in {where}", hint=_hint(key))
            if key not in options:
                continue
            option = options[key]
            try:
                typed = _typed(value, option.multiple and key != "input")  # which here is one batch
                typed = [typed] if option.multiple and isinstance(typed, str) else typed
                option.type_cast_value(ctx, typed)
            except (click.BadParameter, TypeError) as error:
                reason = error.message.rstrip(".") if isinstance(error, click.BadParameter) else str(error)
                raise RequestError(f"{self.path}: {key} = {value!r}: {reason}") from None
            assert option.name
            values[option.name] = self.located(key, typed)
        return values

    def located(self, key: str, value: Any) -> Any:
        """A path relative to the file that names it; any other value as it is."""
        is_path = key == "record" or (key == "model" and isinstance(value, str) and value.lower().endswith(".toml"))
        return str(self.path.parent / value) if is_path and isinstance(value, str) else value


def find(config: str | None) -> Configuration | None:
    """The file ``config``, or the nearest pyproject.toml upwards with such a table; None if none has it.

    Raises:
        RequestError: the file cannot be read, or has no such table.
    """
    path = Path(config) if config is not None else toml_files.nearest(Path.cwd())
    table = toml_files.read_table(path) if path else None
    if path is None or table is None:
        if config is not None:
            raise RequestError(f"{config} has no table {toml_files.TABLE}", hint=f"it may set {', '.join(KEYS)}")
        return None
    return Configuration(path, table)


def defaults(ctx: click.Context, config: str | None) -> str:
    """Use the values of the table as defaults of ``ctx``'s options, and return the path of the file, "" for none.

    Raises:
        RequestError: the file cannot be read, or a key or value in it is wrong.
    """
    found = find(config)
    if found is None:
        return ""
    step(f"read {toml_files.TABLE} of {found.path}")
    ctx.default_map = found.options(ctx, _without_tables(found.table), toml_files.TABLE)
    return os.path.relpath(found.path)


def each_model(ctx: click.Context) -> tuple[str, list[dict[str, Any]]]:
    """The file that lists models, and for each of them the parameters of ``ctx``'s command; none where none does.

    What the command line gives holds for each; what stands above the list holds where an entry does not say otherwise.

    Raises:
        RequestError: the file cannot be read, or a key or value in it is wrong.
    """
    found = find(ctx.params.get("config") or None)
    entries = found.table.get(MODELS, []) if found else []
    if found is None or not entries:
        return "", []
    where = f"[[{toml_files.TABLE[1:-1]}.{MODELS}]]"
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise RequestError(f"{found.path}: {MODELS} is no list of tables", hint=f"write {where} above each model")
    step(f"read {len(entries)} of {where} in {found.path}")
    given = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    above, processing = _without_tables(found.table), {str(option.name): option for option in ctx.command.params}

    def params_of(entry: Mapping[str, Any]) -> dict[str, Any]:
        values = found.options(ctx, {**above, **entry}, where)
        model = found.located("model", _model_of(entry, found.path, where))
        processed = {
            name: processing[name].process_value(ctx, value) for name, value in values.items() if name not in given
        }
        return {**ctx.params, **processed, "model": model}

    return os.path.relpath(found.path), [*map(params_of, entries)]


def _model_of(entry: Mapping[str, Any], path: Path, where: str) -> str:
    model = entry.get("model")
    if not isinstance(model, str):
        raise RequestError(f"{path}: a table {where} names no model", hint='as model = "resnet50"')
    return model


def _without_tables(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in (DEVICES, MODELS)}


def _hint(key: str) -> str:
    from difflib import get_close_matches  # only an error pays for it

    near = get_close_matches(key, KEYS, n=1)
    return (f"did you mean {near[0]!r}? " if near else "") + f"it may set {', '.join(KEYS)}"


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
