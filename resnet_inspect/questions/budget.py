"""What a net may cost at most, and whether it does: counts from its graph, latency from a Record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from resnet_inspect.benchmark.between import crowded
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.errors import FAILED, INCONCLUSIVE, OK, RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.work import Work, work_of
from resnet_inspect.report import Column, Fact, Finding, Report, Row, Table
from resnet_inspect.units import Unit, exact, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that a net may cost; None is no limit. ``memory`` is in bytes, of an inference in fp32."""

    params: int | None = None
    macs: int | None = None
    flops: int | None = None
    activations: int | None = None
    memory: int | None = None
    latency_ms: float | None = None

    def __post_init__(self) -> None:
        given = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None}
        if not given:
            raise RequestError("no budget is given", hint="as --max-params 26M, or max-params in a pyproject.toml")
        for name, limit in given.items():
            if not (isinstance(limit, int | float) and isfinite(limit) and limit > 0):
                raise RequestError(f"{_key(name)} {limit}: a budget is a number above 0")


# field of Limits -> what it limits, its unit, how much of it a net takes
STATIC: dict[str, tuple[str, Unit, Callable[[Graph, Work], int]]] = {
    "params": ("parameters", "count", lambda graph, work: work.params),
    "macs": ("MACs", "count", lambda graph, work: work.macs),
    "flops": ("FLOPs", "count", lambda graph, work: 2 * work.macs),
    "activations": ("activations", "count", lambda graph, work: work.activations),
    "memory": ("peak memory", "bytes", lambda graph, work: peak_bytes(graph)),
}
COLUMNS = (
    Column("budget", "budget"),
    Column("of", "of"),
    Column("unit", ""),
    Column("limit", "limit", "own"),
    Column("actual", "actual", "own"),
    Column("share", "%", "share"),
    Column("verdict", "verdict"),
)
INTERVAL = (Column("low_ms", "from", "ms"), Column("high_ms", "to", "ms"))


def budget(
    graph: Graph, spec: Mapping[str, Any], limits: Limits, record: Record | None = None, source: str = ""
) -> Report:
    """A row a budget: limit, actual, and ``ok``, ``OVER``, or of a latency that says too little ``INCONCLUSIVE``.

    ``source`` is the file that limits were read from. The report's ``ok`` is whether every row's is.

    Raises:
        RequestError: a latency budget without a Record of this net at this input, or a Record without one.
    """
    rows: list[Row] = []
    findings: list[Finding] = []
    work = work_of(graph)
    for name, (title, unit, cost) in STATIC.items():
        limit = getattr(limits, name)
        if limit is None:
            continue
        actual = cost(graph, work)
        verdict = "OVER" if actual > limit else "ok"
        rows.append((_key(name), title, unit, limit, actual, round(actual / limit, 6), verdict))
        if actual > limit:
            said = f"{exact(actual, unit)} is {text(actual - limit, unit)} over {exact(limit, unit)}"
            findings.append(Finding("over", _key(name), said))
    columns: tuple[Column, ...] = COLUMNS
    if limits.latency_ms is not None:
        columns = (*COLUMNS, *INTERVAL)
        rows = [(*row, None, None) for row in rows]
        for result in _fitting(graph, spec, record):
            row, finding = _latency(result, limits.latency_ms)
            rows.append(row)
            findings += [finding] if finding else []
    elif record is not None:
        raise RequestError("a Record is read for a latency alone", hint="give --max-latency-ms, or no --record")
    notes = ["memory is the predicted peak of an inference in fp32"] if limits.memory else []
    notes += ["two rounds, a first look: another run may decide otherwise"] if record and record.plan.quick else []
    if record and any(result.stopped == "interrupted" for result in record.results):
        notes.append("Ctrl-C ended a run: another may decide otherwise")
    over = any(finding.code == "over" for finding in findings)
    return Report(
        kind="budget",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}",
        facts=(
            Fact("ok", "within budget", not findings or (False if over else None)),
            *([Fact("config", "limits from", source)] if source else []),
        ),
        tables=(Table("budgets", "budgets", columns, tuple(rows)),),
        findings=tuple(findings),
        notes=tuple(notes),
        ok=not findings,
        exit_code=FAILED if over else INCONCLUSIVE if findings else OK,
    )


def _key(name: str) -> str:
    return f"max-{name.replace('_', '-')}"


def _fitting(graph: Graph, spec: Mapping[str, Any], record: Record | None) -> list[Result]:
    """Every arm that is an inference of this net at this input, however it was run: each has to keep the limit."""
    if record is None:
        raise RequestError(
            "max-latency-ms needs a measurement", hint="`resnet-inspect bench -o run.json`, then --record run.json"
        )
    results = [
        result
        for result in record.results
        if result.case.task == "infer"
        and result.case.input == graph.input.shape
        and result.spec == spec
        and (spec or result.case.model == graph.name)  # code has no spec
    ]
    if not results:
        there = ", ".join(result.case.label for result in record.results) or "nothing"
        raise RequestError(
            f"the Record has no inference of {graph.name} at input {graph.input}", hint=f"it has {there}"
        )
    return results


def _latency(result: Result, limit: float) -> tuple[Row, Finding | None]:
    """The median against the limit; where the median's interval has the limit inside, that is not decided."""
    key = _key("latency_ms")
    where = f"{result.case.label}, {result.case.device}"
    metric = result.metrics.get("latency")
    if metric is None or not result.valid:
        row: Row = (key, where, "ms", limit, None, None, "INCONCLUSIVE", None, None)
        said = f"{where} is {result.status}, no valid measurement: nothing is known of its latency"
        return row, Finding("inconclusive", key, said, "measure again")
    low, high = metric.ci95_ms
    over = low > limit and not crowded(result)  # which adds to a time, and never takes from it
    verdict = "ok" if high <= limit else "OVER" if over else "INCONCLUSIVE"
    row = (key, where, "ms", limit, metric.median_ms, round(metric.median_ms / limit, 6), verdict, low, high)
    bounds, allowed = f"{text(low, 'ms')} to {text(high, 'ms')}", text(limit, "ms")
    match verdict:
        case "OVER":
            return row, Finding("over", key, f"{where}: the median's interval, {bounds}, is above {allowed}")
        case "INCONCLUSIVE" if low > limit:
            said = (
                f"{where}: the median's interval, {bounds}, is above {allowed}, but other programs had some of the CPU"
            )
            return row, Finding("inconclusive", key, said, "close them, and measure again")
        case "INCONCLUSIVE":
            said = f"{where}: {allowed} lies inside the median's interval, {bounds}"
            return row, Finding("inconclusive", key, said, "measure longer: bench --min-time")
    return row, None
