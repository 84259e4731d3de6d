"""Check a net against limits: counts from its graph, latency from a Record."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from resnet_inspect.benchmark.findings import what_voids
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.statistics import median_interval
from resnet_inspect.errors import FAILED, INCONCLUSIVE, OK, RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.work import Work, work_of
from resnet_inspect.questions.predicted import interval_of, standing_on
from resnet_inspect.questions.times import inferences_of
from resnet_inspect.questions.unseen import unseen_notes
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.typed_json import LARGEST, JsonObject
from resnet_inspect.units import Unit, exact, text

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that a net may cost; None is no limit. ``memory`` is the peak of an fp32 inference in bytes."""

    params: float | None = None
    macs: float | None = None
    flops: float | None = None
    activations: float | None = None
    memory: float | None = None
    latency_ms: float | None = None

    def __post_init__(self) -> None:
        given = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None}
        if not given:
            raise RequestError("no limit given", hint="as --max-params 26M, or max-params in a pyproject.toml")
        for name, limit in given.items():
            if not (isinstance(limit, int | float) and 0 < limit < LARGEST):
                raise RequestError(f"{_key(name)} {limit}: a limit is a number above 0 and below 2^63")


# field of Limits -> its title, its unit, and the net's own number
STATIC: dict[str, tuple[str, Unit, Callable[[Graph, Work], int]]] = {
    "params": ("parameters", "count", lambda graph, work: work.params),
    "macs": ("MACs", "count", lambda graph, work: work.macs),
    "flops": ("FLOPs", "count", lambda graph, work: 2 * work.macs),
    "activations": ("activations", "count", lambda graph, work: work.activations),
    "memory": ("peak memory", "bytes", lambda graph, work: peak_bytes(graph)),
}


class Use(NamedTuple):
    """A limit and the net's own number; ``interval`` is the 95 % interval of a measured median, in ms."""

    budget: str
    title: str
    unit: Unit
    limit: float
    actual: float | None
    verdict: str
    interval: tuple[float, float] | None = None


COLUMNS: tuple[Column[Use], ...] = (
    Column("budget", "budget", lambda use: use.budget),
    Column("of", "of", lambda use: use.title),
    Column("unit", "", lambda use: use.unit),
    Column("limit", "limit", lambda use: use.limit, lambda use: use.unit),
    Column("actual", "actual", lambda use: use.actual, lambda use: use.unit),
    Column("share", "%", lambda use: None if use.actual is None else round(use.actual / use.limit, 6), "share"),
    Column("verdict", "verdict", lambda use: use.verdict),
)
INTERVAL: tuple[Column[Use], ...] = (
    Column("low_ms", "from", lambda use: use.interval[0] if use.interval else None, "ms"),
    Column("high_ms", "to", lambda use: use.interval[1] if use.interval else None, "ms"),
)


def budget(
    graph: Graph,
    spec: JsonObject,
    limits: Limits,
    record: Record | None = None,
    source: str = "",
    profile: "Profile | None" = None,
) -> Report:
    """A row for each limit, with the verdict ``ok``, ``OVER`` or, for a latency, ``INCONCLUSIVE``.

    A latency is measured in ``record``, or predicted by ``profile``.
    ``source`` is the file that gave the limits. The report's ``ok`` is whether every verdict is.

    Raises:
        RequestError: a latency budget without a Record of this net at this input, or a Record without one.
    """
    uses: list[Use] = []
    findings: list[Finding] = []
    work = work_of(graph)
    for name, (title, unit, cost) in STATIC.items():
        limit = getattr(limits, name)
        if limit is None:
            continue
        actual = cost(graph, work)
        verdict = "OVER" if actual > limit else "ok"
        uses.append(Use(_key(name), title, unit, limit, actual, verdict))
        if actual > limit:
            message = f"{exact(actual, unit)} is {text(actual - limit, unit)} over {exact(limit, unit)}"
            findings.append(Finding("over", _key(name), message))
    columns = COLUMNS
    if limits.latency_ms is not None:
        columns = (*COLUMNS, *INTERVAL)
        if profile is not None:
            judged = [_predicted_latency(graph, profile, limits.latency_ms)]
        else:
            plan, results = _fitting(graph, spec, record)
            judged = [_latency(result, limits.latency_ms, plan.seed) for result in results]
        for use, finding in judged:
            uses.append(use)
            findings += [finding] if finding else []
    elif record is not None or profile is not None:
        option = "--record" if record is not None else "--profile"
        raise RequestError(f"{option} needs a latency limit", hint=f"give --max-latency-ms, or leave out {option}")
    notes = ["memory: the predicted peak of an fp32 inference"] if limits.memory else []
    notes += ["--quick takes two rounds: another run may decide otherwise"] if record and record.plan.quick else []
    if record and any(result.stopped == "interrupted" for result in record.results):
        notes.append("Ctrl-C ended the run: another run may decide otherwise")
    if limits.macs is not None or limits.flops is not None:
        notes += unseen_notes(graph)
    over = any(finding.code == "over" for finding in findings)
    return Report(
        kind="budget",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}",
        facts=(
            Fact("ok", "within budget", not findings or (False if over else None)),
            *([Fact("config", "limits from", source)] if source else []),
        ),
        tables=(tabulate("budgets", "budgets", columns, uses),),
        findings=tuple(findings),
        notes=tuple(notes),
        ok=not findings,
        exit_code=FAILED if over else INCONCLUSIVE if findings else OK,
    )


