"""A search as a Report: the winner and what it gains, and what became of every other case."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.errors import FAILED, INCONCLUSIVE, OK
from resnet_inspect.report import Column, Fact, Report, Table, tabulate
from resnet_inspect.tuning.paste import command_line, python_lines
from resnet_inspect.tuning.prune import BY_PROFILE
from resnet_inspect.tuning.referee import Outcome
from resnet_inspect.tuning.space import complexity
from resnet_inspect.tuning.tune import NO_GAIN, Search
from resnet_inspect.units import counted, percent, significant, text

FRONT = "latency against images/s and memory"
ORDER = ("winner", "fastest", "tie", "open", "beaten", "forbidden", "lost", "pruned", "unreached")


@dataclass(frozen=True, slots=True)
class Row:
    """A case, what became of it, and its result in the Record, if it ran."""

    case: Case
    fate: str
    outcome: Outcome
    result: Result | None
    error: float | None

    @property
    def rounds(self) -> int | None:
        metric = self.result.metrics.latency if self.result else None
        return len(metric.round_lengths) if metric else None

    @property
    def latency_ms(self) -> float | None:
        metric = self.result.metrics.latency if self.result else None
        return metric.median_ms if metric else None

    @property
    def images_per_s(self) -> float | None:
        return self.result.metrics.images_per_s if self.result else None

    @property
    def peak_bytes(self) -> int | None:
        measured = self.result.memory.measured if self.result else None
        return measured.requested_bytes if measured else None

    @property
    def why(self) -> str:
        outcome = self.outcome
        if outcome.why or outcome.ratio is None or outcome.by is None:
            return outcome.why
        ratio, interval = significant(outcome.ratio.ratio), _interval(outcome.ratio.low, outcome.ratio.high)
        return f"{ratio}× the leader's time ({interval}) at round {outcome.rounds}"


CASE: tuple[Column[Row], ...] = (
    Column("batch_size", "batch", lambda row: row.case.batch_size, "integer"),
    Column("runs", "runs", lambda row: runs(row.case)),
)
MEASURED: tuple[Column[Row], ...] = (
    Column("latency_ms", "latency", lambda row: row.latency_ms, "ms"),
    Column("images_per_s", "images/s", lambda row: row.images_per_s, "rate"),
)
PEAK: Column[Row] = Column("peak_bytes", "peak", lambda row: row.peak_bytes, "bytes")
COLUMNS: tuple[Column[Row], ...] = (
    *CASE,
    Column("outcome", "outcome", lambda row: row.fate),
    *MEASURED,
    Column("error", "error", lambda row: row.error, "share"),
    replace(PEAK, optional=True),
    Column("rounds", "rounds", lambda row: row.rounds, "integer", optional=True),
    Column("why", "why", lambda row: row.why or None),
)


def answer(search: Search, record: Record, net: Sequence[str] = ()) -> Report:
    """``net`` are the words that name the network on a command line.

    The exit code is 1 where no case meets the bounds, 4 where the answer is open.
    """
    rows = [*_rows(search, {result.case: result for result in record.results})]
    code = INCONCLUSIVE if not search.decided else FAILED if search.winner is None else OK
    return Report(
        kind="tune",
        model=search.default.model,
        title=_title(search, len(rows)),
        facts=tuple(_facts(search, record, net)),
        tables=(tabulate("cases", "cases", COLUMNS, rows), *_front(rows), *_python(search)),
        findings=tuple(search.undecided),
        notes=(*_notes(search), *_notes_on(rows)),
        ok=code == OK,
        exit_code=code,
    )


def runs(case: Case) -> str:
    threads = f" {counted(case.threads, 'thread')}" if case.kind == "cpu" else ""
    return f"{case.precision} {case.layout} {case.mode}{threads}"


def _title(search: Search, number: int) -> str:
    winner, gain = search.winner, search.gain
    if winner is None:
        return _title_without_winner(search)
    of = f"{'fastest' if search.decided else 'fastest so far'} of {counted(number, 'case')}"
    tie = f", in a tie with {len(search.ties)}" if search.ties else ""
    best = f"{of}{tie}: {runs(winner)}, batch {winner.batch_size}"
    if gain is None:
        return f"{best}; what it gains is unknown"
    if gain is NO_GAIN:
        return f"{best}, which is torch's default"
    what = "images/s" if search.goal.wanted == "throughput" else "speed"
    return f"{best}, {significant(gain.ratio)}× ({_interval(gain.low, gain.high)}) the {what} of torch's default"


def _title_without_winner(search: Search) -> str:
    if not search.decided:
        return "no winner so far: the table says why"
    goal, nearest = search.goal, search.nearest
    ratio = goal.against_bound(search.raws[nearest]) if nearest is not None else None
    if nearest is None or ratio is None:
        return "no case may win: the table says why"
    latency = text(ratio.ratio * (goal.max_latency_ms or 0.0), "ms")
    return (
        f"--max-latency-ms {goal.max_latency_ms:g} forbids every case: the nearest is {runs(nearest)}, "
        f"batch {nearest.batch_size}, at {latency}"
    )


def _rows(search: Search, results: Mapping[Case, Result]) -> Iterator[Row]:
    cases = {*search.outcomes, *search.raws}
    fates = {case: search.outcomes[case].fate if case in search.outcomes else "default" for case in cases}
    shown = {case: "winner" if case == search.winner else fates[case] for case in cases}

    def place(case: Case) -> tuple[int, ...]:
        order = ORDER.index(shown[case]) if shown[case] in ORDER else len(ORDER)
        return (order, *complexity(case, search.default))

    for case in sorted(cases, key=place):
        raw = search.raws.get(case)
        error = raw.finished.relative_error if raw and raw.finished else None
        outcome = search.outcomes.get(case, Outcome("tie"))
        yield Row(case, shown[case], outcome, results.get(case), error)


def _facts(search: Search, record: Record, net: Sequence[str]) -> Iterator[Fact]:
    winner, gain = search.winner, search.gain
    if record.argv:
        yield Fact("command", "command", shlex.join(["resnet-inspect", *record.argv]))
    yield Fact("winner", "winner", None if winner is None else command_line(winner, net))
    for key, title, value in (
        ("gain", "gain over torch's default", gain.ratio if gain else None),
        ("gain_low", "at least", gain.low if gain else None),
        ("gain_high", "at most", gain.high if gain else None),
    ):
        yield Fact(key, title, value, "ratio")
    yield Fact("decided", "decided", search.decided)
    yield Fact("date", "date", record.environment.date)
    grade = record.environment.grade
    yield Fact("grade", "grade", ": ".join(filter(None, (grade.letter, "; ".join(grade.reasons)))))
    yield Fact("machine", "machine", record.environment.machine.cpu_model)
    if record.environment.gpu is not None:
        yield Fact("gpu", "gpu", record.environment.gpu.name)


def _front(rows: Sequence[Row]) -> Iterator[Table]:
    """The cases that no other beats in all of latency, images a second and memory, the shortest latency first."""
    measured = [row for row in rows if row.fate not in ("forbidden", "lost") and row.latency_ms and row.images_per_s]
    front = [row for row in measured if not any(_dominates(other, row) for other in measured)]
    if len(measured) > 1:
        yield tabulate("pareto", FRONT, (*CASE, *MEASURED, PEAK), sorted(front, key=lambda row: row.latency_ms or 0.0))


def _dominates(a: Row, b: Row) -> bool:
    """Whether ``a`` is nowhere worse and somewhere better, by the medians; memory counts where it is known of both."""
    pairs = [(a.latency_ms or 0.0, b.latency_ms or 0.0), (-(a.images_per_s or 0.0), -(b.images_per_s or 0.0))]
    if a.peak_bytes is not None and b.peak_bytes is not None:
        pairs.append((a.peak_bytes, b.peak_bytes))
    return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)


def _python(search: Search) -> Iterator[Table]:
    if search.winner is not None:
        column: Column[str] = Column("line", "line", lambda line: line)
        yield tabulate("python", "in Python, for a net and a batch x", [column], python_lines(search.winner))


def _notes(search: Search) -> Iterator[str]:
    goal = search.goal
    yield f"tie: within {percent(goal.delta, 0)} of the fastest, or too near that to tell; the simplest wins"
    yield "gain: of a last race in new processes, with its 95% interval, at the winner's batch"
    yield "default: contiguous, eager, the device's own precision, all cores"
    yield f"error: relative L2 distance of the outputs from fp32; {percent(goal.max_error, 0)} is allowed"
    if goal.max_latency_ms is not None:
        yield f"the upper end of a latency's 95% interval has to be within {text(goal.max_latency_ms, 'ms')}"


def _notes_on(rows: Sequence[Row]) -> Iterator[str]:
    if number := sum(row.why.startswith(BY_PROFILE) for row in rows):
        yield f"{counted(number, 'case')} {BY_PROFILE}: one in twenty takes less than the low end of its predicted time"
    if any(row.latency_ms for row in rows):
        yield f"{FRONT}: no other case is better in one and as good in the others, by the medians"


def _interval(low: float, high: float) -> str:
    return f"{significant(low)} to {significant(high)}"
