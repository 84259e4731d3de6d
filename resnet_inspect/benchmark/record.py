"""The Record: what a measurement was and gave, raw samples included, as versioned JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from statistics import geometric_mean
from typing import Any

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.statistics import Rounds, summarize
from resnet_inspect.errors import RequestError

SCHEMA = "resnet-inspect/bench"
SCHEMA_VERSION = 1
# field -> its key in the JSON of version 1
RECORD_KEYS = {"plan": "protocol", "results": "arms"}
RESULT_KEYS = {"case": "config"}
CASE_KEYS = {"folded": "fused"}
# What readers take for granted of the environment.
ENVIRONMENT = {"machine": ("cpu_model", "cpus", "memory_bytes"), "versions": ("torch",), "grade": ("letter", "reasons")}


@dataclass(frozen=True, slots=True)
class Metric:
    """One quantity in milliseconds a call, as ``Statistics`` has it; ``round_lengths`` cuts ``samples_ms`` into rounds.

    ``cv`` is None where the mean is zero.
    """

    median_ms: float
    ci95_ms: tuple[float, float]
    min_ms: float
    q1_ms: float
    q3_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float | None
    mean_ms: float
    sd_ms: float
    mad_ms: float
    cv: float | None
    outliers: int
    n: int
    samples_ms: tuple[float, ...] = field(repr=False)
    round_lengths: tuple[int, ...] = field(repr=False)

    @property
    def rounds(self) -> Rounds:
        cut, start = [], 0
        for length in self.round_lengths:
            cut.append(self.samples_ms[start : start + length])
            start += length
        return cut


@dataclass(frozen=True, slots=True)
class Check:
    """A self-check of the measurement: ``value`` against ``limit``."""

    id: str
    ok: bool
    value: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """One configuration and what came of it.

    ``status`` is ok, oom, crashed, timeout or invalid; ``metrics`` holds latency, device_time, throughput and enqueue,
    or None with the reason in ``unknown``. ``stages`` and ``layers`` are what ``measure.ledger`` makes. ``clocks`` is
    how the machine did ``before``, ``after`` and in each of the ``rounds``: of a GPU its clock, power and temperature
    under load; of a CPU the share of one that the calling thread was given, page faults a call, and what the pieces of
    ``runtime.yardstick`` took. ``flags`` are those of torch in force.
    ``ceilings`` are what ``runtime.ceilings`` measured before the rounds and after, ``each`` of the two and the higher,
    with ``floor_ms``, the least time they allow.
    """

    case: Case
    status: str
    valid: bool
    metrics: Mapping[str, Metric | None] = field(default_factory=dict)
    images_per_s: float | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
    cost: Mapping[str, int] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    first_call_ms: float | None = None
    compile_ms: float | None = None
    stopped: str | None = None
    checks: tuple[Check, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    phases: Mapping[str, float] | None = None
    stages: Any = None
    layers: Any = None
    ceilings: Any = None
    clocks: Any = None
    energy: Any = None
    flags: Any = None
    graph_breaks: int | None = None

    @property
    def paces_ms(self) -> tuple[float, ...] | None:
        """What ``runtime.yardstick`` took beside each round, the geometric mean of its pieces; None where it did not
        run."""
        taken = [clock.get("yardstick_ms") for clock in (self.clocks or {}).get("rounds", ())]
        return tuple(map(geometric_mean, taken)) if taken and all(taken) else None


@dataclass(frozen=True, slots=True)
class Record:
    """``planned`` is how many arms were asked for: fewer ``arms`` are a run that was interrupted."""

    argv: tuple[str, ...]
    environment: Mapping[str, Any]
    plan: Plan
    planned: int
    results: tuple[Result, ...]


def metric(rounds: Rounds, seed: int) -> Metric:
    """The statistics of a quantity, with its samples."""
    s = summarize(rounds, seed)
    samples = tuple(x for one in rounds for x in one)
    cv = s.cv if isfinite(s.cv) else None
    return Metric(s.median, s.ci95, s.min, s.q1, s.q3, s.p90, s.p95, s.p99, s.mean, s.sd, s.mad, cv, s.outliers, s.n,
                  samples, tuple(map(len, rounds)))  # fmt: skip


def to_json(record: Record) -> str:
    document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **_renamed(asdict(record), RECORD_KEYS)}
    document["arms"] = [_renamed(result, RESULT_KEYS) for result in document["arms"]]
    for result in document["arms"]:
        result["metrics"]["images_per_s"] = result.pop("images_per_s")
        result["config"] = _renamed(result["config"], CASE_KEYS)
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _renamed(values: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {keys.get(name, name): value for name, value in values.items()}


def from_json(text: str, source: str = "the record") -> Record:
    """The Record that ``to_json`` wrote.

    Raises:
        RequestError: the text is cut off, of another schema or version, or its medians are not those of its samples.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise RequestError(f"{source} is no whole JSON: {error}", hint="was its writing cut short?") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise RequestError(f"{source} is no bench Record", hint=f'its schema should be "{SCHEMA}"')
    if document.get("schema_version") != SCHEMA_VERSION:
        raise RequestError(
            f"{source} is of schema version {document.get('schema_version')}, this program reads {SCHEMA_VERSION}",
            hint="read it with the version that wrote it",
        )
    try:
        record = Record(
            tuple(document["argv"]),
            _environment(document["environment"]),
            _protocol(document["protocol"]),
            document["planned"],
            tuple(_arm(result) for result in document["arms"]),
        )
        for result in record.results:
            latency, paces = result.metrics.get("latency"), result.paces_ms
            if paces and (latency is None or len(paces) != len(latency.round_lengths)):
                raise KeyError(f"a yardstick for every round of {result.case.label}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RequestError(f"{source} is not whole: {error}", hint="was it edited?") from None
    for result in record.results:
        for name, one in result.metrics.items():
            if one is not None and not _follows(one, record.plan.seed):
                raise RequestError(
                    f"{source}: {name} of {result.case.label} is not what its samples give", hint="was it edited?"
                )
    return record


def _environment(document: dict[str, Any]) -> dict[str, Any]:
    for name in ("date", "gpu"):
        document[name]
    for name, keys in ENVIRONMENT.items():
        for key in keys:
            document[name][key]
    return document


def _whole(kind: type, document: dict[str, Any]) -> dict[str, Any]:
    """No field is left to its default: what is missing is not what was measured with."""
    return {**{f.name: document[f.name] for f in fields(kind)}, **document}


def _protocol(document: dict[str, Any]) -> Plan:
    return Plan(**_whole(Plan, document))


def _follows(one: Metric, seed: int) -> bool:
    """Whether it is what its samples give; samples that give nothing have no statistics."""
    try:
        return sum(one.round_lengths) == one.n and metric(one.rounds, seed) == one
    except (TypeError, ValueError, OverflowError):
        return False


def _arm(document: dict[str, Any]) -> Result:
    metrics = dict(document["metrics"])
    known = {f.name for f in fields(Result)} - {"case", "metrics", "images_per_s", "checks", "findings"}
    case = Case(**{**_whole(Case, document["config"]), "input": tuple(document["config"]["input"])})
    if not all(isinstance(n, int) for n in (case.threads, *case.input)) or case.input[0] != case.batch_size:
        raise ValueError(f"a batch of {case.batch_size!r} at input {case.input}, {case.threads!r} threads")
    return Result(
        case=case,
        images_per_s=metrics.pop("images_per_s"),
        metrics={name: _metric(one) for name, one in metrics.items()},
        checks=tuple(Check(**check) for check in document["checks"]),
        findings=tuple(document["findings"]),
        **{name: document[name] for name in known},
    )


def _metric(document: dict[str, Any] | None) -> Metric | None:
    if document is None:
        return None
    tuples = {name: tuple(document[name]) for name in ("ci95_ms", "samples_ms", "round_lengths")}
    return Metric(**{**document, **tuples})
