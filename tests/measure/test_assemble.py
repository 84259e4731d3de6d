"""From what a worker said to an arm: every self-check trips and fails closed, every finding is found and has words."""

import ast
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import resnet_inspect as ri
from resnet_inspect.analyze.bench import CATALOGUE, bench
from resnet_inspect.analyze.explain.threshold import threshold
from resnet_inspect.analyze.explain.voice import Voice
from resnet_inspect.language import LANGUAGES
from resnet_inspect.measure import assemble
from resnet_inspect.measure.conductor import Take
from resnet_inspect.measure.config import PRECISIONS, SCALER, Config
from resnet_inspect.measure.ledger import Part
from resnet_inspect.measure.protocol import Protocol
from resnet_inspect.measure.record import Arm, Record, from_json, to_json

PLAN = Protocol()
COST = {"params": 25_557_032, "macs": 4_089_184_256}
ROUNDS = 5
WHERE = {
    "date": "2025-01-01T00:00:00+00:00",
    "machine": {"cpu_model": "AMD EPYC 9654", "cpus": 8, "memory_bytes": 2**34},
    "versions": {"torch": "2.11.0"},
    "grade": {"letter": "A", "reasons": []},
    "gpu": None,
}
WARM = {"first_ms": 30.0, "calls": 20, "seconds": 0.5, "settled": True, "graphs_before": 1}


AFTER = {"finite": True, "error": 0.0, "graphs": 1, "clocks": None}


def rounds(*each: float) -> list[list[float]]:
    return [list(each) for _ in range(ROUNDS)]


def take(device: str = "cpu", mode: str = "eager", precision: str = "fp32", **changes: Any) -> Take:
    """One that nothing is wrong with, but for ``changes``: 10 ms a call, of which CUDA says 9.9."""
    values: dict[str, Any] = {
        "prepared": {"captured_ms": None},
        "warm": WARM,
        "memory": {"requested_bytes": 4096},
        "latency": rounds(10.0, 10.0, 10.0, 10.0),
        "blocks": [(6, 6 * (9.9 if device != "cpu" else 10.0))] * ROUNDS,
        "after": AFTER,
        "stopped": "precise",
    }
    if device != "cpu":
        values |= {"device_time": rounds(9.9, 9.9, 9.9, 9.9), "enqueue": rounds(1.0, 1.0, 1.0, 1.0)}
    config = Config("resnet50", device, 8, (8, 3, 224, 224), "infer", precision, "contiguous", mode, 1)
    return Take(config, **(values | changes))


PARTS = {
    "stage": [Part("stem", "", 1), Part("head", "", 3)],
    "layer": [Part("conv1", "stem", 1), Part("fc", "head", 3)],
}


def pairs(forward: tuple[float, ...] = (6.0, 4.0, 0.0), marked: float = 10.0, plain: float = 10.0) -> dict[str, Any]:
    """Four pairs of a marked call, of two parts and no loss, and a plain one; both by a clock outside them."""
    calls = {
        "forward": [*forward],
        "backward": [0.0] * 3,
        "optimizer": 0.0,
        "total": sum(forward),
        "marked": marked,
        "plain": plain,
    }
    return {name: [value] * 4 for name, value in calls.items()}


def arm(one: Take, predicted: Mapping[str, int] | None = None) -> Arm:
    return assemble.arm(one, PLAN, COST, {"block": "bottleneck"}, predicted, PARTS)


def codes(one: Arm) -> list[str]:
    return [found["code"] for found in one.findings]


def record(*arms: Arm) -> Record:
    return Record(("bench",), WHERE, PLAN, len(arms), arms)


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
@pytest.mark.parametrize("mode", ["eager", "compile"])
def test_what_nothing_is_wrong_with_is_valid_and_has_no_findings(device: str, mode: str) -> None:
    done = arm(take(device, mode), {"peak_bytes": 2048})
    assert (done.status, done.valid, done.stopped) == ("ok", True, "precise")
    assert codes(done) == []
    assert all(check.ok for check in done.checks)
    assert done.memory["predicted"] == {"peak_bytes": 2048}
    assert done.memory["measured"] == {"requested_bytes": 4096, "first_peak_bytes": None}
    assert done.images_per_s == pytest.approx(8 / (10.0e-3 if device == "cpu" else 9.9e-3))
    assert done.first_call_ms == 30.0
    assert done.compile_ms == (20.0 if mode == "compile" else None)


