"""Two Records held against each other: the ratio of each case with its interval, and the range that is a tie."""

from collections import Counter
from collections.abc import Iterator, Sequence

from resnet_inspect.benchmark.compare import DELTA, OUTCOMES, Outcome
from resnet_inspect.chart import Axis, Chart, Interval, Mark, Rule, Scale, Span, Text
from resnet_inspect.charts.cases import names_of
from resnet_inspect.records.verdict import Pair, table
from resnet_inspect.units import counted, percent, text

COLORS: dict[Outcome, int | None] = {"FASTER": 0, "SLOWER": 1, "SAME": 2, "INCONCLUSIVE": None}
WIDE = 2.0  # a ratio above it, or below its inverse, needs a log axis


def verdict(pairs: Sequence[Pair]) -> Chart:
    """A forest plot: a row for each case of both runs, the ratio of its medians, new over old, and the 95 % interval.

    A pair without a valid measurement has its row, and says why.
    """
    names = [_name(pair, name) for pair, name in zip(pairs, names_of([pair.new for pair in pairs]), strict=True)]
    ends = [end for pair in pairs if pair.comparison for end in (pair.comparison.low, pair.comparison.high)]
    scale: Scale = "log" if ends and (max(ends) > WIDE or min(ends) < 1 / WIDE) else "linear"
    ties, counts = _ties(pairs), Counter(pair.outcome for pair in pairs)
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
    return Chart(
        key="verdict",
        title=f"{counted(len(pairs), 'case')}, new against old",
        x=Axis(f"time, new over old; shaded, a tie: {' or '.join(ties)}", "ratio", scale),
        y=Axis("", "text", "category", categories=tuple(names)),
        marks=(
            *ties.values(),
            Rule(1.0, "x", "no change"),
            *(mark for i, p in enumerate(pairs) for mark in _row(i, p)),
        ),
        table=table(pairs),
        alt=f"Of {counted(len(pairs), 'case')}, new against old: {told}.",
    )


def _name(pair: Pair, name: str) -> str:
    before, after = pair.old.case.model, pair.new.case.model
    if before == after:
        return name
    return f"{before} → {name}" if after in name else f"{before} → {after} {name}"


def _ties(pairs: Sequence[Pair]) -> dict[str, Mark]:
    """The range that an interval of the SAME keeps to, in words, for each kind of device."""
    kinds = dict.fromkeys(pair.new.case.kind for pair in pairs)
    words = {kind: f"±{percent(DELTA[kind], 0)}" + (f" on {kind}" if len(kinds) > 1 else "") for kind in kinds}
    return {words[kind]: Span(1 - DELTA[kind], 1 + DELTA[kind], "x") for kind in kinds}


def _row(position: int, pair: Pair) -> Iterator[Mark]:
    compared = pair.comparison
    if compared is None:
        yield Text(1.0, position, pair.reason, small=True)
        return
    ratio, outcome = text(compared.ratio, "ratio"), pair.outcome
    yield Interval(
        position, compared.low, compared.ratio, compared.high, color=COLORS[outcome], text=f"{outcome}, {ratio}"
    )
