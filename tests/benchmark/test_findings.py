"""Symptoms of a bad measurement: each is found, explained with its very limit, and told in words."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from math import fsum
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from raw_results import (
    CEILINGS,
    CPU_ROUND,
    FINISHED,
    GPU_STATE,
    PLAN,
    ROUNDS,
    WARMED_UP,
    codes,
    pairs,
    raw,
    record,
    result,
    rounds,
    trained,
    values,
)

import resnet_inspect
import resnet_inspect as ri
from resnet_inspect.benchmark.detect import Evidence
from resnet_inspect.benchmark.findings import BY_CODE, FINDINGS, ROUNDING, observe, what_voids
from resnet_inspect.benchmark.messages import CpuRound, Lost
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.record import Result
from resnet_inspect.benchmark.result import hold_to_ceilings
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.benchmark.stopping import Stop
from resnet_inspect.explainer.pages import explain_limits
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.hardware.gpu import GpuState
from resnet_inspect.language import LANGUAGES
from resnet_inspect.records.bench import bench
from resnet_inspect.vocabulary import RUN_PRECISIONS, RunPrecision


def cpu_rounds(**each: list[float]) -> list[CpuRound]:
    """A state a round; each list holds one field's values."""
    return [replace(CPU_ROUND, **dict(zip(each, row, strict=True))) for row in zip(*each.values(), strict=True)]


def references(*last_ms: float) -> list[CpuRound]:
    return [replace(CPU_ROUND, reference_ms=(1.0, ms)) for ms in last_ms]


def clocks(*mhz: int | None) -> list[GpuState]:
    return [replace(GPU_STATE, sm_mhz=speed) for speed in mhz]


def throttled(*reasons: tuple[str, ...] | None) -> list[GpuState]:
    return [replace(GPU_STATE, throttle=throttle) for throttle in reasons]


def steps(step_ms: float) -> list[list[float]]:
    return [[10.0 + step_ms * number] * 4 for number in range(ROUNDS)]


def alternating(high_ms: float) -> list[list[float]]:
    return [[high_ms if number % 2 else 10.0] * 4 for number in range(ROUNDS)]


def stalling(ms: float) -> RawResult:
    """One call of twenty takes so long, the others 10 ms."""
    return raw(latency_ms=[*rounds(10.0, 10.0, 10.0, 10.0)[1:], [10.0, 10.0, ms, 10.0]])


def error_of(relative_error: float) -> RawResult:
    return raw(finished=replace(FINISHED, relative_error=relative_error))


def lost(status: Lost) -> RawResult:
    return raw(status=status, detail="exit code 1")