def test_what_a_cpu_cannot_tell_is_null_and_says_why() -> None:
    done = arm(take())
    for name in ("device_time", "enqueue"):
        assert done.metrics[name] is None
        assert done.unknown[name] == "cpu has no events on a stream"
    assert arm(take("cuda:0")).unknown == {}


BROKEN = {
    "latency-positive": [
        take(latency=rounds(10.0, 10.0, 10.0, 0.0)),
        take(latency=rounds(10.0, -1.0, 10.0, 10.0)),
        take(latency=rounds(0.0, 0.0, 0.0, 0.0)),
        take("cuda:0", latency=rounds(0.0, 0.0, 0.0, 0.0)),
    ],
    "outputs-finite": [take(after={**AFTER, "finite": False, "error": None})],
    "latency-over-device-time": [
        take("cuda:0", latency=rounds(9.0, 9.0, 9.0, 9.0)),
        take("cuda:0", device_time=rounds(0.0, 0.0, 0.0, 0.0)),
    ],
    "throughput-is-device-time": [
        take("cuda:0", blocks=[(6, 6 * 9.9 * 1.03)] * ROUNDS),
        take("cuda:0", blocks=[(6, 6 * 9.9 * 0.97)] * ROUNDS),
        take("cuda:0", blocks=[(6, 0.0)] * ROUNDS),
    ],
    "no-recompile": [
        take(mode="compile", after={**AFTER, "graphs": 2}),
        take("cuda:0", "compile+graph", after={**AFTER, "graphs": 3}),
    ],
    "stage-closure": [
        take(passes={"stage": pairs(marked=10.03)}),
        take(passes={"stage": pairs((6.0, 3.97, 0.0))}),
        take(passes={"stage": pairs((11.0, -1.0, 0.0))}),
    ],
    "layer-closure": [take(passes={"stage": pairs(), "layer": pairs(marked=9.97)})],
}


@pytest.mark.parametrize(("id", "one"), [(id, one) for id, takes in BROKEN.items() for one in takes])
def test_a_check_that_fails_makes_the_arm_invalid_and_is_told(id: str, one: Take) -> None:
    done = arm(one)
    assert (done.status, done.valid) == ("invalid", False)
    assert id in [check.id for check in done.checks if not check.ok]
    report = bench(record(done))
    assert not report.ok
    assert any(found.code == "invalid" and id in found.message for found in report.findings)


@pytest.mark.parametrize("one", [one for takes in BROKEN.values() for one in takes])
def test_however_broken_an_arm_is_its_record_is_written_and_read(one: Take) -> None:
    done = record(arm(one))
    assert from_json(to_json(done)) == done


def test_every_check_has_a_test_that_trips_it() -> None:
    laid_out = take(passes={"stage": pairs(), "layer": pairs()})
    ids = {check.id for one in (take("cuda:0", "compile"), laid_out) for check in arm(one).checks}
    assert ids == {*BROKEN, "percentiles-monotone"}, "and percentiles are monotone whatever the samples"


def test_blocks_are_held_against_device_time_only_where_the_device_is_busy() -> None:
    host_bound = arm(take("cuda:0", enqueue=rounds(9.8, 9.8, 9.8, 9.8), blocks=[(6, 90.0)] * ROUNDS))
    assert host_bound.valid
    assert "throughput-is-device-time" not in [check.id for check in host_bound.checks]
    assert codes(host_bound) == ["host-bound"]


def test_a_warm_up_that_compiled_nothing_new_is_no_recompile() -> None:
    assert arm(take(mode="compile", warm={**WARM, "graphs_before": 3}, after={**AFTER, "graphs": 3})).valid


@pytest.mark.parametrize(
    ("device", "ms", "beside", "valid"),
    [
        ("cpu", 10.0, 0.015, True),  # a call is entered and left
        ("cpu", 10.0, 0.025, False),
        ("cpu", 1000.0, 0.9, True),  # 0.1 %
        ("cpu", 1000.0, 1.1, False),
        ("cuda:0", 10.0, 0.045, True),  # events have a cost of their own
        ("cuda:0", 10.0, 0.055, False),
    ],
)
def test_the_parts_of_a_call_are_held_against_a_clock_outside_it(
    device: str, ms: float, beside: float, valid: bool
) -> None:
    done = arm(take(device, passes={"stage": pairs((ms, 0.0, 0.0), ms + beside, ms)}))
    (check,) = (check for check in done.checks if check.id == "stage-closure")
    assert (check.ok, done.valid) == (valid, valid)
    assert check.value == pytest.approx(ms / (ms + beside))


