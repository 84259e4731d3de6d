"""Two Records held against each other: what is SLOWER, and what must not be compared at all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from raw_results import CPU_ROUND, ENVIRONMENT, GPU, MACHINE

import resnet_inspect as ri
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import (
    Clocks,
    Cost,
    Environment,
    Memory,
    Metric,
    Metrics,
    Observation,
    Record,
    Result,
    Status,
    metric,
)
from resnet_inspect.benchmark.record_json import to_json
from resnet_inspect.cli import main
from resnet_inspect.errors import RequestError
from resnet_inspect.graph.facts.memory import PeakMemory
from resnet_inspect.records.verdict import verdict
from resnet_inspect.report import Report

CASE = Case("resnet18", "cpu", 1, (1, 3, 64, 64), "infer", "fp32", "contiguous", "eager", 1)
OTHER_TORCH = replace(ENVIRONMENT, versions={"torch": "2"})


def record(ms: float, seed: int = 0, status: Status = "ok", peak: int = 100, plan: Plan | None = None) -> Record:
    rng = Random(seed)
    rounds = [[ms * rng.gauss(1, 0.01) for _ in range(20)] for _ in range(5)]
    metrics = Metrics(latency=metric(rounds, 0)) if status == "ok" else Metrics()
    predicted = PeakMemory(peak, peak, 0, 0, 0, 0, 0, 0)
    result = Result(CASE, status, status == "ok", Cost(10, 20), {}, metrics, Memory(predicted, None))
    return Record((), ENVIRONMENT, plan or Plan(), 1, (result,))


def changed(record: Record, **changes: Any) -> Record:
    """The Record with its first result changed."""
    first, *rest = record.results
    return replace(record, results=(replace(first, **changes), *rest))


def under(**variables: str) -> Environment:
    return replace(ENVIRONMENT, machine=replace(MACHINE, variables=variables))


@pytest.mark.parametrize(("ms", "outcome", "ok"), [(10, "SAME", True), (12, "SLOWER", False), (8, "FASTER", True)])
def test_the_ratio_of_medians_decides(ms: float, outcome: str, ok: bool) -> None:
    report = verdict(record(10.0), record(ms, seed=1))
    assert (report.tables[0].rows[0][1], report.ok) == (outcome, ok)


def test_a_gate_is_broken_by_any_growth() -> None:
    old, new = record(10.0, peak=100), record(10.0, seed=1, peak=101)
    assert verdict(old, new).ok
    report = verdict(old, new, ("params", "macs", "memory"))
    assert not report.ok
    assert [finding.message for finding in report.findings] == ["memory grew from 100 to 101"]


def test_a_case_that_failed_is_never_fine() -> None:
    report = verdict(record(10.0), record(10.0, status="oom"))
    assert report.tables[0].rows[0][1] == "INCONCLUSIVE"
    assert not report.ok


@pytest.mark.parametrize(("ms", "outcome"), [(10, "SAME"), (12, "INCONCLUSIVE"), (8, "INCONCLUSIVE")])
def test_a_difference_on_a_cpu_that_other_programs_used_decides_nothing(ms: float, outcome: str) -> None:
    crowded = Observation("crowded", CASE.label, {"share": 0.4})
    report = verdict(record(10.0), changed(record(ms, seed=1), findings=(crowded,)))
    assert report.tables[0].rows[0][1] == outcome
    assert report.notes[0] == f"{CASE.label}: other programs took part of the CPU in the new run"
    reasons = [row[2] for row in report.tables[0].rows if report.tables[0].columns[2].key == "reason"]
    assert reasons == (["other programs took part of the CPU"] if outcome == "INCONCLUSIVE" else [])


def with_reference(ms: float, reference_ms: float, environment: Environment = ENVIRONMENT) -> Record:
    """A Record whose reference workload took so long in the first of its pieces."""
    states = (replace(CPU_ROUND, reference_ms=(reference_ms, 2.0, 3.0)),) * 5
    return replace(changed(record(ms, seed=int(ms)), clocks=Clocks(None, states, None)), environment=environment)


def test_the_machines_change_of_pace_is_told_and_decides_nothing() -> None:
    report = verdict(with_reference(10.0, 1.0), with_reference(12.0, 1.2**3))
    assert report.tables[0].columns[-1].key == "machine"
    (row,) = report.tables[0].rows
    assert (row[1], row[-1]) == ("INCONCLUSIVE", pytest.approx(1.2))
    assert any(note.startswith("machine: ") for note in report.notes)
    assert report.ok


def test_a_reference_workload_under_other_variables_says_nothing_of_the_machine() -> None:
    """ONEDNN_MAX_CPU_ISA slows the reference workload as it slows the network."""
    slowed = with_reference(12.0, 1.2**3, under(ONEDNN_MAX_CPU_ISA="AVX2"))
    (row,) = verdict(with_reference(10.0, 1.0), slowed).tables[0].rows
    assert (row[1], row[-1]) == ("SLOWER", None)


def test_a_case_that_ctrl_c_ended_decides_nothing() -> None:
    new = changed(record(12.0, seed=1), stopped="interrupted")
    assert verdict(record(10.0), new).tables[0].rows[0][1] == "INCONCLUSIVE"


def test_outcomes_are_counted_and_their_margin_is_told() -> None:
    report = verdict(record(10.0), record(12.0, seed=1))
    assert report.title == "1 case, new against old"
    facts = {fact.key: fact.value for fact in report.facts}
    assert facts == {"slower": 1, "faster": 0, "same": 0, "inconclusive": 0}
    assert any("±5.0%" in note for note in report.notes)


def test_variables_that_differ_are_told() -> None:
    old = replace(record(10.0), environment=under(OMP_NUM_THREADS="1", A="1"))
    new = replace(record(10.0), environment=under(OMP_NUM_THREADS="1", B="1"))
    assert verdict(old, new).notes[0].startswith("the two runs differ in the variables A, B")
    assert "variables" not in verdict(record(10.0), record(10.0)).notes[0]


def test_a_reference_workload_of_another_torch_says_nothing_of_the_machine() -> None:
    new = with_reference(12.0, 1.2**3, OTHER_TORCH)
    (row,) = verdict(with_reference(10.0, 1.0), new, allow_env_diff=True).tables[0].rows
    assert (row[1], row[-1]) == ("SLOWER", None)


def test_a_graph_that_breaks_anew_breaks_its_gate() -> None:
    none, zero, one = (changed(record(10.0), graph_breaks=breaks) for breaks in (None, 0, 1))
    assert verdict(zero, zero, ("graph_breaks",)).ok
    assert not verdict(zero, one, ("graph_breaks",)).ok
    (finding,) = verdict(none, none, ("graph_breaks",)).findings
    assert finding.message == "graph_breaks is not known of both runs"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: replace(r, environment=OTHER_TORCH), "torch"),
        (lambda r: replace(r, environment=replace(ENVIRONMENT, machine=replace(MACHINE, cpus=4))), "cpus"),
        (lambda r: replace(r, environment=replace(ENVIRONMENT, gpu=GPU)), "gpu"),
        (lambda r: replace(r, plan=Plan(quick=True)), "quick"),
        (lambda r: changed(r, case=replace(CASE, threads=2)), "no case in common"),
        (lambda r: changed(r, spec={"block": "basic"}), "names two different nets"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(change: Callable[[Record], Record], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        verdict(record(10.0), change(record(10.0)))


def named(run: Record, *models: str) -> Record:
    """The Record with its first case once for each model."""
    first = run.results[0]
    results = [replace(first, case=replace(CASE, model=name), spec={"net": name}) for name in models]
    return replace(run, results=tuple(results))


def test_two_models_are_compared_where_that_is_asked_for() -> None:
    old, new = named(record(10.0), "resnet18"), named(record(12.0, seed=1), "resnet18 groups=2")
    with pytest.raises(RequestError, match=r"no case in common\n.*--ignore model"):
        verdict(old, new)
    report = ri.verdict(old, new, ignore="model")
    assert report.tables[0].rows[0][:2] == (f"resnet18 → {new.results[0].case.label}", "SLOWER")
    with pytest.raises(RequestError, match="'threads' is not one of model"):
        ri.verdict(old, new, ignore=["threads"])
    other = changed(new, case=replace(CASE, model="resnet34", threads=2))
    with pytest.raises(RequestError, match="no case in common"):
        ri.verdict(old, other, ignore=["model"])


def test_ignored_models_are_matched_in_the_order_of_the_records() -> None:
    old, new = named(record(10.0), "a", "b", "c"), named(record(10.0, seed=1), "d", "e")
    report = ri.verdict(old, new, ignore=["model"])
    assert [str(row[0]).split(" 1×")[0] for row in report.tables[0].rows] == ["a → d", "b → e"]
    assert [finding.where for finding in report.findings] == [old.results[2].case.label]


def test_another_driver_is_a_difference_and_a_warmer_gpu_is_none() -> None:
    old, warmer, updated = (
        replace(record(10.0), environment=replace(ENVIRONMENT, gpu=gpu))
        for gpu in (GPU, replace(GPU, temperature_c=80), replace(GPU, driver="999"))
    )
    assert verdict(old, warmer).ok
    with pytest.raises(RequestError, match="gpu or driver"):
        verdict(old, updated)


def test_another_machine_is_compared_only_when_told() -> None:
    report = verdict(record(10.0), replace(record(10.0), environment=OTHER_TORCH), allow_env_diff=True)
    assert report.notes[0] == "the two runs differ in torch"


@pytest.mark.parametrize(("old", "new", "told"), [(True, True, False), (True, False, True), (False, False, True)])
def test_runs_of_one_process_are_told_from_those_of_many(old: bool, new: bool, told: bool) -> None:
    plans = [Plan(fresh=fresh) for fresh in (old, new)]
    notes = verdict(record(10.0, plan=plans[0]), record(10.0, plan=plans[1])).notes
    assert any("bench --fresh" in note for note in notes) is told


def test_a_record_may_be_given_as_the_file_that_holds_it(tmp_path: Path) -> None:
    old, new = record(10.0), record(12.0, seed=1)
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, run in zip(paths, (old, new), strict=True):
        path.write_text(to_json(run), encoding="utf-8")
    assert ri.verdict(*paths) == ri.verdict(old, new) == ri.verdict(*map(str, paths))
    assert ri.show(paths[0]) == ri.show(old)
    with pytest.raises(RequestError, match=r"nope\.json: No such file"):
        ri.verdict("nope.json", new)


def test_a_record_is_printed_without_its_thousands_of_samples() -> None:
    assert "samples_ms" not in repr(record(10.0))


@pytest.mark.parametrize(
    ("ms", "strict", "exit_code"),
    [(10.0, (), 0), (12.0, (), 1), (8.0, (), 0), (10.5, (), 0), (10.5, ("--strict",), 4), (12.0, ("--strict",), 1)],
)
def test_a_verdict_is_an_exit_code(ms: float, strict: tuple[str, ...], exit_code: int, tmp_path: Path) -> None:
    for name, run in ("old.json", record(10.0)), ("new.json", record(ms, seed=1)):
        (tmp_path / name).write_text(to_json(run), encoding="utf-8")
    files = str(tmp_path / "old.json"), str(tmp_path / "new.json")
    done = CliRunner().invoke(main, ["verdict", *files, *strict])
    assert done.exit_code == exit_code, done.output


@pytest.mark.parametrize("gate", ["params", "macs", "memory"])
def test_each_gate_holds_what_it_is_named_after(gate: str) -> None:
    def grown(**more: int) -> Record:
        cost = Cost(10 + more.get("params", 0), 20 + more.get("macs", 0))
        return changed(record(10.0, seed=1, peak=100 + more.get("memory", 0)), cost=cost)

    gates = ("params", "macs", "memory")
    assert verdict(record(10.0), grown(), gates).ok
    (finding,) = verdict(record(10.0), grown(**{gate: 1}), gates).findings
    assert finding.message.startswith(f"{gate} grew from")


def test_cases_that_the_new_run_lacks_are_named_in_the_old_runs_order() -> None:
    old = record(10.0)
    sizes = (8, 2, 4)
    others = [replace(CASE, batch_size=size, input=(size, 3, 64, 64)) for size in sizes]
    more = replace(old, results=(*old.results, *(replace(old.results[0], case=case) for case in others)))
    report = verdict(more, old)
    assert [(finding.code, finding.where) for finding in report.findings] == [
        ("missing", case.label) for case in others
    ]
    assert not report.ok


def on_cuda(latency: float, device: float, enqueue: float) -> Record:
    def steady(ms: float) -> Metric:
        return metric([[ms * f for f in (0.999, 1.0, 1.001)] * 8] * 5, 0)

    metrics = Metrics(latency=steady(latency), device_time=steady(device), enqueue=steady(enqueue))
    return changed(record(10.0), case=replace(CASE, device="cuda:0"), metrics=metrics)


@pytest.mark.parametrize(
    ("new", "outcome", "ratio"),
    [
        ((10.0, 5.2, 1.0), "SLOWER", 1.04),  # by 4 %, which is more than a GPU's 2
        ((12.0, 5.0, 1.0), "SAME", 1.0),  # what the host adds is not the device's
        ((12.0, 5.0, 4.5), "SLOWER", 1.2),  # but it is what a caller waits for where the host is what it waits for
    ],
)
def test_on_a_gpu_the_time_of_the_device_decides(new: tuple[float, float, float], outcome: str, ratio: float) -> None:
    (row,) = verdict(on_cuda(10.0, 5.0, 1.0), on_cuda(*new)).tables[0].rows
    assert row[1] == outcome
    assert row[4] == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize("side", [0, 1])
def test_a_fault_of_either_run_leaves_the_pair_undecided(side: int) -> None:
    def with_fault(**changes: Any) -> Report:
        runs = [record(10.0), record(12.0, seed=1)]
        runs[side] = changed(runs[side], **changes)
        return verdict(*runs)

    crowded = (Observation("crowded", "", {"share": 0.5}),)
    for changes, ok in (({"findings": crowded}, True), ({"stopped": "interrupted"}, True), ({"valid": False}, False)):
        report = with_fault(**changes)
        assert (report.tables[0].rows[0][1], report.ok) == ("INCONCLUSIVE", ok), changes
    run = ("old", "new")[side]
    assert with_fault(valid=False, status="invalid").findings[0].message.startswith(f"the {run} run is invalid")
    assert any(f"Ctrl-C ended the {run} run" in note for note in with_fault(stopped="interrupted").notes)
