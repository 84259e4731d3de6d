"""A calibration on machines whose speed is known: what is measured, what is fitted, and what ends it early."""

from dataclasses import replace
from statistics import median

import pytest
from planted_machine import ENQUEUE_S, PlantedMachine

from resnet_inspect import sources
from resnet_inspect.benchmark import run as benchmark
from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.graph import Graph
from resnet_inspect.prediction.calibration_nets import CALIBRATION, limits_for
from resnet_inspect.prediction.measure import Way, is_interrupted, measure
from resnet_inspect.prediction.measured import profiles_of
from resnet_inspect.prediction.profile import Profile

UNSEEN = (
    "resnet34", "resnet101", "seresnet50", "resnext50_32x4d", "wide_resnet101_2", "resnetv2_50d_gn", "resnetblur50",
    "regnet_y_800mf", "ecaresnet26t", "resnetrs50", "resnetv2_50", "res2net50_26w_4s",
)  # fmt: skip


def calibrated(machine: PlantedMachine, quick: bool = False, **way: object) -> Record:
    """The Record of a calibration, which nobody watches."""
    return measure(
        Way(device="cpu", threads=(2,), **way),  # type: ignore[arg-type]  # fields of Way
        quick, 0, ("calibrate",), lambda record: None, lambda line: None, lambda ended, planned: None,
    )  # fmt: skip


def unseen() -> list[Graph]:
    return [sources.graph_of(sources.find(name), (n, 3, 224, 224)) for name in UNSEEN for n in (1, 8)]


def errors(profile: Profile, machine: PlantedMachine, record: Record) -> list[float]:
    """Of each net that the calibration did not measure: prediction over truth, less one."""
    found = []
    for graph in unseen():
        prediction = profile.predict(graph)
        assert prediction.ms is not None, f"{graph.name}: {prediction.reason}"
        found.append(prediction.ms / (1e3 * machine.seconds(graph, record.results[0].case)) - 1)
    return found


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> PlantedMachine:
    return PlantedMachine().install(monkeypatch)


def test_a_planted_machine_is_predicted_within_its_noise(planted: PlantedMachine) -> None:
    assert not set(UNSEEN) & {workload.net for workload in CALIBRATION}
    record = calibrated(planted)
    (profile,) = profiles_of(record)
    off = sorted(map(abs, errors(profile, planted, record)))
    assert median(off) < planted.noise
    assert off[-1] < 5 * planted.noise


def test_a_change_of_pace_between_rounds_changes_no_coefficient(planted: PlantedMachine) -> None:
    """The reference workload of each round is as much slower as the round's calls are."""
    planted.noise = 0.0
    (steady,) = profiles_of(calibrated(planted))
    planted.slower = (1.0, 1.5, 1.0, 0.8, 1.0)
    (shaken,) = profiles_of(calibrated(planted))
    assert shaken.reference_ms == pytest.approx(steady.reference_ms)
    for name, seconds in steady.coefficients.items():
        assert shaken.coefficients[name] == pytest.approx(seconds, rel=0.05, abs=1e-14), name


@pytest.mark.parametrize("speed", [0.2, 1.0, 20.0], ids=["slow", "usual", "fast"])
@pytest.mark.parametrize("quick", [False, True], ids=["whole", "quick"])
def test_a_calibration_keeps_its_time_on_every_machine(planted: PlantedMachine, speed: float, quick: bool) -> None:
    planted.speed = speed
    record = calibrated(planted, quick)
    limits = limits_for(record.results[0].case, quick)
    calls_s = [r.metrics.latency.median_ms / 1e3 for r in record.results[1:] if r.metrics.latency]
    assert max(calls_s) < 1.0
    assert sum(limits.start_s + limits.calls * call_s for call_s in calls_s) < 1.1 * limits.run_s
    assert profiles_of(record), "few nets are still enough"


def test_a_machine_that_is_fast_enough_measures_the_whole_list(planted: PlantedMachine) -> None:
    planted.speed = 20.0
    names = [result.case.model for result in calibrated(planted).results]
    assert names == ["resnet18", *(workload.net for workload in CALIBRATION)]