FOUND = {
    "host-bound": take("cuda:0", enqueue=rounds(9.0, 9.0, 9.0, 9.0)),
    "never-settled": take(warm={**WARM, "settled": False, "seconds": 10.0}),
    "noisy": take(latency=[[10.0] * 4, [10.6] * 4, [10.0] * 4, [10.6] * 4, [10.0] * 4]),
    "drift": take(latency=[[10.0 + 0.2 * n] * 4 for n in range(ROUNDS)]),
    "bimodal": take(latency=rounds(10.0, 12.0, 12.0, 10.0)),
    "slow-first": take(latency=rounds(12.5, 10.0, 10.0, 10.0)),
    "rounding": take(after={**AFTER, "error": 1e-3}),
    "throttled": take("cuda:0", clocks=[{"throttle": []}, {"throttle": ["thermal", "power cap"]}]),
    "unsteady-clock": take("cuda:0", clocks=[{"sm_mhz": 1980}, {"sm_mhz": 1755}, {"sm_mhz": None}]),
    "unsteady-cpu": take(clocks=[{"yardstick_ms": [1.0, ms]} for ms in (2.0, 2.0, 2.3)]),
    "page-faults": take(clocks=[{"faults_per_call": 900}] * 3, after=AFTER | {"fault_us": 0.5}),
    "crowded": take(clocks=[{"cpu_share": share} for share in (0.99, 0.5, 0.4)]),
    "imprecise": take(stopped="interrupted"),
    "other-pace": take(passes={"stage": pairs((7.0, 5.0, 0.0), marked=12.0, plain=12.0)}),
    "instrumented": take(passes={"stage": pairs(plain=9.6)}),
}


@pytest.mark.parametrize(("code", "one"), FOUND.items(), ids=FOUND.keys())
def test_a_symptom_is_found_and_leaves_the_arm_valid(code: str, one: Take) -> None:
    done = arm(one)
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
    assert code in codes(arm(FOUND[code]))
    assert said not in str(ri.explain(code))
    monkeypatch.setattr(assemble, name, value)
    assert code not in codes(arm(FOUND[code]))
    for language in LANGUAGES:
        assert said in str(ri.explain(code, language=language))


def test_every_finding_that_has_a_threshold_tells_it() -> None:
    silent = {code for code in CATALOGUE if threshold(code, Voice("en")) is None}
    assert silent == {"throttled", "oom", "crashed", "timeout"}


@pytest.mark.parametrize("status", ["oom", "crashed", "timeout"])
def test_an_arm_that_was_lost_says_how_and_keeps_what_was_counted(status: str) -> None:
    lost = Take(take().config, status, "exit code 1: no luck", latency=[[10.0] * 4])
    done = arm(lost, {"peak_bytes": 2048})
    assert (done.status, done.valid, codes(done)) == (status, False, [status])
    assert done.findings[0]["values"] == {"detail": "exit code 1: no luck"}
    assert done.memory == {"predicted": {"peak_bytes": 2048}, "measured": None}
    assert done.cost == COST
    assert from_json(to_json(record(done))) == record(done)
    assert any("exit code 1: no luck" in found.message for found in bench(record(done)).findings)


@pytest.mark.parametrize("one", FOUND.values(), ids=FOUND.keys())
def test_a_finding_is_told_in_words_with_its_numbers(one: Take) -> None:
    done = arm(one)
    told = bench(record(done)).findings
    assert [found.code for found in told] == codes(done)
    for found in told:
        assert found.where == one.config.label
        assert found.hint
        assert "{" not in found.message


@pytest.mark.parametrize(("precision", "error"), [(p, limit) for p, limit in assemble.ROUNDING.items()])
def test_rounding_is_told_from_a_precisions_own_limit_on(precision: str, error: float) -> None:
    device = "cuda:0"
    assert codes(arm(take(device, precision=precision, after={**AFTER, "error": error}))) == []
    assert codes(arm(take(device, precision=precision, after={**AFTER, "error": 1.1 * error}))) == ["rounding"]


