"""Two Records of the same cases: which of them is slower, by the ratio of medians and its interval."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import CROSSES, OUTCOMES, Comparison, Outcome, ResultComparison, compare_results
from resnet_inspect.benchmark.findings import what_voids
from resnet_inspect.benchmark.record import Environment, Record, Result
from resnet_inspect.errors import FAILED, INCONCLUSIVE, OK, RequestError
from resnet_inspect.records.choices import margins
from resnet_inspect.report import Column, Fact, Finding, Report, Table, tabulate
from resnet_inspect.units import counted

GATES = ("params", "macs", "memory", "graph_breaks")  # what does not vary from run to run
ONE_PROCESS = (
    "the rounds of a case are of one process and a few seconds; another run may differ by more than their interval: "
    "`bench --fresh` takes each round in a new process"
)
STEADIED = (
    "machine: time of the reference workload, new over old; the interval spans the measured ratio and that ratio "
    "divided by machine, so a verdict needs both to agree"
)
UNSTEADIED = "they may slow the reference workload too, so times are not corrected by it"
LONGER = (
    "an interval crosses a margin: `bench --fresh --min-time 10` on both narrows it, perhaps not enough; with --strict "
    "this exits 4"
)


class Pair(NamedTuple):
    """A case of both Records; ``compared`` is None where one of the two has no valid measurement."""

    old: Result
    new: Result
    compared: ResultComparison | None

    @property
    def label(self) -> str:
        before, case = self.old.case.model, self.new.case
        return case.label if before == case.model else f"{before} → {case.label}"

    @property
    def comparison(self) -> Comparison | None:
        return self.compared.comparison if self.compared else None

    @property
    def outcome(self) -> Outcome:
        return self.comparison.outcome if self.comparison else "INCONCLUSIVE"

    @property
    def reason(self) -> str:
        """Why the outcome is INCONCLUSIVE."""
        return self.comparison.reason if self.comparison else "a run has no valid measurement"


COLUMNS: tuple[Column[Pair], ...] = (
    Column("case", "case", lambda pair: pair.label),
    Column("verdict", "verdict", lambda pair: pair.outcome),
    Column("reason", "because", lambda pair: pair.reason or None),
    Column("old_ms", "old", lambda pair: pair.compared.old_ms if pair.compared else None, "ms"),
    Column("new_ms", "new", lambda pair: pair.compared.new_ms if pair.compared else None, "ms"),
    Column("ratio", "new/old", lambda pair: pair.comparison.ratio if pair.comparison else None, "ratio"),
    Column("low", "from", lambda pair: pair.comparison.low if pair.comparison else None, "ratio"),
    Column("high", "to", lambda pair: pair.comparison.high if pair.comparison else None, "ratio"),
    Column(
        "machine", "machine", lambda pair: pair.comparison.machine if pair.comparison else None, "ratio", optional=True
    ),
)


def verdict(
    old: Record,
    new: Record,
    gates: tuple[str, ...] = (),
    allow_env_diff: bool = False,
    strict: bool = False,
    ignore_model: bool = False,
) -> Report:
    """One row a case that both have; raises as ``pair_cases`` does."""
    pairs, missing = pair_cases(old, new, allow_env_diff, ignore_model)
    return judge(old, new, pairs, missing, gates, strict)


def judge(
    old: Record,
    new: Record,
    pairs: Sequence[Pair],
    missing: Sequence[Case],
    gates: tuple[str, ...] = (),
    strict: bool = False,
) -> Report:
    """The verdict on what ``pair_cases`` gave.

    ``ok`` is False where a case is SLOWER, missing, or invalid in one run, or a gate is broken. With ``strict`` an
    INCONCLUSIVE case exits 4.
    """
    differences, variables = (
        _differences(old.environment, new.environment),
        _variables(old.environment, new.environment),
    )
    findings = [Finding("missing", case.label, "the new run has no such case") for case in missing]
    findings += [finding for pair in pairs for finding in _broken(pair, gates)]
    outcomes = [pair.outcome for pair in pairs]
    failed = "SLOWER" in outcomes or bool(findings)
    undecided = strict and "INCONCLUSIVE" in outcomes
    compared = [pair.comparison for pair in pairs if pair.comparison]
    return Report(
        kind="verdict",
        model=None,
        title=f"{counted(len(pairs), 'case')}, new against old",
        facts=tuple(Fact(outcome.lower(), outcome, outcomes.count(outcome)) for outcome in OUTCOMES),
        tables=(table(pairs),),
        findings=tuple(findings),
        notes=(
            *([f"the two runs differ in {', '.join(differences)}"] if differences else []),
            *([f"the two runs differ in the variables {', '.join(variables)}: {UNSTEADIED}"] if variables else []),
            *_disturbances(pairs),
            f"a verdict is where the interval lies around 1 {margins(pair.new.case for pair in pairs)}",
            *([LONGER] if any(c.reason == CROSSES for c in compared) else []),
            *([STEADIED] if any(c.machine is not None for c in compared) else []),
            *([] if old.plan.fresh and new.plan.fresh else [ONE_PROCESS]),
        ),
        ok=not failed,
        exit_code=FAILED if failed else INCONCLUSIVE if undecided else OK,
    )


def pair_cases(
    old: Record, new: Record, allow_env_diff: bool = False, ignore_model: bool = False
) -> tuple[list[Pair], list[Case]]:
    """Each case that both have, compared, and the cases that only ``old`` has.

    With ``ignore_model``, a case that differs in its model alone is the same case.

    Raises:
        RequestError: another machine or torch (unless allowed), a quick run, two nets of one label, no case in common.
    """
    differences = _differences(old.environment, new.environment)
    if differences and not allow_env_diff:
        raise RequestError(
            f"the two runs differ in {', '.join(differences)}", hint="--allow-env-diff compares them all the same"
        )
    # Two rounds say too little of how rounds vary: a quick run compared with itself is called SLOWER in 6 to 17 %.
    if old.plan.quick or new.plan.quick:
        raise RequestError("a quick run of two rounds decides nothing", hint="measure both without --quick")
    common, missing = _matched(old, new, ignore_model)
    if not common:
        other_models = not ignore_model and _matched(old, new, ignore_model=True)[0]
        hint = "--ignore model compares two models" if other_models else "compare runs of the same bench command"
        raise RequestError("the two runs have no case in common", hint)
    for first, second in common:
        if not ignore_model and dict(first.spec) != dict(second.spec):
            raise RequestError(f"{second.case.label} names two different nets", hint="compare runs of one spec")
    comparable = not differences and not _variables(old.environment, new.environment)
    return [Pair(*both, compare_results(*both, new.plan.seed, comparable)) for both in common], missing


def table(pairs: Sequence[Pair]) -> Table:
    """A row for each pair; reasons only where there is one."""
    used = [column for column in COLUMNS if column.key != "reason" or any(pair.reason for pair in pairs)]
    return tabulate("verdicts", "verdicts", used, pairs)


def _matched(old: Record, new: Record, ignore_model: bool) -> tuple[list[tuple[Result, Result]], list[Case]]:
    """Each case of both runs, in the new one's order, and the cases that only the old one has.

    Cases that differ in nothing but an ignored model are matched by their order in the Records.
    """

    def key(case: Case) -> Case:
        return replace(case, model="") if ignore_model else case

    waiting: dict[Case, list[Result]] = {}
    for result in old.results:
        waiting.setdefault(key(result.case), []).append(result)
    common = [(alike.pop(0), result) for result in new.results if (alike := waiting.get(key(result.case)))]
    return common, [result.case for alike in waiting.values() for result in alike]


def _differences(old: Environment, new: Environment) -> list[str]:
    """What makes two runs another experiment."""
    machines = old.machine, new.machine
    names = ("cpu_model", "cpus", "memory_bytes")
    differences = [name for name in names if getattr(machines[0], name) != getattr(machines[1], name)]
    differences += ["torch"] if old.versions.get("torch") != new.versions.get("torch") else []
    gpus = [(gpu.name, gpu.driver) if gpu else None for gpu in (old.gpu, new.gpu)]
    return differences + ([] if gpus[0] == gpus[1] else ["gpu or driver"])


def _variables(old: Environment, new: Environment) -> list[str]:
    """Environment variables that bear on speed and differ. They may be the very change under test, so nothing is
    refused, but the reference workload may feel them too."""
    before, after = old.machine.variables, new.machine.variables
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _disturbances(pairs: Sequence[Pair]) -> Iterator[str]:
    """What happened in either run that leaves a pair undecided."""
    for pair in pairs:
        both = ("old", pair.old), ("new", pair.new)
        for reason in dict.fromkeys(reason for _, result in both if (reason := what_voids(result))):
            runs = [run for run, result in both if what_voids(result) == reason]
            yield f"{pair.new.case.label}: {reason} in the {' and the '.join(runs)} run"
        if runs := [run for run, result in both if result.stopped == "interrupted"]:
            yield f"{pair.new.case.label}: Ctrl-C ended the {' and the '.join(runs)} run"


def _broken(pair: Pair, gates: tuple[str, ...]) -> Iterator[Finding]:
    """Invalid measurements, which decide nothing, and gates that do not hold."""
    label = pair.new.case.label
    for run, result in ("old", pair.old), ("new", pair.new):
        if not result.valid:
            yield Finding("invalid", label, f"the {run} run is {result.status}: its speed is unknown")
    for gate in gates:
        before, after = _gated(pair.old, gate), _gated(pair.new, gate)
        if before is None or after is None:
            yield Finding("gate", label, f"{gate} is not known of both runs")
        elif after > before:
            yield Finding("gate", label, f"{gate} grew from {before:,} to {after:,}")


def _gated(result: Result, gate: str) -> int | None:
    match gate:
        case "params":
            return result.cost.params
        case "macs":
            return result.cost.macs
        case "memory":
            return result.memory.predicted.peak_bytes if result.memory.predicted else None
        case "graph_breaks":
            return result.graph_breaks
    raise ValueError(f"no gate {gate!r}")