# What trips a rule, and what only comes near.
CASES: dict[str, tuple[RawResult, RawResult]] = {
    "host-bound": (
        raw("cuda:0", enqueue_ms=rounds(9.0, 9.0, 9.0, 9.0)),
        raw("cuda:0", enqueue_ms=rounds(7.8, 7.8, 7.8, 7.8)),
    ),
    "never-settled": (
        raw(warmed_up=replace(WARMED_UP, settled=False, seconds=10.0)),
        raw(warmed_up=replace(WARMED_UP, seconds=9.9)),
    ),
    "noisy": (raw(latency_ms=alternating(10.6)), raw(latency_ms=alternating(10.4))),
    "drift": (raw(latency_ms=steps(0.2)), raw(latency_ms=steps(0.1))),
    "bimodal": (raw(latency_ms=rounds(10.0, 12.0, 12.0, 10.0)), raw(latency_ms=rounds(10.0, 10.1, 10.1, 10.0))),
    "tail": (stalling(25.0), stalling(19.9)),
    "slow-first": (raw(latency_ms=rounds(12.5, 10.0, 10.0, 10.0)), raw(latency_ms=rounds(11.9, 10.0, 10.0, 10.0))),
    "rounding": (error_of(1e-3), error_of(1e-4)),
    "throttled": (
        raw("cuda:0", states=throttled((), ("thermal", "power cap"), (), (), ("thermal",))),
        raw("cuda:0", states=throttled((), None, (), (), ())),
    ),
    "unsteady-clock": (
        raw("cuda:0", states=clocks(1980, 1755, None, 1980, 1980)),
        raw("cuda:0", states=clocks(1980, 1890, None, 1980, 1980)),
    ),
    "unsteady-cpu": (
        raw(states=references(2.0, 2.0, 2.3, 2.0, 2.0)),
        raw(states=references(2.0, 2.0, 2.2, 2.0, 2.0)),
    ),
    "crowded": (
        raw(states=cpu_rounds(cpu_share=[0.99, 0.5, 0.4, 0.5, 0.99])),
        raw(states=cpu_rounds(cpu_share=[0.99, 0.91, 0.4, 0.5, 0.99])),
    ),
    "waits": (
        raw(states=cpu_rounds(waiting_share=[0.0, 0.11, 0.4, 0.5, 0.0], robbed_share=[0.0] * ROUNDS)),
        raw(states=cpu_rounds(waiting_share=[0.0, 0.09, 0.4, 0.5, 0.0], robbed_share=[0.0] * ROUNDS)),
    ),
    "page-faults": (
        raw(states=cpu_rounds(faults_per_call=[900.0] * ROUNDS)),
        raw(states=cpu_rounds(faults_per_call=[590.0] * ROUNDS)),
    ),
    "ceiling-moved": (
        raw("cuda:0", ceilings_before=replace(CEILINGS, flop_per_s=9e14), ceilings_after=CEILINGS),
        raw("cuda:0", ceilings_before=replace(CEILINGS, flop_per_s=8.3e14), ceilings_after=CEILINGS),
    ),
    "cached": (
        raw("cuda:0", latency_ms=rounds(4.8, 4.8, 4.8, 4.8), device_time_ms=rounds(4.7, 4.7, 4.7, 4.7), block_ms=28.2,
            ceilings_after=CEILINGS),
        raw("cuda:0", latency_ms=rounds(4.9, 4.9, 4.9, 4.9), device_time_ms=rounds(4.8, 4.8, 4.8, 4.8), block_ms=28.8,
            ceilings_after=CEILINGS),
    ),
    "imprecise": (raw(stopped="time"), raw(stopped="precise")),
    "interrupted": (raw(stopped="interrupted"), raw(stopped="quick")),
    "other-pace": (raw(stage=pairs((7.0, 5.0), 12.0, 12.0)), raw(stage=pairs((6.0, 4.9), 10.9, 10.9))),
    "instrumented": (raw(stage=pairs(plain_ms=9.6)), raw(stage=pairs(plain_ms=9.75))),
    "oom": (lost("oom"), lost("crashed")),
    "crashed": (lost("crashed"), lost("timeout")),
    "timeout": (lost("timeout"), lost("oom")),
}  # fmt: skip
FLOOR_MS = 5.0  # of memory; the arithmetic's is lower


def held(raw: RawResult) -> Result:
    """The result, under its ceilings where it has some."""
    measured = result(raw)
    return hold_to_ceilings(measured, measured.ceilings, FLOOR_MS, 1.0, PLAN) if measured.ceilings else measured


def evidence(raw: RawResult) -> Evidence:
    measured = held(raw)
    breakdowns = {by: rows for by, rows in (("stage", measured.stages), ("layer", measured.layers)) if rows}
    return Evidence(raw, PLAN, measured.metrics, breakdowns, measured.ceilings)


def test_every_rule_has_a_case_that_trips_it_and_one_that_comes_near() -> None:
    assert [*CASES] == [rule.code for rule in FINDINGS] == [*BY_CODE]


@pytest.mark.parametrize("code", CASES)
def test_a_symptom_is_found_and_leaves_the_result_valid(code: str) -> None:
    tripped = held(CASES[code][0])
    assert code in codes(tripped)
    assert tripped.valid is (code not in get_args(Lost))


@pytest.mark.parametrize("code", CASES)
def test_what_only_comes_near_a_limit_is_no_finding(code: str) -> None:
    assert not held(CASES[code][1]).has(code)


@pytest.mark.parametrize("code", CASES)
def test_a_message_and_its_hint_name_the_values_that_the_detector_gives_and_no_others(code: str) -> None:
    rule = BY_CODE[code]
    for found in rule.detect(evidence(CASES[code][0]), rule.limits):
        assert set(found) == names_in(rule.message + rule.hint)


@pytest.mark.parametrize("code", CASES)
def test_a_page_tells_every_limit_of_its_rule_and_nothing_else(code: str) -> None:
    rule = BY_CODE[code]
    told = names_in(rule.page)
    assert told <= set(rule.limits)
    assert {rule.limits[name] for name in told} == set(rule.limits.values()), "one name may stand for equal limits"
    for language in LANGUAGES:
        page = explain_limits(rule, Speaker(language))
        assert "{" not in page
        sections = ri.explain(code, language=language).sections
        assert not page or any(page in section.paragraphs for section in sections)


