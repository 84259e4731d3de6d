"""Quantities as they are typed: 26M parameters, 200MiB of memory."""

import re

from resnet_inspect.errors import RequestError
from resnet_inspect.typed_json import LARGEST
from resnet_inspect.units import percent

COUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
SIZES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
TIMES = {"": 1, "s": 1, "min": 60, "h": 3600}
YEAR = 365 * 24 * 3600  # s
Amount = float | str | None  # None: no limit


def amount(value: Amount) -> float | None:
    """A count: a number, or text with an SI prefix, as 26M or 4.2G.

    Raises:
        RequestError: it is neither.
    """
    return _read(value, COUNTS, "an amount, as 26M or 4.2G")


def size(value: Amount) -> float | None:
    """Bytes: a number, or text as 200MiB (powers of 1024) or 200MB (powers of 1000); a bare M is ambiguous.

    Raises:
        RequestError: it is neither.
    """
    return _read(value, SIZES, "a size, as 200MiB or 200MB")


def limit(option: str, value: float | None, example: str, top: float = LARGEST) -> float | None:
    """A bound: a number above 0 and below ``top``, or None for no bound.

    Raises:
        RequestError: it is another.
    """
    if value is None or (type(value) in (int, float) and 0 < value < top):
        return value
    shown = f"{value:g}" if isinstance(value, float) else value
    bound = "2^63" if top == LARGEST else f"{top:g}"
    message = f"{option} {shown}: a limit is a number above 0 and below {bound}"
    raise RequestError(message, hint=f"as {option} {example}")


def percentage(option: str, value: float | None, example: str) -> float | None:
    """A least accuracy in percent, from 1 to below 100; below 1 it is a share by mistake.

    Raises:
        RequestError: it is another.
    """
    if limit(option, value, example, 100) is not None and value is not None and value < 1:
        raise RequestError(f"{option} {value:g}: a top-1 is in percent", hint=f"as {option} {percent(value)}")
    return value


def _read(value: Amount, units: dict[str, int], form: str) -> float | None:
    if value is None or isinstance(value, int | float):
        return value
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]*)", str(value).lower(), re.ASCII)
    if not match or match[2] not in units:
        raise RequestError(f"{value!r} is not {form}")
    number = float(match[1]) * units[match[2]]
    if number >= LARGEST:
        raise RequestError(f"{value[:20]!r} … is more than any network has")
    return round(number)


def seconds(value: float | str) -> float:
    """A time above 0: a number of seconds, or text as 90s, 5min or 1h.

    Raises:
        RequestError: it is neither, or longer than a year.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]*)", str(value).lower(), re.ASCII)
    if not match or match[2] not in TIMES:
        raise RequestError(f"{value!r} is not a time, as 90s, 5min or 1h")
    number = float(match[1]) * TIMES[match[2]]
    if not 0 < number < YEAR:
        raise RequestError(f"{value!r} is not a time above 0 and below a year")
    return number