def _key(name: str) -> str:
    return f"max-{name.replace('_', '-')}"


def _fitting(graph: Graph, spec: JsonObject, record: Record | None) -> tuple[Plan, list[Result]]:
    """The plan, and every inference of this net at this input, whatever its options: each has to keep the limit."""
    if record is None:
        raise RequestError(
            "max-latency-ms needs a measurement or a profile",
            hint="`resnet-inspect bench -o run.json`, then --record run.json; or --profile FILE of `calibrate`",
        )
    results = inferences_of(record.results, graph.name, spec, graph.input.shape)
    if not results:
        labels = ", ".join(result.case.label for result in record.results) or "nothing"
        raise RequestError(
            f"the Record has no inference of {graph.name} at input {graph.input}", hint=f"it has {labels}"
        )
    return record.plan, results


def _predicted_latency(graph: Graph, profile: "Profile", limit: float) -> tuple[Use, Finding | None]:
    """The prediction against the limit; the verdict is open where the limit lies inside its interval."""
    key, where = _key("latency_ms"), f"predicted, {standing_on(profile)}"
    prediction = profile.predict(graph)
    ms, low, high = interval_of(prediction)
    if ms is None or low is None or high is None:
        message = f"{graph.name} is outside the calibration: {prediction.reason}"
        use = Use(key, where, "ms", limit, None, "INCONCLUSIVE")
        return use, Finding("inconclusive", key, message, "measure it: bench -o run.json, then --record run.json")
    verdict = "ok" if high <= limit else "OVER" if low > limit else "INCONCLUSIVE"
    use = Use(key, where, "ms", limit, ms, verdict, (low, high))
    bounds, allowed = f"{text(low, 'ms')} to {text(high, 'ms')}", text(limit, "ms")
    match verdict:
        case "OVER":
            return use, Finding("over", key, f"the predicted interval, {bounds}, is above {allowed}")
        case "INCONCLUSIVE":
            message = f"{allowed} lies inside the predicted interval, {bounds}"
            return use, Finding("inconclusive", key, message, "measure it: bench -o run.json, then --record run.json")
    return use, None


def _latency(result: Result, limit: float, seed: int) -> tuple[Use, Finding | None]:
    """The median against the limit; the verdict is open where the limit lies inside the median's interval."""
    key = _key("latency_ms")
    where = f"{result.case.label}, {result.case.device}"
    metric = result.metrics.latency
    if metric is None or not result.valid:
        use = Use(key, where, "ms", limit, None, "INCONCLUSIVE")
        message = f"{where} is {result.status}: no valid measurement of its latency"
        return use, Finding("inconclusive", key, message, "measure again")
    low, high = median_interval(metric.rounds, seed)  # never the Record's word for it
    voids = what_voids(result)  # all that voids a comparison can only add to a time
    over = low > limit and not voids
    verdict = "ok" if high <= limit else "OVER" if over else "INCONCLUSIVE"
    use = Use(key, where, "ms", limit, metric.median_ms, verdict, (low, high))
    bounds, allowed = f"{text(low, 'ms')} to {text(high, 'ms')}", text(limit, "ms")
    match verdict:
        case "OVER":
            return use, Finding("over", key, f"{where}: the median's interval, {bounds}, is above {allowed}")
        case "INCONCLUSIVE" if low > limit:
            message = f"{where}: the median's interval, {bounds}, is above {allowed}, but {voids}"
            return use, Finding("inconclusive", key, message, "measure again without them")
        case "INCONCLUSIVE":
            message = f"{where}: {allowed} lies inside the median's interval, {bounds}"
            return use, Finding("inconclusive", key, message, "measure longer: bench --min-time")
    return use, None
