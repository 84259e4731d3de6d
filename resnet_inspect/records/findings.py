"""What is odd about a measurement, in words: said once for all the arms of which it is the same."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from resnet_inspect.benchmark.findings import CATALOGUE
from resnet_inspect.benchmark.record import Record
from resnet_inspect.report import Finding
from resnet_inspect.units import text

SHARES = ("share", "spread", "change", "within")


def together(record: Record) -> Iterator[Finding]:
    """What the Record says of its arms: once for all of whom it says the same, with the range of its numbers."""
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for number, result in enumerate(record.results, 1):
        for one in result.findings:
            found.setdefault(one["code"], {})[number] = one
    for code, by_arm in found.items():
        first, *rest = by_arm.values()
        if not rest:
            yield finding(first)
            continue
        names = first["values"]
        ranges = {name: _range(name, [one["values"][name] for one in by_arm.values()]) for name in names}
        message, hint = CATALOGUE[code]
        yield Finding(code, _numbered([*by_arm], len(record.results)), message.format(**ranges), hint)


def _range(name: str, values: Sequence[float | str]) -> str:
    ordered = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    said = list(dict.fromkeys(_said(name, value) for value in ordered))
    return ", ".join(said) if isinstance(ordered[0], str) or len(said) == 1 else f"{said[0]} to {said[-1]}"


def _numbered(numbers: Sequence[int], total: int) -> str:
    return "all arms" if len(numbers) == total else f"arms {', '.join(map(str, numbers))} of {total}"


def finding(found: Mapping[str, Any]) -> Finding:
    """What a Record says of an arm, in words."""
    message, hint = CATALOGUE[found["code"]]
    values = {k: _said(k, v) for k, v in found["values"].items()}
    return Finding(found["code"], found["where"], message.format(**values), hint)


def _said(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    return text(value, "share") if name in SHARES else f"{value:.0f}" if value >= 100 else f"{value:.2g}"
