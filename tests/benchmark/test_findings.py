"""Symptoms of a bad measurement: each is found, explained with its very threshold, and told in words."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from raw_results import AFTER, ROUNDS, WARM, codes, pairs, raw, record, result, rounds

import resnet_inspect as ri
from resnet_inspect.benchmark import assemble
from resnet_inspect.benchmark.findings import CATALOGUE
from resnet_inspect.benchmark.record import Result
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.explainer.threshold import threshold
from resnet_inspect.language import LANGUAGES
from resnet_inspect.records.bench import bench
from resnet_inspect.vocabulary import RUN_PRECISIONS as PRECISIONS

FOUND = {
    "host-bound": raw("cuda:0", enqueue=rounds(9.0, 9.0, 9.0, 9.0)),
    "never-settled": raw(warm={**WARM, "settled": False, "seconds": 10.0}),
    "noisy": raw(latency=[[10.0] * 4, [10.6] * 4, [10.0] * 4, [10.6] * 4, [10.0] * 4]),
    "drift": raw(latency=[[10.0 + 0.2 * n] * 4 for n in range(ROUNDS)]),
    "bimodal": raw(latency=rounds(10.0, 12.0, 12.0, 10.0)),
    "slow-first": raw(latency=rounds(12.5, 10.0, 10.0, 10.0)),
    "rounding": raw(after={**AFTER, "error": 1e-3}),
    "throttled": raw("cuda:0", clocks=[{"throttle": []}, {"throttle": ["thermal", "power cap"]}]),
    "unsteady-clock": raw("cuda:0", clocks=[{"sm_mhz": 1980}, {"sm_mhz": 1755}, {"sm_mhz": None}]),
    "unsteady-cpu": raw(clocks=[{"yardstick_ms": [1.0, ms]} for ms in (2.0, 2.0, 2.3)]),
    "page-faults": raw(clocks=[{"faults_per_call": 900}] * 3, after=AFTER | {"fault_us": 0.5}),
    "crowded": raw(clocks=[{"cpu_share": share} for share in (0.99, 0.5, 0.4)]),
    "imprecise": raw(stopped="time"),
    "interrupted": raw(stopped="interrupted"),
    "other-pace": raw(passes={"stage": pairs((7.0, 5.0, 0.0), marked=12.0, plain=12.0)}),
    "instrumented": raw(passes={"stage": pairs(plain=9.6)}),
}


@pytest.mark.parametrize(("code", "one"), FOUND.items(), ids=FOUND.keys())
def test_a_symptom_is_found_and_leaves_the_arm_valid(code: str, one: RawResult) -> None:
    done = result(one)
    assert code in codes(done)
    assert done.valid


@pytest.mark.parametrize(
    ("name", "value", "code", "said"),
    [
        ("HOST_BOUND", 0.95, "host-bound", "95.0%"),
        ("NOISY", {"cpu": 0.07, "cuda": 0.07}, "noisy", "7.0%"),
        ("NOISY", {"cpu": 0.09, "cuda": 0.09}, "drift", "9.0%"),
        ("SLOW_FIRST", 1.5, "slow-first", "1.50×"),
        ("ROUNDING", dict.fromkeys(PRECISIONS, 0.125), "rounding", "0.125 (bf16)"),
        ("CLOCK_MOVED", 0.25, "unsteady-clock", "25.0%"),
    ],
)
def test_what_is_found_is_explained_with_its_very_threshold(
    monkeypatch: pytest.MonkeyPatch, name: str, value: Any, code: str, said: str
) -> None:
    assert code in codes(result(FOUND[code]))
    assert said not in str(ri.explain(code))
    monkeypatch.setattr(assemble, name, value)
    assert code not in codes(result(FOUND[code]))
    for language in LANGUAGES:
        assert said in str(ri.explain(code, language=language))


def test_every_finding_that_has_a_threshold_tells_it() -> None:
    silent = {code for code in CATALOGUE if threshold(code, Speaker("en")) is None}
    assert silent == {"throttled", "oom", "crashed", "timeout"}


@pytest.mark.parametrize("one", FOUND.values(), ids=FOUND.keys())
def test_a_finding_is_told_in_words_with_its_numbers(one: RawResult) -> None:
    done = result(one)
    told = bench(record(done)).findings
    assert [found.code for found in told] == codes(done)
    for found in told:
        assert found.where == one.case.label
        assert found.hint
        assert "{" not in found.message


@pytest.mark.parametrize(("precision", "error"), [(p, limit) for p, limit in assemble.ROUNDING.items()])
def test_rounding_is_told_from_a_precisions_own_limit_on(precision: str, error: float) -> None:
    device = "cuda:0"
    assert codes(result(raw(device, precision=precision, after={**AFTER, "error": error}))) == []
    assert codes(result(raw(device, precision=precision, after={**AFTER, "error": 1.1 * error}))) == ["rounding"]


def test_every_precision_has_its_limit() -> None:
    assert set(assemble.ROUNDING) == set(PRECISIONS)


@pytest.mark.parametrize(
    ("stopped", "told"), [("time", True), ("noise", True), ("interrupted", False), ("precise", False), ("quick", False)]
)
def test_only_an_end_without_precision_is_imprecise(stopped: str, told: bool) -> None:
    assert ("imprecise" in codes(result(raw(stopped=stopped)))) is told


def test_a_gpu_is_noisy_sooner_than_a_cpu() -> None:
    latency = [[10.0] * 4, [10.3] * 4, [10.0] * 4, [10.3] * 4, [10.0] * 4]
    assert "noisy" not in codes(result(raw(latency=latency)))
    assert "noisy" in codes(result(raw("cuda:0", latency=latency)))


def texts_given_to(function: str, path: Path) -> set[str]:
    """The first argument of every call of ``function`` in a file, where it is a text as it stands."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    first = [call.args[0] for call in calls if ast.unparse(call.func) == function and call.args]
    return {arg.value for arg in first if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}


