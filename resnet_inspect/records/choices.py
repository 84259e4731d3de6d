"""What each choice of a grid is worth: an arm against the one that differs from it in nothing else."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from resnet_inspect.benchmark.between import between
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import DELTA, Comparison
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.report import Column, Table, tabulate
from resnet_inspect.units import text

# option of a grid -> how a value of it reads
OPTIONS = {
    "model": "{}",
    "batch_size": "batch {}",
    "task": "{}",
    "precision": "{}",
    "layout": "{}",
    "mode": "{}",
    "threads": "{} threads",
    "fused": "fused",
}


class Choice(NamedTuple):
    """A case with an option, against the one without; ``verdict`` is None where two rounds decide nothing."""

    text: str
    label: str
    comparison: Comparison
    verdict: str | None


def table(record: Record) -> Iterator[Table]:
    """A row for each arm and each option in which it differs from the first arm's value; nothing where none does."""
    results = {_key(result.case): result for result in record.results}
    rows = [row for option in OPTIONS for result in record.results for row in _worth(option, result, results, record)]
    if rows:
        columns: tuple[Column[Choice], ...] = (
            Column("choice", "choice", lambda choice: choice.text),
            Column("arm", "arm", lambda choice: choice.label),
            Column("ratio", "time", lambda choice: choice.comparison.ratio, "ratio"),
            Column("low", "from", lambda choice: choice.comparison.low, "ratio"),
            Column("high", "to", lambda choice: choice.comparison.high, "ratio"),
            Column("verdict", "verdict", lambda choice: choice.verdict),
        )
        yield tabulate("choices", "what each choice is worth", columns, rows)


def notes(record: Record) -> Iterator[str]:
    """How to read the table of choices."""
    ratio = "choices: the time of an image with each over that with the other"
    if record.plan.quick:
        yield f"{ratio}; two rounds decide nothing"
    else:
        where = margins(result.case.device for result in record.results)
        yield f"{ratio}, and its 95 % interval; an outcome is where that lies round 1 {where}"


def margins(devices: Iterable[str]) -> str:
    """Within how much a difference is none: ``±5.0%``."""
    return " and ".join(sorted({f"±{text(DELTA[device.partition(':')[0]], 'share')}" for device in devices}))


def _worth(option: str, result: Result, results: dict[Case, Result], record: Record) -> Iterator[Choice]:
    """The arm with and without ``option``, per image; two rounds of a quick run give a ratio and decide nothing."""
    value, first = getattr(result.case, option), getattr(record.results[0].case, option)
    without = results.get(replace(_key(result.case), **{option: first}))
    if value == first or without is None:
        return
    scale = without.case.batch_size / result.case.batch_size
    found = between(without, result, record.plan.seed, scale=scale)
    if found is not None:
        said = OPTIONS[option].format(value) + ("" if option == "fused" else f" over {first}")
        one = found.comparison
        outcome = None if record.plan.quick else one.outcome
        yield Choice(said, result.case.label, one, outcome)


def _key(case: Case) -> Case:
    """What names an arm beside its options: a model's own input and its batch follow from them."""
    return replace(case, input=())
