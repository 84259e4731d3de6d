"""A Record's findings in words: once for all results that have one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import Formatter

from resnet_inspect.benchmark.findings import BY_CODE, SHARES
from resnet_inspect.benchmark.record import Observation, Record
from resnet_inspect.report import Finding
from resnet_inspect.units import text


def findings_of(record: Record) -> Iterator[Finding]:
    """Each finding once, with the range of its numbers over the results that have it."""
    by_code: dict[str, dict[int, Observation]] = {}
    for number, result in enumerate(record.results, 1):
        for observation in result.findings:
            by_code.setdefault(observation.code, {})[number] = observation
    for code, observations in by_code.items():
        first, *rest = observations.values()
        if rest:
            where = _numbered([*observations], len(record.results))
            yield _worded(code, where, {name: _range(name, observations.values()) for name in first.values})
        else:
            yield word(first)


def word(observation: Observation) -> Finding:
    """What a Record notes of a result, in words."""
    values = {name: _text(name, value) for name, value in observation.values.items()}
    return _worded(observation.code, observation.where, values)


def _worded(code: str, where: str, values: Mapping[str, str]) -> Finding:
    rule = BY_CODE.get(code)
    if rule is None or not values.keys() >= {name for _, name, _, _ in Formatter().parse(rule.message) if name}:
        # a Record of another version
        message = ", ".join(f"{name} {value}" for name, value in values.items())
        return Finding(code, where, message or "another version of resnet-inspect knows this finding")
    return Finding(code, where, rule.message.format(**values), rule.hint)


def _range(name: str, observations: Iterable[Observation]) -> str:
    values = {observation.values[name] for observation in observations if name in observation.values}
    ordered = sorted(values, key=lambda value: (isinstance(value, str), value))
    texts = list(dict.fromkeys(_text(name, value) for value in ordered))
    return ", ".join(texts) if isinstance(ordered[0], str) or len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


def _numbered(numbers: Sequence[int], total: int) -> str:
    return "all results" if len(numbers) == total else f"results {', '.join(map(str, numbers))} of {total}"


def _text(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    return text(value, "share") if name in SHARES else f"{value:.0f}" if value >= 100 else f"{value:.2g}"
