"""Format a number in its unit; no other module does.

Counts take SI prefixes (4.09 G) and bytes IEC ones (97.5 MiB). A share is a percentage, unknown is a dash.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Literal

Unit = Literal[
    "text", "integer", "count", "bytes", "share", "ratio", "shape", "ms", "percent", "rate", "number", "sum",
    "hours", "flop_rate", "byte_rate", "mark", "rounds", "count_change", "bytes_change", "ms_change",
]  # fmt: skip
Value = str | int | float | bool | Sequence[float] | Mapping[str, int] | None

WORDS: tuple[Unit, ...] = ("text", "shape", "sum", "mark", "rounds")  # aligned on the left; the others are numbers
# A difference is written with its sign.
CHANGES: dict[Unit, Unit] = {"count_change": "count", "bytes_change": "bytes", "ms_change": "ms"}
UNKNOWN = "–"
SI = ("", " k", " M", " G", " T", " P", " E")
IEC = (" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB")


def text(value: Value, unit: Unit = "text") -> str:
    """``value`` as a table shows it: with three significant digits where the unit has prefixes."""
    if value is None or (isinstance(value, float) and not isfinite(value)):  # as the rate of an impossible time
        return UNKNOWN
    if unit == "mark":
        return "●" if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if unit in CHANGES and isinstance(value, int | float):
        return ("+" if value > 0 else "") + text(value, CHANGES[unit]) if value else "0"
    match unit, value:
        case "count", int():
            return _scaled(value, 1000, SI)
        case "bytes", int():
            return _scaled(value, 1024, IEC)
        case "integer", int():
            return f"{value:,}"
        case "ms", int() | float():
            return f"{significant(value)} ms"
        case "hours", int() | float():
            return f"{significant(value)} h"
        case "percent", int() | float():  # as published: 80.858
            return f"{value:.2f}%"
        case "rate", int() | float():
            return f"{value:,.0f}" if round(value) >= 1000 else significant(value)
        case "number", int() | float():
            return significant(value, 4)
        case "flop_rate", int() | float():
            return f"{_scaled(round(value), 1000, SI)}FLOP/s"
        case "byte_rate", int() | float():
            return f"{_scaled(round(value), 1000, SI)}B/s"
        case "share", int() | float():
            return _share(value)
        case "ratio", int() | float():
            return f"{significant(value)}×"
        case "sum", Mapping():
            return " + ".join(f"{name} {part:,}" for name, part in value.items()) or "0"
        case "rounds", (*values,):  # milliseconds of one after the other
            return " ".join(map(significant, values))
        case "shape", (_, *_):
            return "×".join(map(str, value))
        case _:
            return str(value)


def tick(value: float, unit: Unit) -> str:
    """``value`` on an axis, where values are round: ``5 G``, ``0.25 ms``, ``80%``."""
    match unit:
        case "count":
            return _round(value, 1000, SI)
        case "bytes":
            return _round(value, 1024, IEC)
        case "flop_rate":
            return f"{_round(value, 1000, SI)}FLOP/s"
        case "byte_rate":
            return f"{_round(value, 1000, SI)}B/s"
        case "share":
            return f"{_plain(100 * value)}%"
        case "percent":
            return f"{_plain(value)}%"
        case "ms":
            return f"{_plain(value)} ms"
        case "ratio":
            return f"{_plain(value)}×"
        case _:
            return _plain(value)


def exact(value: Value, unit: Unit) -> str:
    """``value`` in full, then rounded where it takes a prefix: ``25,557,032 (25.6 M)``."""
    if isinstance(value, int) and unit in ("count", "bytes") and value >= 1000:
        return f"{value:,} ({text(value, unit)})"
    return text(value, unit)


def significant(value: float, digits: int = 3) -> str:
    """``value`` with so many significant digits, without an exponent; whole digits all stay: 4.09, 115, 1023, 0.943."""
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return f"{value:.{max(0, digits - 1 - exponent)}f}"


def counted(number: int, noun: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def giga(value: int) -> str:
    """``value`` in billions, with three significant digits."""
    return significant(value / 1e9)


def share(part: int, whole: int) -> float:
    """``part / whole`` to six decimals; 0 where the whole is 0."""
    return round(part / whole, 6) if whole else 0.0


def percent(value: float, digits: int = 1) -> str:
    """``value`` as a percentage: 0.25 is 25.0%."""
    return f"{100 * value:.{digits}f}%"


def _share(value: float) -> str:
    """A percentage; a share that is not 0 never shows as 0.0%."""
    return "<0.1%" if 0 < value < 0.0005 else percent(value)


def _scaled(value: int, base: int, prefixes: Sequence[str]) -> str:
    if abs(value) < base:
        return f"{value}{prefixes[0]}"
    scaled, power = float(value), 0
    # 999.6 would print as 1000 with three digits: it belongs to the next prefix.
    while abs(scaled) >= base - 0.5 and power < len(prefixes) - 1:
        scaled, power = scaled / base, power + 1
    return f"{significant(scaled)}{prefixes[power]}"


def _round(value: float, base: int, prefixes: Sequence[str]) -> str:
    """A round value with its prefix; the values of an axis are no differences of the last digit."""
    power = 0
    while abs(value) >= base * (1 - 1e-9) and power < len(prefixes) - 1:
        value, power = value / base, power + 1
    return f"{_plain(value)}{prefixes[power]}"


def _plain(value: float) -> str:
    """Digits as far as they are not 0, without an exponent."""
    text = f"{value:,.{9 if abs(value) < 1 else 6}f}"
    return text.rstrip("0").rstrip(".") or "0"
