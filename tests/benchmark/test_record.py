"""What a Result says of itself: its rounds, its main quantity, its reference times, its findings."""

from dataclasses import replace

import pytest
from raw_results import CPU_ROUND, raw, result

from resnet_inspect.benchmark.messages import Unwatched
from resnet_inspect.benchmark.record import metric

ROUNDS = [[9.0, 10.0, 11.0], [10.0], [12.0, 8.0]]


def test_a_metric_cuts_its_samples_into_the_rounds_they_came_in() -> None:
    assert [list(samples) for samples in metric(ROUNDS, 0).rounds] == ROUNDS


def test_samples_whose_mean_is_zero_have_no_coefficient_of_variation() -> None:
    assert metric([[0.0, 0.0]], 0).cv is None
    assert metric([[1.0, 3.0]], 0).cv == pytest.approx(2**0.5 / 2)


def test_the_devices_time_comes_before_the_latency() -> None:
    on_cpu, on_cuda = result(raw()), result(raw("cuda:0"))
    assert on_cpu.device_or_latency == on_cpu.metrics.latency
    assert on_cuda.device_or_latency == on_cuda.metrics.device_time


def test_the_quantities_are_named_and_in_order() -> None:
    metrics = result(raw("cuda:0")).metrics
    assert [name for name, _ in metrics.items()] == ["latency", "throughput", "device_time", "enqueue"]
    for name, quantity in metrics.items():
        assert quantity == getattr(metrics, name)


def test_a_rounds_reference_time_is_the_geometric_mean_of_its_pieces() -> None:
    states = [replace(CPU_ROUND, reference_ms=(1.0, ms)) for ms in (4.0, 9.0, 4.0, 4.0, 16.0)]
    assert result(raw(states=states)).reference_ms == pytest.approx((2.0, 3.0, 2.0, 2.0, 4.0))


def test_where_no_reference_workload_ran_there_are_no_reference_times() -> None:
    assert result(raw("cuda:0")).reference_ms is None
    assert result(raw(states=[Unwatched()] * 5)).reference_ms is None
    assert result(raw(status="oom")).reference_ms is None, "a lost case keeps no states"


def test_a_result_knows_its_findings_by_code() -> None:
    imprecise = result(raw(stopped="time"))
    assert imprecise.has("imprecise")
    assert not imprecise.has("noisy")