def test_what_was_laid_out_is_in_the_arm_and_what_could_not_be_says_why() -> None:
    done = arm(take(passes={"stage": pairs(), "layer": {"reason": "a compiled kernel is of many layers"}}))
    assert done.valid
    assert done.stages["rows"][0] == {"name": "stem", "ms": 6.0, "share": 0.6, "macs": 1}
    assert done.layers is None
    assert done.unknown["layers"] == "a compiled kernel is of many layers"
    assert from_json(to_json(record(done))) == record(done)
    assert any("a compiled kernel is of many layers" in note for note in bench(record(done)).notes)


def test_energy_is_told_and_so_is_why_it_is_not() -> None:
    watts = {
        "j_per_image": 0.05,
        "net_j_per_image": 0.04,
        "idle_w": 75.0,
        "busy_w": 375.0,
        "window_s": 10.0,
        "images": 8,
    }
    notes = bench(record(arm(take(passes={"energy": watts})))).notes
    assert any("0.0500 J/image, 0.0400 J/image beyond the 75.0 W" in note for note in notes)
    notes = bench(record(arm(take(passes={"energy": {"reason": "pynvml is not installed"}})))).notes
    assert any("unknown: pynvml is not installed" in note for note in notes)


def test_a_gpu_is_described_before_and_after() -> None:
    assert arm(take()).clocks == {"before": None, "rounds": [], "after": None}
    described = take("cuda:0", prepared={"captured_ms": None, "gpu": {"sm_mhz": 1980}}, clocks=[{"sm_mhz": 1755}])
    assert arm(described).clocks == {"before": {"sm_mhz": 1980}, "rounds": [{"sm_mhz": 1755}], "after": None}


def test_what_torch_was_set_to_and_how_often_a_graph_broke_is_kept() -> None:
    flags = {"cudnn_benchmark": True}
    done = arm(take(mode="compile", prepared={"captured_ms": None, "flags": flags}, warm={**WARM, "graphs_before": 3},
                    after={**AFTER, "graphs": 3}))  # fmt: skip
    assert (done.flags, done.graph_breaks, arm(take()).graph_breaks) == (flags, 2, None)


def test_the_peak_of_the_first_calls_stands_apart() -> None:
    measured = arm(take("cuda:0", warm={**WARM, "first_peak_bytes": 9000})).memory["measured"]
    assert measured == {"requested_bytes": 4096, "first_peak_bytes": 9000}


def test_every_precision_has_its_limit() -> None:
    assert set(assemble.ROUNDING) == set(PRECISIONS)


@pytest.mark.parametrize(
    ("stopped", "told"), [("time", True), ("noise", True), ("interrupted", True), ("precise", False), ("quick", False)]
)
def test_only_an_end_without_precision_is_imprecise(stopped: str, told: bool) -> None:
    assert ("imprecise" in codes(arm(take(stopped=stopped)))) is told


def test_a_gpu_is_noisy_sooner_than_a_cpu() -> None:
    latency = [[10.0] * 4, [10.3] * 4, [10.0] * 4, [10.3] * 4, [10.0] * 4]
    assert "noisy" not in codes(arm(take(latency=latency)))
    assert "noisy" in codes(arm(take("cuda:0", latency=latency)))