@pytest.mark.parametrize("code", CASES)
def test_a_detector_sorts_no_more_often_however_many_samples_there_are(code: str) -> None:
    """Work counted, not timed: a net of microseconds has a hundred thousand samples."""

    def count_sorts(samples: int) -> int:
        seen, sorts = evidence(raw(latency_ms=rounds(*[10.0, 11.0, 30.0, 10.5] * samples))), 0

        def count(frame: object, event: str, function: object) -> None:
            nonlocal sorts
            sorts += event == "c_call" and function in (sorted, max, sum, fsum)

        sys.setprofile(count)
        try:
            [*BY_CODE[code].detect(seen, BY_CODE[code].limits)]
        finally:
            sys.setprofile(None)
        return sorts

    assert count_sorts(50) == count_sorts(5)


def names_in(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name}


def test_every_finding_that_has_a_limit_tells_it() -> None:
    silent = {rule.code for rule in FINDINGS if not rule.page}
    assert silent == {"throttled", *get_args(Lost)}
    assert {rule.code for rule in FINDINGS if not rule.limits} == {*silent, "interrupted"}


@pytest.mark.parametrize(
    ("code", "limits", "said"),
    [
        ("host-bound", {"share": 0.95}, "95.0%"),
        ("noisy", {"cpu": 0.07, "cuda": 0.07}, "7.0%"),
        ("drift", {"cpu": 0.09, "cuda": 0.09}, "9.0%"),
        ("slow-first", {"ratio": 1.5}, "1.50×"),
        ("rounding", dict.fromkeys(RUN_PRECISIONS, 0.125), "0.125"),
        ("unsteady-clock", {"share": 0.25}, "25.0%"),
        ("unsteady-cpu", {"share": 0.25}, "25.0%"),
        ("crowded", {"share": 0.35}, "35.0%"),
        ("waits", {"share": 0.55}, "55.0%"),
        ("tail", {"slow": 2.6, "share": 0.01}, "260.0%"),
        ("page-faults", {"share": 0.25}, "25.0%"),
        ("ceiling-moved", {"share": 0.25}, "25.0%"),
        ("cached", {"share": 1.25}, "125.0%"),
        ("other-pace", {"share": 0.25}, "25.0%"),
        ("instrumented", {"share": 0.25}, "25.0%"),
    ],
)
def test_a_symptom_is_explained_with_the_very_limit_that_finds_it(
    code: str, limits: Mapping[str, float], said: str
) -> None:
    rule, seen = BY_CODE[code], evidence(CASES[code][0])
    assert [*rule.detect(seen, rule.limits)]
    assert not [*rule.detect(seen, limits)]
    for language in LANGUAGES:
        assert said not in explain_limits(rule, Speaker(language))
        assert said in explain_limits(replace(rule, limits=limits), Speaker(language))


@pytest.mark.parametrize("code", CASES)
def test_a_finding_is_told_in_words_with_its_numbers(code: str) -> None:
    tripped = held(CASES[code][0])
    told = bench(record(tripped)).findings
    assert [finding.code for finding in told] == codes(tripped)
    for finding in told:
        assert finding.where == tripped.case.label
        assert finding.hint
        assert "{" not in finding.message


def test_findings_stand_in_the_order_of_the_table() -> None:
    odd = raw(latency_ms=steps(0.2), stopped="time", stage=pairs(plain_ms=9.6), finished=CASES["rounding"][0].finished)
    assert codes(result(odd)) == ["noisy", "drift", "rounding", "imprecise", "instrumented"]


def test_the_floor_is_looked_at_only_when_it_is_known() -> None:
    seen = evidence(CASES["cached"][0])
    assert [observation.code for observation in observe(seen)] == []
    assert [observation.code for observation in observe(seen, ("cached",))] == ["cached"]


@pytest.mark.parametrize(("precision", "limit"), ROUNDING.items())
def test_rounding_is_told_from_a_precisions_own_limit_on(precision: RunPrecision, limit: float) -> None:
    def found(relative_error: float) -> list[str]:
        return codes(
            result(raw("cuda:0", precision=precision, finished=replace(FINISHED, relative_error=relative_error)))
        )

    assert found(limit) == []
    assert found(1.1 * limit) == ["rounding"]


def test_every_precision_has_its_limit() -> None:
    assert set(ROUNDING) == set(RUN_PRECISIONS)


@pytest.mark.parametrize(
    ("stopped", "told"), [("time", True), ("noise", True), ("interrupted", False), ("precise", False), ("quick", False)]
)
def test_only_an_end_without_precision_is_imprecise(stopped: Stop, told: bool) -> None:
    assert result(raw(stopped=stopped)).has("imprecise") is told


