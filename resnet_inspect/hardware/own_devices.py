"""Devices of a user's own, from ``[tool.resnet-inspect.devices.NAME]`` of the nearest pyproject.toml."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from resnet_inspect import toml_files
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.device import GIGA, TERA, Device
from resnet_inspect.units import text
from resnet_inspect.vocabulary import PRECISIONS

NAME = re.compile("[a-z0-9][a-z0-9._-]*")
KEYS = ("title", "tflops", "gb-per-s", "memory-gb", "source")
EXAMPLE = 'tflops = { fp32 = 1.3, fp16 = 10 }, gb-per-s = 68, source = "the maker\'s data sheet"'
MOST = 1e6  # of each number: an exaFLOP/s, a petabyte


def read_devices(folder: Path, taken: Collection[str]) -> dict[str, Device]:
    """The devices by name; ``taken`` are names that others have.

    Raises:
        RequestError: the file cannot be read, or an entry is wrong; the message names file and key.
    """
    path = toml_files.nearest(folder)
    table = (toml_files.read_table(path) or {}).get("devices", {}) if path else {}
    if not isinstance(table, dict):
        raise RequestError(f"{path}: devices is not a table", hint="write [tool.resnet-inspect.devices.NAME]")
    return {name: _device(f"{path}: devices.{name}", name, entry, taken) for name, entry in table.items()}


def _device(where: str, name: str, entry: Any, taken: Collection[str]) -> Device:
    if not NAME.fullmatch(name):
        raise RequestError(f"{where}: a name is of small letters, digits, '-', '_' and '.'", hint="as my-board")
    if name in taken:
        raise RequestError(f"{where}: the name is taken", hint="choose another; `resnet-inspect devices` lists them")
    if not isinstance(entry, dict):
        raise RequestError(f"{where} is not a table", hint=f"as {EXAMPLE}")
    if unknown := [key for key in entry if key not in KEYS]:
        raise RequestError(f"{where}: unknown key {unknown[0]!r}", hint=f"it may have {', '.join(KEYS)}")
    tflops = entry.get("tflops")
    if not (isinstance(tflops, dict) and tflops and all(key in PRECISIONS for key in tflops)):
        raise RequestError(
            f"{where}.tflops is no table of peaks by {', '.join(PRECISIONS)}", hint="as tflops = { fp32 = 1.3 }"
        )
    memory = _positive(f"{where}.memory-gb", entry["memory-gb"]) * GIGA if "memory-gb" in entry else None
    return Device(
        name,
        _words(f"{where}.title", entry.get("title", name)),
        {precision: _positive(f"{where}.tflops.{precision}", tflops[precision]) * TERA
         for precision in PRECISIONS if precision in tflops},
        _positive(f"{where}.gb-per-s", entry.get("gb-per-s")) * GIGA,
        _words(f"{where}.source", entry.get("source")),
        memory_bytes=memory,
    )  # fmt: skip


def _positive(where: str, value: Any) -> float:
    if type(value) in (int, float) and 0 < value < MOST:
        return float(value)
    shown = "is missing" if value is None else f"= {value!r} is no number above 0 and below {text(int(MOST), 'count')}"
    raise RequestError(f"{where} {shown}", hint=f"as {EXAMPLE}")


def _words(where: str, value: Any) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    raise RequestError(f"{where} {'is missing' if value is None else 'is no line of text'}", hint=f"as {EXAMPLE}")