def texts_given_to(function: str, path: Path) -> set[str]:
    """The first argument of every call of ``function`` in a file, where it is a text as it stands."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    first = [call.args[0] for call in calls if ast.unparse(call.func) == function and call.args]
    return {arg.value for arg in first if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}


def told(code: str, *takes: Take) -> list[str]:
    """Where, and what."""
    found = bench(record(*map(arm, takes))).findings
    return [text for one in found if one.code == code for text in (one.where, one.message)]


def test_what_is_found_of_many_arms_is_said_once_with_its_range() -> None:
    quiet, rough, rougher = take(), FOUND["noisy"], take(latency=[[10.0 + n % 2] * 4 for n in range(ROUNDS)])
    assert told("noisy", quiet, rough) == [rough.config.label, "6.0% between rounds"]
    assert told("noisy", rougher, quiet, rough) == ["arms 1, 3 of 3", "6.0% to 10.0% between rounds"]
    assert told("noisy", rough, rough) == ["all arms", "6.0% between rounds"]
    where, what = told("imprecise", *(take(stopped=reason) for reason in ("time", "noise", "time")))
    assert (where, what.rpartition(": ")[2]) == ("all arms", "noise, time")


def test_the_catalogue_has_every_code_that_is_given_and_no_other() -> None:
    room = Path(assemble.__file__).parent
    given = texts_given_to("found", room / "assemble.py")
    assert given == {*FOUND, "cached", "ceiling-moved"}, "each has a test"
    assert texts_given_to("WorkerLost", room / "process.py") | {"oom"} == {"oom", "crashed", "timeout"}
    assert set(CATALOGUE) == given | {"oom", "crashed", "timeout"}


ONCE = {"flop_per_s": 8e14, "bytes_per_s": 4e12}
LIMITS = {"device": "cuda", "precision": "bf16", "flop_per_s": 8e14, "bytes_per_s": 4e12}


@pytest.mark.parametrize(
    ("device", "precision", "floor_ms", "arithmetic_ms", "valid", "cached"),
    [
        ("cuda:0", "bf16", 5.0, 5.0, True, False),
        ("cuda:0", "bf16", 10.3, 10.3, True, False),  # 104 % of the ceiling
        ("cuda:0", "bf16", 11.0, 11.0, False, True),
        ("cuda:0", "bf16", 20.0, 5.0, True, True),  # memory's alone
        ("cuda:0", "fp32", 11.0, 11.0, True, True),  # Winograd
        ("cpu", "bf16", 11.0, 11.0, True, False),  # a latency holds more than the device's share
    ],
)
def test_a_device_time_below_that_of_the_arithmetic_is_no_measurement(
    device: str, precision: str, floor_ms: float, arithmetic_ms: float, valid: bool, cached: bool
) -> None:
    measured = arm(take(device, precision=precision, passes={"ceilings": LIMITS}))
    done = assemble.held_to_floor(measured, floor_ms, arithmetic_ms)
    assert done.valid is valid
    assert done.status == ("ok" if valid else "invalid")
    assert ("cached" in codes(done)) is cached
    assert done.ceilings == {**LIMITS, "each": [ONCE], "floor_ms": floor_ms}
    (row,) = bench(record(done)).tables[0].rows
    assert floor_ms in row


def test_the_higher_of_two_ceilings_counts() -> None:
    before, after = {**LIMITS, "flop_per_s": 9e14}, {**LIMITS, "bytes_per_s": 4.1e12}
    done = arm(take("cuda:0", ceilings_before=before, passes={"ceilings": after}))
    assert (done.ceilings["flop_per_s"], done.ceilings["bytes_per_s"]) == (9e14, 4.1e12)
    (found,) = (one for one in done.findings if one["code"] == "ceiling-moved")
    assert found["values"] == {"what": "arithmetic", "change": pytest.approx(8 / 9 - 1)}


def test_a_ceiling_that_could_not_be_measured_before_is_that_of_after() -> None:
    done = arm(take("cuda:0", ceilings_before={"reason": "no room"}, passes={"ceilings": LIMITS}))
    assert done.ceilings == {**LIMITS, "each": [ONCE]}
    assert arm(take("cuda:0", ceilings_before=LIMITS, passes={"ceilings": {"reason": "no room"}})).ceilings is None


@pytest.mark.parametrize(
    ("throttle", "times", "ok"), [([], 1.03, False), (["power cap"], 1.03, True), (["power cap"], 1.12, False)]
)
def test_a_chip_at_its_power_cap_may_be_slower_back_to_back(throttle: list[str], times: float, ok: bool) -> None:
    one = take("cuda:0", blocks=[(6, 6 * 9.9 * times)] * ROUNDS, clocks=[{"throttle": throttle}])
    (check,) = (check for check in arm(one).checks if check.id == "throughput-is-device-time")
    assert check.ok is ok


def test_a_step_that_waits_for_the_device_has_no_share_of_either() -> None:
    one = take("cuda:0", precision="amp-fp16", device_time=[], enqueue=[])
    one.config = replace(one.config, task="train")
    assert arm(one).unknown == dict.fromkeys(("device_time", "enqueue"), SCALER)
