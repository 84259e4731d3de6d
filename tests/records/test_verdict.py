"""Two Records held against each other: what is SLOWER, and what must not be compared at all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

import resnet_inspect as ri
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Record, Result, metric, to_json
from resnet_inspect.cli import main
from resnet_inspect.errors import RequestError
from resnet_inspect.records.verdict import verdict
from resnet_inspect.report import Report

CONFIG = Case("resnet18", "cpu", 1, (1, 3, 64, 64), "infer", "fp32", "contiguous", "eager", 1)
ENVIRONMENT = {
    "date": "",
    "gpu": None,
    "machine": {"cpu_model": "a", "cpus": 2, "memory_bytes": 1},
    "versions": {"torch": "1"},
    "grade": {"letter": "A", "reasons": []},
}


def record(ms: float, seed: int = 0, status: str = "ok", peak: int = 100, plan: Plan | None = None) -> Record:
    rng = Random(seed)
    rounds = [[ms * rng.gauss(1, 0.01) for _ in range(20)] for _ in range(5)]
    result = Result(
        CONFIG,
        status,
        status == "ok",
        {"latency": metric(rounds, 0)} if status == "ok" else {},
        memory={"predicted": {"peak_bytes": peak}},
        cost={"params": 10, "macs": 20},
    )
    return Record((), ENVIRONMENT, plan or Plan(), 1, (result,))


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


def test_an_arm_that_failed_is_never_fine() -> None:
    report = verdict(record(10.0), record(10.0, status="oom"))
    assert report.tables[0].rows[0][1] == "INCONCLUSIVE"
    assert not report.ok


@pytest.mark.parametrize(("ms", "outcome"), [(10, "SAME"), (12, "INCONCLUSIVE"), (8, "INCONCLUSIVE")])
def test_a_difference_on_a_cpu_that_others_had_a_part_of_decides_nothing(ms: float, outcome: str) -> None:
    new = record(ms, seed=1)
    crowded = {"code": "crowded", "where": CONFIG.label, "values": {"share": 0.4}}
    new = replace(new, results=(replace(new.results[0], findings=(crowded,)),))
    report = verdict(record(10.0), new)
    assert report.tables[0].rows[0][1] == outcome
    assert report.notes[0] == f"{CONFIG.label}: other programs had a part of the CPU in the new run"


def paced(ms: float, yardstick_ms: float, **changes: Any) -> Record:
    one = record(ms, seed=int(ms))
    clocks = {"before": None, "rounds": [{"yardstick_ms": [yardstick_ms, 2.0, 3.0]}] * 5, "after": None}
    return replace(one, results=(replace(one.results[0], clocks=clocks),), **changes)


def test_what_the_machine_did_beside_is_told_and_decides_nothing() -> None:
    report = verdict(paced(10.0, 1.0), paced(12.0, 1.2**3))
    assert report.tables[0].columns[-1].key == "machine"
    (row,) = report.tables[0].rows
    assert (row[1], row[-1]) == ("INCONCLUSIVE", pytest.approx(1.2))
    assert any(note.startswith("machine: ") for note in report.notes)
    assert report.ok


def test_a_yardstick_under_other_variables_says_nothing_of_the_machine() -> None:
    """ONEDNN_MAX_CPU_ISA slows the yardstick as it slows the network."""
    machine = {**ENVIRONMENT["machine"], "variables": {"ONEDNN_MAX_CPU_ISA": "AVX2"}}  # type: ignore[dict-item]  # a mapping
    (row,) = (
        verdict(paced(10.0, 1.0), paced(12.0, 1.2**3, environment={**ENVIRONMENT, "machine": machine})).tables[0].rows
    )
    assert (row[1], row[-1]) == ("SLOWER", None)


def test_an_arm_that_ctrl_c_ended_decides_nothing() -> None:
    new = record(12.0, seed=1)
    new = replace(new, results=(replace(new.results[0], stopped="interrupted"),))
    assert verdict(record(10.0), new).tables[0].rows[0][1] == "INCONCLUSIVE"


def test_outcomes_are_counted_and_their_margin_is_told() -> None:
    report = verdict(record(10.0), record(12.0, seed=1))
    assert report.title == "1 arm, new against old"
    facts = {fact.key: fact.value for fact in report.facts}
    assert facts == {"slower": 1, "faster": 0, "same": 0, "inconclusive": 0}
    assert any("±5.0%" in note for note in report.notes)


def test_variables_that_differ_are_told() -> None:
    def under(**variables: str) -> Record:
        machine = {**ENVIRONMENT["machine"], "variables": variables}  # type: ignore[dict-item]  # a mapping
        return replace(record(10.0), environment={**ENVIRONMENT, "machine": machine})

    report = verdict(under(OMP_NUM_THREADS="1", A="1"), under(OMP_NUM_THREADS="1", B="1"))
    assert report.notes[0].startswith("the two runs differ in the variables A, B")
    assert "variables" not in verdict(record(10.0), record(10.0)).notes[0]


def test_a_yardstick_of_another_torch_says_nothing_of_the_machine() -> None:
    other = ENVIRONMENT | {"versions": {"torch": "2"}}
    report = verdict(paced(10.0, 1.0), paced(12.0, 1.2**3, environment=other), allow_env_diff=True)
    (row,) = report.tables[0].rows
    assert (row[1], row[-1]) == ("SLOWER", None)


def test_a_graph_that_breaks_anew_breaks_its_gate() -> None:
    def broken(breaks: int | None) -> Record:
        one = record(10.0)
        return replace(one, results=(replace(one.results[0], graph_breaks=breaks),))

    assert verdict(broken(0), broken(0), ("graph_breaks",)).ok
    assert not verdict(broken(0), broken(1), ("graph_breaks",)).ok
    (found,) = verdict(broken(None), broken(None), ("graph_breaks",)).findings
    assert found.message == "graph_breaks is not known of both runs"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: replace(r, environment={**ENVIRONMENT, "versions": {"torch": "2"}}), "torch"),
        (lambda r: replace(r, environment={**ENVIRONMENT, "machine": {**ENVIRONMENT["machine"], "cpus": 4}}), "cpus"),
        (lambda r: replace(r, environment={**ENVIRONMENT, "gpu": {"name": "x"}}), "gpu"),
        (lambda r: replace(r, plan=Plan(quick=True)), "quick"),
        (
            lambda r: replace(r, results=(replace(r.results[0], case=replace(CONFIG, threads=2)),)),
            "no configuration in common",
        ),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(change: Callable[[Record], Record], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        verdict(record(10.0), change(record(10.0)))


def test_another_machine_is_compared_only_when_told() -> None:
    other = replace(record(10.0), environment={**ENVIRONMENT, "versions": {"torch": "2"}})
    report = verdict(record(10.0), other, allow_env_diff=True)
    assert report.notes[0] == "the two runs differ in torch"


@pytest.mark.parametrize(("old", "new", "told"), [(True, True, False), (True, False, True), (False, False, True)])
def test_runs_of_one_process_are_told_from_those_of_many(old: bool, new: bool, told: bool) -> None:
    plans = [Plan(fresh=fresh) for fresh in (old, new)]
    notes = verdict(record(10.0, plan=plans[0]), record(10.0, plan=plans[1])).notes
    assert any("bench --fresh" in note for note in notes) is told


def test_a_record_may_be_given_as_the_file_that_holds_it(tmp_path: Path) -> None:
    old, new = record(10.0), record(12.0, seed=1)
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, one in zip(paths, (old, new), strict=True):
        path.write_text(to_json(one), encoding="utf-8")
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
    for name, one in ("old.json", record(10.0)), ("new.json", record(ms, seed=1)):
        (tmp_path / name).write_text(to_json(one), encoding="utf-8")
    files = str(tmp_path / "old.json"), str(tmp_path / "new.json")
    done = CliRunner().invoke(main, ["verdict", *files, *strict])
    assert done.exit_code == exit_code, done.output


@pytest.mark.parametrize("gate", ["params", "macs", "memory"])
def test_each_gate_holds_what_it_is_named_after(gate: str) -> None:
    def grown(**more: int) -> Record:
        one = record(10.0, seed=1, peak=100 + more.get("memory", 0))
        cost = {"params": 10 + more.get("params", 0), "macs": 20 + more.get("macs", 0)}
        return replace(one, results=(replace(one.results[0], cost=cost),))

    gates = ("params", "macs", "memory")
    assert verdict(record(10.0), grown(), gates).ok
    (finding,) = verdict(record(10.0), grown(**{gate: 1}), gates).findings
    assert finding.message.startswith(f"{gate} grew from")


def test_an_arm_that_is_missing_and_one_name_of_two_nets_are_told() -> None:
    old, other = record(10.0), replace(CONFIG, batch_size=2, input=(2, 3, 64, 64))
    both = replace(old, results=(*old.results, replace(old.results[0], case=other)))
    assert [finding.code for finding in verdict(both, old).findings] == ["missing"]
    elsewhere = replace(old, results=(replace(old.results[0], spec={"block": "basic"}),))
    with pytest.raises(RequestError, match="names two different nets"):
        verdict(old, elsewhere)


def on_cuda(latency: float, device: float, enqueue: float) -> Record:
    rounds = {"latency": latency, "device_time": device, "enqueue": enqueue}
    metrics = {name: metric([[ms * f for f in (0.999, 1.0, 1.001)] * 8] * 5, 0) for name, ms in rounds.items()}
    one = record(10.0)
    return replace(one, results=(replace(one.results[0], case=replace(CONFIG, device="cuda:0"), metrics=metrics),))


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
def test_what_is_wrong_with_either_run_leaves_it_undecided(side: int) -> None:
    pair = [record(10.0), record(12.0, seed=1)]
    crowded = ({"code": "crowded", "where": "", "values": {"share": 0.5}},)

    def with_one(**changes: Any) -> Report:
        spoiled = [*pair]
        spoiled[side] = replace(pair[side], results=(replace(pair[side].results[0], **changes),))
        return verdict(*spoiled)

    for changes, ok in (({"findings": crowded}, True), ({"stopped": "interrupted"}, True), ({"valid": False}, False)):
        report = with_one(**changes)
        assert (report.tables[0].rows[0][1], report.ok) == ("INCONCLUSIVE", ok), changes
    which = ("old", "new")[side]
    assert with_one(valid=False, status="invalid").findings[0].message.startswith(f"the {which} run is invalid")
    assert any(f"Ctrl-C ended the {which} run" in note for note in with_one(stopped="interrupted").notes)
