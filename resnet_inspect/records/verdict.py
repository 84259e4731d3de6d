"""Two Records of the same arms: which of them is slower, by the ratio of medians and its interval."""

from collections.abc import Iterator, Sequence

from resnet_inspect.benchmark.between import between, crowded
from resnet_inspect.benchmark.compare import OUTCOMES
from resnet_inspect.benchmark.record import Arm, Record
from resnet_inspect.errors import RequestError
from resnet_inspect.records.choices import margins
from resnet_inspect.report import Column, Fact, Finding, Report, Row, Table
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


def verdict(old: Record, new: Record, gates: tuple[str, ...] = (), allow_env_diff: bool = False) -> Report:
    """One row an arm that both have. ``ok`` is False where one is SLOWER, missing or in one run invalid, or a gate is
    broken.

    Raises:
        RequestError: another machine or torch (unless allowed), a quick run as baseline, or no arm in common.
    """
    differences = _differences(old, new)
    if differences and not allow_env_diff:
        raise RequestError(
            f"the two runs differ in {', '.join(differences)}", hint="--allow-env-diff compares them all the same"
        )
    # Two rounds say too little of how rounds vary: a quick run compared with itself is called SLOWER in 6 to 17 %.
    if old.protocol.quick or new.protocol.quick:
        raise RequestError("a quick run of two rounds decides nothing", hint="measure both without --quick")
    theirs = {arm.config: arm for arm in old.arms}
    pairs = [(theirs[arm.config], arm) for arm in new.arms if arm.config in theirs]
    if not pairs:
        raise RequestError(
            "the two runs have no configuration in common", hint="compare runs of the same bench command"
        )
    variables = _variables(old, new)
    rows: list[Row] = []
    missing = set(theirs) - {arm.config for arm in new.arms}
    findings = [Finding("missing", config.label, "the new run has no such arm") for config in missing]
    for before, after in pairs:
        if dict(before.spec) != dict(after.spec):
            raise RequestError(f"{after.config.label} names two different nets", hint="compare runs of one spec")
        rows.append(_row(before, after, new.protocol.seed, comparable=not differences and not variables))
        findings += _broken(before, after, gates)
    columns = (
        Column("arm", "arm"),
        Column("verdict", "verdict"),
        Column("old_ms", "old", "ms"),
        Column("new_ms", "new", "ms"),
        Column("ratio", "new/old", "ratio"),
        Column("low", "from", "ratio"),
        Column("high", "to", "ratio"),
        Column("machine", "machine", "ratio", optional=True),
    )
    slower = any(row[1] == "SLOWER" for row in rows)
    return Report(
        kind="verdict",
        model=None,
        title=f"{counted(len(rows), 'arm')}, new against old",
        facts=tuple(Fact(outcome.lower(), outcome, sum(row[1] == outcome for row in rows)) for outcome in OUTCOMES),
        tables=(Table("verdicts", "verdicts", columns, tuple(rows)),),
        findings=tuple(findings),
        notes=(
            *([f"the two runs differ in {', '.join(differences)}"] if differences else []),
            *([f"the two runs differ in the variables {', '.join(variables)}: {UNSTEADIED}"] if variables else []),
            *_crowds(pairs),
            f"an outcome is where the interval lies round 1 {margins(after.config.device for _, after in pairs)}",
            *([LONGER] if any(row[1] == "INCONCLUSIVE" and row[5] is not None for row in rows) else []),
            *([STEADIED] if any(row[-1] is not None for row in rows) else []),
            *([] if old.protocol.fresh and new.protocol.fresh else [ONE_PROCESS]),
        ),
        ok=not slower and not findings,
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


def _row(before: Arm, after: Arm, seed: int, comparable: bool) -> Row:
    found = between(before, after, seed, comparable)
    if found is None:
        return (after.config.label, "INCONCLUSIVE", None, None, None, None, None, None)
    one = found.comparison
    return (after.config.label, one.outcome, found.old_ms, found.new_ms, one.ratio, one.low, one.high, one.machine)


def _crowds(pairs: Sequence[tuple[Arm, Arm]]) -> Iterator[str]:
    for before, after in pairs:
        both = ("old", before), ("new", after)
        if which := [name for name, arm in both if crowded(arm)]:
            yield f"{after.config.label}: other programs had a part of the CPU in the {' and the '.join(which)} run"
        if which := [name for name, arm in both if arm.stopped == "interrupted"]:
            yield f"{after.config.label}: Ctrl-C ended the {' and the '.join(which)} run"


def _broken(before: Arm, after: Arm, gates: tuple[str, ...]) -> list[Finding]:
    """Gates that do not hold, and an arm that is no valid measurement: nothing is decided by what failed."""
    found = [
        Finding("invalid", after.config.label, f"the {which} run is {arm.status}: nothing is known of its speed")
        for which, arm in (("old", before), ("new", after))
        if not arm.valid
    ]
    for gate in gates:
        old, new = _gated(before, gate), _gated(after, gate)
        if old is None or new is None:
            found.append(Finding("gate", after.config.label, f"{gate} is not known of both runs"))
        elif new > old:
            found.append(Finding("gate", after.config.label, f"{gate} grew from {old:,} to {new:,}"))
    return found


def _gated(arm: Arm, gate: str) -> int | None:
    if gate == "memory":
        return (arm.memory.get("predicted") or {}).get("peak_bytes")
    if gate == "graph_breaks":
        return arm.graph_breaks
    return arm.cost[gate]
