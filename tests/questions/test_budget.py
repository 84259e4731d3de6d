"""Budgets: what is over, what is not, and what a measurement leaves open."""

from dataclasses import replace
from random import Random

import pytest
import raw_results
from raw_results import COUNTED, PLAN

import resnet_inspect as api
from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Metrics, Observation, Record, Result, metric
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.errors import RequestError
from resnet_inspect.questions.budget import Limits, budget
from resnet_inspect.report import Report

GRAPH, SPEC = api.lower("resnet18"), sources.find("resnet18").spec_fields
CASE = Case("resnet18", "cpu", 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1)


def result(ms: float, case: Case = CASE) -> Result:
    rng = Random(0)
    rounds = [[ms * rng.gauss(1, 0.01) for _ in range(20)] for _ in range(5)]
    return Result(case, "ok", True, COUNTED.cost, SPEC, Metrics(latency=metric(rounds, 0)))


def record(*results: Result, quick: bool = False) -> Record:
    return raw_results.record(*results, plan=replace(PLAN, quick=quick))


def verdicts(report: Report) -> list[object]:
    columns = [column.key for column in report.tables[0].columns]
    return [row[columns.index("verdict")] for row in report.tables[0].rows]


@pytest.mark.parametrize(
    ("name", "exactly"),
    [("params", 11_689_512), ("macs", 1_814_073_344), ("flops", 3_628_146_688), ("activations", 2_484_712)],
)
def test_a_budget_is_kept_to_the_unit(name: str, exactly: int) -> None:
    kept, over = (budget(GRAPH, SPEC, Limits(**{name: limit})) for limit in (exactly, exactly - 1))
    assert (kept.ok, verdicts(kept), kept.findings) == (True, ["ok"], ())
    assert (over.ok, verdicts(over)) == (False, ["OVER"])
    assert (over.findings[0].code, over.findings[0].where) == ("over", f"max-{name}")
    assert " is 1 over " in over.findings[0].message


def test_memory_is_what_the_memory_command_predicts() -> None:
    facts = {fact.key: fact.value for fact in api.memory("resnet18").facts}
    report = budget(GRAPH, SPEC, Limits(memory=facts["peak_bytes"] - 1))
    assert report.tables[0].rows[0][4] == facts["peak_bytes"]
    assert not report.ok


@pytest.mark.parametrize(
    ("limit", "verdict", "fact"), [(11.0, "ok", True), (9.0, "OVER", False), (10.0, "INCONCLUSIVE", None)]
)
def test_the_interval_of_the_median_decides_on_a_latency(limit: float, verdict: str, fact: bool | None) -> None:
    taken = result(10.0)
    assert taken.metrics.latency is not None
    low, high = taken.metrics.latency.ci95_ms
    assert low < 10.0 < high
    report = budget(GRAPH, SPEC, Limits(latency_ms=limit), record(taken))
    assert verdicts(report) == [verdict]
    assert report.ok is (verdict == "ok")
    assert report.facts[0].value is fact


def test_every_case_that_fits_has_to_keep_the_limit() -> None:
    other = replace(CASE, layout="channels_last")
    report = budget(GRAPH, SPEC, Limits(latency_ms=15.0), record(result(10.0), result(20.0, other)))
    assert verdicts(report) == ["ok", "OVER"]
    assert "channels_last" in report.findings[0].message


def test_a_case_that_failed_leaves_the_latency_open() -> None:
    lost = replace(result(10.0), status="oom", valid=False, metrics=Metrics())
    report = budget(GRAPH, SPEC, Limits(latency_ms=15.0), record(lost))
    assert (verdicts(report), report.ok) == (["INCONCLUSIVE"], False)
    assert "oom" in report.findings[0].message


def test_a_record_that_was_saved_and_read_fits_as_well() -> None:
    saved = from_json(to_json(record(result(10.0))))
    assert budget(GRAPH, SPEC, Limits(latency_ms=15.0), saved).ok


@pytest.mark.parametrize(
    "taken",
    [
        record(result(1.0, replace(CASE, input=(8, 3, 224, 224)))),
        record(result(1.0, replace(CASE, task="train"))),
        record(replace(result(1.0), spec=sources.find("resnet34").spec_fields)),
        record(),
    ],
    ids=["another batch", "a training step", "another net of that name", "nothing"],
)
def test_a_record_of_something_else_is_refused(taken: Record) -> None:
    with pytest.raises(RequestError, match="has no inference of resnet18 at input 1×3×224×224"):
        budget(GRAPH, SPEC, Limits(latency_ms=15.0), taken)


def test_a_quick_run_decides_and_says_that_it_was_quick() -> None:
    report = budget(GRAPH, SPEC, Limits(latency_ms=15.0), record(result(1.0), quick=True))
    assert report.ok
    assert "two rounds" in report.notes[0]


def test_a_run_that_ctrl_c_ended_is_said_to_be_one() -> None:
    report = budget(GRAPH, SPEC, Limits(latency_ms=15.0), record(replace(result(1.0), stopped="interrupted")))
    assert report.notes[0].startswith("Ctrl-C ended the run")


def test_a_latency_that_other_programs_may_have_lengthened_is_not_over() -> None:
    crowded = (Observation("crowded", "", {"share": 0.5}),)
    report = budget(GRAPH, SPEC, Limits(latency_ms=0.5), record(replace(result(1.0), findings=crowded)))
    assert verdicts(report) == ["INCONCLUSIVE"]
    assert "other programs took part of the CPU" in report.findings[0].message
    assert budget(GRAPH, SPEC, Limits(latency_ms=1.5), record(replace(result(1.0), findings=crowded))).ok


def test_code_has_no_spec_and_is_found_by_its_name() -> None:
    theirs, mine = (
        replace(result(ms, replace(CASE, model=name)), spec={}) for ms, name in ((9.0, "a:b"), (1.0, "c:d"))
    )
    report = budget(replace(GRAPH, name="c:d"), {}, Limits(latency_ms=2.0), record(theirs, mine))
    assert report.ok
    assert len(report.tables[0].rows) == 1


def test_a_record_without_a_latency_budget_is_a_mistake() -> None:
    with pytest.raises(RequestError, match="needs a latency limit"):
        budget(GRAPH, SPEC, Limits(params=10**9), record(result(1.0)))


def test_no_limit_and_an_impossible_limit_are_refused() -> None:
    with pytest.raises(RequestError, match="no limit given"):
        Limits()
    for limits in ({"params": 0}, {"latency_ms": float("inf")}, {"memory": -1}, {"params": "26M"}):
        with pytest.raises(RequestError, match="above 0"):
            Limits(**limits)
