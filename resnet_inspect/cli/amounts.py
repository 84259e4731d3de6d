"""Quantities as they are typed: 26M parameters, 200MiB of memory."""

import re

import click

COUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
SIZES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def amount(text: str) -> int:
    """A count with an SI prefix, as 26M or 4.2G."""
    return _read(text, COUNTS, "an amount, as 26M or 4.2G")


def size(text: str) -> int:
    """Bytes, as 200MiB (powers of 1024) or 200MB (powers of 1000); a bare M is ambiguous and refused."""
    return _read(text, SIZES, "a size, as 200MiB or 200MB")


def _read(text: str, units: dict[str, int], form: str) -> int:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]*)", text.lower(), re.ASCII)
    if not match or match[2] not in units:
        raise click.BadParameter(f"{text!r} is not {form}")
    return round(float(match[1]) * units[match[2]])
