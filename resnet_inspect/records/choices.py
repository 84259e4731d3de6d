"""What each choice of a grid is worth: a result against another that differs in that choice only."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import DELTA, Comparison, Outcome, compare_results
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.report import Column, Table, tabulate
from resnet_inspect.units import counted, text

# option of a grid -> how a value of it reads
OPTIONS: dict[str, Callable[[Any], str]] = {
    "model": str,
    "batch_size": "batch {}".format,
    "task": str,
    "precision": str,
    "layout": str,
    "mode": str,
    "threads": lambda threads: counted(threads, "thread"),
    "folded": lambda folded: "folded",
}


class Choice(NamedTuple):
    """``words`` name the choice and what it is held against; a quick run decides no ``outcome``."""

    words: str
    case: Case
    comparison: Comparison
    outcome: Outcome | None

    @property
    def reason(self) -> str:
        return self.comparison.reason if self.outcome else ""


COLUMNS: tuple[Column[Choice], ...] = (
    Column("choice", "choice", lambda choice: choice.words),
    Column("case", "case", lambda choice: choice.case.label),
    Column("ratio", "time", lambda choice: choice.comparison.ratio, "ratio"),
    Column("low", "from", lambda choice: choice.comparison.low, "ratio"),
    Column("high", "to", lambda choice: choice.comparison.high, "ratio"),
    Column("verdict", "verdict", lambda choice: choice.outcome),
    Column("reason", "because", lambda choice: choice.reason or None),
)


def table(record: Record) -> Iterator[Table]:
    """A row for each result and each option that differs from the first result's; nothing where none does."""
    results = {_key(result.case): result for result in record.results}
    choices = [
        choice for option in OPTIONS for result in record.results for choice in _weigh(option, result, results, record)
    ]
    if choices:
        used = [column for column in COLUMNS if column.key != "reason" or any(choice.reason for choice in choices)]
        yield tabulate("choices", "what each choice is worth", used, choices)


def notes(record: Record) -> Iterator[str]:
    """How to read the table of choices."""
    ratio = "choices: time per image with the choice, divided by the time without it"
    if record.plan.quick:
        yield f"{ratio}; two rounds decide nothing"
    else:
        where = margins(result.case for result in record.results)
        yield f"{ratio}, with its 95% interval; the verdict is where the interval lies around 1 {where}"


def margins(cases: Iterable[Case]) -> str:
    """The differences that count as none: ``±5.0%``."""
    return " and ".join(sorted({f"±{text(DELTA[case.kind], 'share')}" for case in cases}))


def _weigh(option: str, result: Result, results: dict[Case, Result], record: Record) -> Iterator[Choice]:
    """The result with and without ``option``, per image."""
    value, first = getattr(result.case, option), getattr(record.results[0].case, option)
    without = results.get(replace(_key(result.case), **{option: first}))
    if value == first or without is None:
        return
    scale = without.case.batch_size / result.case.batch_size
    compared = compare_results(without, result, record.plan.seed, scale=scale, resample=False)
    if compared is not None:
        words = OPTIONS[option](value) + ("" if option == "folded" else f" over {first}")
        outcome = None if record.plan.quick else compared.comparison.outcome
        yield Choice(words, result.case, compared.comparison, outcome)


def _key(case: Case) -> Case:
    """A case by its options; a model's own input and its batch follow from them."""
    return replace(case, input=())
