"""Two Records of the same arms: which of them is slower, by the ratio of medians and its interval."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from resnet_inspect.benchmark.between import Between, between, crowded
from resnet_inspect.benchmark.compare import OUTCOMES, Comparison
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.errors import FAILED, INCONCLUSIVE, OK, RequestError
from resnet_inspect.records.choices import margins
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.units import counted

GATES = ("params", "macs", "memory", "graph_breaks")  # what does not vary from run to run
ONE_PROCESS = (
    "an arm's rounds are of one process and of a few seconds: another run may differ by more than their interval; "
    "`bench --fresh` takes every round in a new process"
)
STEADIED = (
    "machine: the time of one and the same work beside the rounds, new over old; `from` and `to` hold the ratio as "
    "measured and as divided by that, so a difference counts where both show it"
)
UNSTEADIED = "they may slow the yardstick as well, so nothing is allowed for the machine's pace"
LONGER = (
    "an interval lies across a margin: --fresh --min-time 10 on both makes it narrower, not surely narrow enough; "
    "with --strict it exits 4"
)
MACHINE = ("cpu_model", "cpus", "memory_bytes")


class Change(NamedTuple):
    """One case in two Records; ``times`` is None where one of the two has no valid measurement."""

    label: str
    times: Between | None

    @property
    def ratio(self) -> Comparison | None:
        return self.times.comparison if self.times else None

    @property
    def outcome(self) -> str:
        return self.ratio.outcome if self.ratio else "INCONCLUSIVE"


def verdict(
    old: Record, new: Record, gates: tuple[str, ...] = (), allow_env_diff: bool = False, strict: bool = False
) -> Report:
    """One row an arm that both have. ``ok`` is False where one is SLOWER, missing or in one run invalid, or a gate is
    broken. With ``strict`` an INCONCLUSIVE arm exits 4.

    Raises:
        RequestError: another machine or torch (unless allowed), a quick run as baseline, or no arm in common.
    """
    differences = _differences(old, new)
    if differences and not allow_env_diff:
        raise RequestError(
            f"the two runs differ in {', '.join(differences)}", hint="--allow-env-diff compares them all the same"
        )
    # Two rounds say too little of how rounds vary: a quick run compared with itself is called SLOWER in 6 to 17 %.
    if old.plan.quick or new.plan.quick:
        raise RequestError("a quick run of two rounds decides nothing", hint="measure both without --quick")
    theirs = {result.case: result for result in old.results}
    pairs = [(theirs[result.case], result) for result in new.results if result.case in theirs]
    if not pairs:
        raise RequestError(
            "the two runs have no configuration in common", hint="compare runs of the same bench command"
        )
    variables = _variables(old, new)
    changes: list[Change] = []
    missing = set(theirs) - {result.case for result in new.results}
    findings = [Finding("missing", case.label, "the new run has no such arm") for case in missing]
    for before, after in pairs:
        if dict(before.spec) != dict(after.spec):
            raise RequestError(f"{after.case.label} names two different nets", hint="compare runs of one spec")
        found = between(before, after, new.plan.seed, comparable=not differences and not variables)
        changes.append(Change(after.case.label, found))
        findings += _broken(before, after, gates)
    columns: tuple[Column[Change], ...] = (
        Column("arm", "arm", lambda change: change.label),
        Column("verdict", "verdict", lambda change: change.outcome),
        Column("old_ms", "old", lambda change: change.times.old_ms if change.times else None, "ms"),
        Column("new_ms", "new", lambda change: change.times.new_ms if change.times else None, "ms"),
        Column("ratio", "new/old", lambda change: change.ratio.ratio if change.ratio else None, "ratio"),
        Column("low", "from", lambda change: change.ratio.low if change.ratio else None, "ratio"),
        Column("high", "to", lambda change: change.ratio.high if change.ratio else None, "ratio"),
        Column(
            "machine", "machine", lambda change: change.ratio.machine if change.ratio else None, "ratio", optional=True
        ),
    )
    outcomes = [change.outcome for change in changes]
    failed = "SLOWER" in outcomes or bool(findings)
    undecided = strict and "INCONCLUSIVE" in outcomes
    return Report(
        kind="verdict",
        model=None,
        title=f"{counted(len(changes), 'arm')}, new against old",
        facts=tuple(Fact(outcome.lower(), outcome, outcomes.count(outcome)) for outcome in OUTCOMES),
        tables=(tabulate("verdicts", "verdicts", columns, changes),),
        findings=tuple(findings),
        notes=(
            *([f"the two runs differ in {', '.join(differences)}"] if differences else []),
            *([f"the two runs differ in the variables {', '.join(variables)}: {UNSTEADIED}"] if variables else []),
            *_crowds(pairs),
            f"an outcome is where the interval lies round 1 {margins(after.case.device for _, after in pairs)}",
            *([LONGER] if any(change.outcome == "INCONCLUSIVE" and change.ratio for change in changes) else []),
            *([STEADIED] if any(change.ratio and change.ratio.machine is not None for change in changes) else []),
            *([] if old.plan.fresh and new.plan.fresh else [ONE_PROCESS]),
        ),
        ok=not failed,
        exit_code=FAILED if failed else INCONCLUSIVE if undecided else OK,
    )


def _differences(old: Record, new: Record) -> list[str]:
    machines = old.environment["machine"], new.environment["machine"]
    found = [name for name in MACHINE if machines[0][name] != machines[1][name]]
    found += ["torch"] if old.environment["versions"]["torch"] != new.environment["versions"]["torch"] else []
    gpus = [(record.environment.get("gpu") or {}) for record in (old, new)]
    same = all(gpus[0].get(name) == gpus[1].get(name) for name in ("name", "driver"))
    return found + ([] if same else ["gpu or driver"])


def _variables(old: Record, new: Record) -> list[str]:
    """Those of the environment that bear on speed, as a Record keeps them, and are not the same: no reason to refuse,
    for they may be what is compared, but the yardstick may feel them too."""
    one, other = (record.environment["machine"].get("variables") or {} for record in (old, new))
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _crowds(pairs: Sequence[tuple[Result, Result]]) -> Iterator[str]:
    for before, after in pairs:
        both = ("old", before), ("new", after)
        if which := [name for name, result in both if crowded(result)]:
            yield f"{after.case.label}: other programs had a part of the CPU in the {' and the '.join(which)} run"
        if which := [name for name, result in both if result.stopped == "interrupted"]:
            yield f"{after.case.label}: Ctrl-C ended the {' and the '.join(which)} run"


def _broken(before: Result, after: Result, gates: tuple[str, ...]) -> list[Finding]:
    """Gates that do not hold, and an arm that is no valid measurement: nothing is decided by what failed."""
    found = [
        Finding("invalid", after.case.label, f"the {which} run is {result.status}: nothing is known of its speed")
        for which, result in (("old", before), ("new", after))
        if not result.valid
    ]
    for gate in gates:
        old, new = _gated(before, gate), _gated(after, gate)
        if old is None or new is None:
            found.append(Finding("gate", after.case.label, f"{gate} is not known of both runs"))
        elif new > old:
            found.append(Finding("gate", after.case.label, f"{gate} grew from {old:,} to {new:,}"))
    return found


def _gated(result: Result, gate: str) -> int | None:
    if gate == "memory":
        return (result.memory.get("predicted") or {}).get("peak_bytes")
    if gate == "graph_breaks":
        return result.graph_breaks
    return result.cost[gate]