@pytest.mark.parametrize(("high_ms", "told"), [(11.0, False), (20.0, True)])
def test_a_quick_look_is_imprecise_where_its_interval_is_wide(high_ms: float, told: bool) -> None:
    quick = raw(latency_ms=[[10.0, high_ms] * 3] * 2, stopped="quick")
    measured = result(quick, plan=plan_for("cpu", quick=True))
    assert measured.has("imprecise") is told
    if told:
        assert values(measured, "imprecise") == {"within": 0.1, "stopped": "quick"}


def test_a_gpu_is_noisy_sooner_than_a_cpu() -> None:
    latency_ms = alternating(10.3)
    assert not result(raw(latency_ms=latency_ms)).has("noisy")
    assert result(raw("cuda:0", latency_ms=latency_ms)).has("noisy")


@pytest.mark.parametrize(
    ("each", "found"),
    [
        # share of the calling thread, share for which a ready thread had no CPU, share for which none was ready
        ((0.5, 0.0, 0.5), ["waits"]),
        ((0.5, 0.5, 0.0), ["crowded"]),
        ((0.5, 0.25, 0.25), ["crowded", "waits"]),
        ((0.85, 0.08, 0.07), []),
        ((0.5, None, None), ["crowded"]),  # of an earlier version: what took the rest is unknown
    ],
)
def test_waiting_is_told_from_being_robbed(each: tuple[float | None, ...], found: list[str]) -> None:
    state = replace(CPU_ROUND, **dict(zip(("cpu_share", "robbed_share", "waiting_share"), each, strict=True)))
    measured = result(raw(states=[state] * ROUNDS))
    assert codes(measured) == found
    assert bool(what_voids(measured)) is ("crowded" in found), "a net that waits is measured as it is"


def test_a_stall_in_every_25th_call_is_named_with_its_share() -> None:
    measured = result(raw(latency_ms=[[*[4.4] * 24, 100.0]] * ROUNDS))
    assert measured.metrics.latency is not None
    assert (measured.metrics.latency.median_ms, measured.metrics.latency.p95_ms) == (4.4, 4.4)
    assert values(measured, "tail") == {
        "count": 5,
        "of": 125,
        "share": pytest.approx(100 / (100 + 24 * 4.4)),
        "longest": 100.0,
    }
    (finding,) = [finding for finding in bench(record(measured)).findings if finding.code == "tail"]
    assert finding.message == "5 of 125 calls are slow, up to 100 ms, and take 48.6% of the time"


def test_what_voids_a_comparison_is_asked_of_the_finding_and_never_by_its_name() -> None:
    voiding = {rule.code for rule in FINDINGS if rule.voids}
    assert voiding == {"crowded"}
    for path in Path(resnet_inspect.__file__).parent.rglob("*.py"):
        assert path.name == "findings.py" or '"crowded"' not in path.read_text(encoding="utf-8")


def test_a_ceiling_that_moved_is_named_with_its_change() -> None:
    moved = values(result(CASES["ceiling-moved"][0]), "ceiling-moved")
    assert moved == {"what": "arithmetic", "change": pytest.approx(8 / 9 - 1)}


def told(code: str, *raws: RawResult) -> list[str]:
    """Where, and what."""
    findings = bench(record(*map(result, raws))).findings
    return [text for finding in findings if finding.code == code for text in (finding.where, finding.message)]


def test_a_finding_of_many_results_is_said_once_with_its_range() -> None:
    quiet, rough, rougher = raw(), CASES["noisy"][0], raw(latency_ms=alternating(11.0))
    assert told("noisy", quiet, rough) == [rough.case.label, "round medians differ by 6.0%"]
    assert told("noisy", rougher, quiet, rough) == ["results 1, 3 of 3", "round medians differ by 6.0% to 10.0%"]
    assert told("noisy", rough, rough) == ["all results", "round medians differ by 6.0%"]
    reasons: list[Stop] = ["time", "noise", "time"]
    where, what = told("imprecise", *(raw(stopped=reason) for reason in reasons))
    assert (where, what.rpartition(": ")[2]) == ("all results", "noise, time")


def test_of_several_results_the_most_images_a_second_are_named() -> None:
    slow, fast = result(raw()), result(raw(block_ms=30.0))
    broken = replace(fast, valid=False, status="invalid", metrics=replace(fast.metrics, images_per_s=9e9))

    def best(*results: Result) -> list[object]:
        return [fact.value for fact in bench(record(*results)).facts if fact.key.startswith("most_images_per_s")]

    assert best(slow, fast) == ["1,600 by result 2"]
    assert best(slow, broken) == best(slow) == []
    assert best(slow, result(trained(raw()))) == [], "a step is no inference"