def told(code: str, *raw_results: RawResult) -> list[str]:
    """Where, and what."""
    found = bench(record(*map(result, raw_results))).findings
    return [text for one in found if one.code == code for text in (one.where, one.message)]


def test_what_is_found_of_many_arms_is_said_once_with_its_range() -> None:
    quiet, rough, rougher = raw(), FOUND["noisy"], raw(latency=[[10.0 + n % 2] * 4 for n in range(ROUNDS)])
    assert told("noisy", quiet, rough) == [rough.case.label, "6.0% between rounds"]
    assert told("noisy", rougher, quiet, rough) == ["arms 1, 3 of 3", "6.0% to 10.0% between rounds"]
    assert told("noisy", rough, rough) == ["all arms", "6.0% between rounds"]
    where, what = told("imprecise", *(raw(stopped=reason) for reason in ("time", "noise", "time")))
    assert (where, what.rpartition(": ")[2]) == ("all arms", "noise, time")


def test_the_catalogue_has_every_code_that_is_given_and_no_other() -> None:
    room = Path(assemble.__file__).parent
    given = texts_given_to("found", room / "assemble.py")
    assert given == {*FOUND, "cached", "ceiling-moved"}, "each has a test"
    assert texts_given_to("WorkerLost", room / "process.py") | {"oom"} == {"oom", "crashed", "timeout"}
    assert set(CATALOGUE) == given | {"oom", "crashed", "timeout"}


def test_of_several_arms_the_most_images_a_second_are_named() -> None:
    one, other = result(raw()), result(raw(blocks=[(6, 30.0)] * ROUNDS))
    broken = replace(other, valid=False, status="invalid", images_per_s=9e9)

    def best(*results: Result) -> list[object]:
        return [fact.value for fact in bench(record(*results)).facts if fact.key.startswith("most_images_per_s")]

    assert best(one, other) == ["1,600 by arm 2"]
    assert best(one, broken) == best(one) == []
    assert best(one, replace(one, case=replace(one.case, task="train"))) == [], "a step is no inference"