def test_a_profile_comes_of_each_number_of_threads(planted: PlantedMachine) -> None:
    record = measure(Way(device="cpu", threads=(1, 2)), True, 0, (), lambda r: None, lambda line: None, lambda *_: None)
    assert [profile.conditions.threads for profile in profiles_of(record)] == [1, 2]


def test_a_net_that_crashes_is_left_out(planted: PlantedMachine) -> None:
    planted.fails = frozenset({"resnet50"})
    record = calibrated(planted)
    assert not is_interrupted(record)
    (profile,) = profiles_of(record)
    assert "resnet50" not in profile.nets
    assert len(profile.nets) == len({result.case.model for result in record.results}) - 1


@pytest.mark.parametrize("net", ["resnet18", "resnest14d"], ids=["first", "later"])
def test_an_interrupted_calibration_says_so(planted: PlantedMachine, net: str) -> None:
    planted.interrupts = net
    record = calibrated(planted)
    assert is_interrupted(record)
    assert len(record.results) < record.planned


def test_a_record_that_was_saved_gives_the_same_profile(planted: PlantedMachine) -> None:
    record = calibrated(planted, quick=True)
    assert profiles_of(from_json(to_json(record))) == profiles_of(record)


def test_what_no_profile_can_stand_on_is_passed_over(planted: PlantedMachine) -> None:
    record = calibrated(planted, quick=True)
    first = record.results[0]
    others = (
        replace(first, valid=False, status="invalid"),
        replace(first, case=replace(first.case, folded=True)),
        replace(first, case=replace(first.case, task="train")),
    )
    assert profiles_of(replace(record, results=(*record.results, *others))) == profiles_of(record)


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> PlantedMachine:
    """A machine with a compiler, whose times are those of fused passes where a net is compiled."""
    monkeypatch.setattr(benchmark, "refuse_without_compiler", lambda device: None)
    return PlantedMachine().install(monkeypatch)


def test_a_compiled_calibration_is_fitted_to_passes(compiling: PlantedMachine) -> None:
    record = calibrated(compiling, mode="compile")
    (profile,) = profiles_of(record)
    assert profile.conditions.mode == "compile"
    off = sorted(map(abs, errors(profile, compiling, record)))
    assert median(off) < compiling.noise
    assert off[-1] < 5 * compiling.noise


@pytest.mark.parametrize("speed", [0.2, 20.0], ids=["slow", "fast"])
def test_a_compiled_calibration_keeps_its_own_time(compiling: PlantedMachine, speed: float) -> None:
    compiling.speed = speed
    record = calibrated(compiling, quick=True, mode="compile")
    limits = limits_for(record.results[0].case, True)
    calls_s = [r.metrics.latency.median_ms / 1e3 for r in record.results[1:] if r.metrics.latency]
    assert sum(limits.start_s + limits.calls * call_s for call_s in calls_s) < 1.1 * limits.run_s
    assert limits.run_s == 3 * limits_for(replace(record.results[0].case, mode="eager"), True).run_s


def test_a_gpu_is_calibrated_at_batches_that_fill_it(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = PlantedMachine(speed=300.0, device="cuda:0").install(monkeypatch)
    record = measure(Way(device="cuda"), False, 0, (), lambda r: None, lambda line: None, lambda *_: None)
    assert {result.case.batch_size for result in record.results} == {1, 128}
    (profile,) = profiles_of(record)
    assert (profile.conditions.device, profile.conditions.threads) == ("cuda", None)
    assert profile.conditions.machine == "NVIDIA H200"
    assert profile.reference_ms is None, "the reference workload runs on CPUs"
    assert profile.host_s_per_call == pytest.approx(ENQUEUE_S, rel=0.01)
    for name in UNSEEN:
        graph = sources.graph_of(sources.find(name), (32, 3, 224, 224))
        prediction = profile.predict(graph)
        assert prediction.ms is not None, prediction.reason
        assert prediction.ms == pytest.approx(990 * machine.seconds(graph, record.results[0].case), rel=0.1)
