"""Scaling: every point is a median of the Record with its interval, above its least time."""

from dataclasses import replace

import pytest
from stage_times import record, result

import resnet_inspect as ri
from resnet_inspect.benchmark.record import Record
from resnet_inspect.chart import Interval, Line
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.hardware.floor import floors_ms


def run() -> Record:
    sizes = {1: 1.1, 8: 1.3, 64: 3.0}
    several = [
        result(model, whole_ms=ms * slower, batch_size=n, input=(n, 3, 224, 224))
        for model, slower in (("resnet50", 1.0), ("resnet50d", 1.2))
        for n, ms in sizes.items()
    ]
    return record(*several, result("resnet18", batch_size=4, input=(4, 3, 224, 224)))


def test_every_point_is_a_median_with_its_interval() -> None:
    drawn = ri.plot("scaling", run()).chart
    intervals = [(mark.at, mark.low, mark.middle, mark.high) for mark in drawn.marks if isinstance(mark, Interval)]
    latencies = [
        (each.case.batch_size, each.metrics.latency) for each in run().results if each.case.model != "resnet18"
    ]
    assert intervals == [(n, latency.ci95_ms[0], latency.median_ms, latency.ci95_ms[1]) for n, latency in latencies]
    assert [row[2] for row in drawn.table.rows] == [latency.median_ms for _, latency in latencies]


def test_throughput_is_images_by_the_time_of_a_call_and_the_dashed_line_is_the_most() -> None:
    drawn = ri.plot("scaling", run(), throughput=True).chart
    rates = {(row[0], row[1]): row[2:] for row in drawn.table.rows}
    for each in run().results[:6]:
        case, metric = each.case, each.metrics.throughput
        floor, _ = floors_ms(ri.lower(case.model, case.input), find_device("h200"), "bf16")
        images = 1e3 * case.batch_size
        expected = [images / ms for ms in (metric.median_ms, metric.ci95_ms[1], metric.ci95_ms[0], floor)]
        assert rates[case.model, case.batch_size] == pytest.approx(expected)
    assert len([mark for mark in drawn.marks if isinstance(mark, Line) and mark.dashed]) == 2


def test_processes_that_train_together_are_named_and_their_images_add_up() -> None:
    several = [
        result(batch_size=n, input=(n, 3, 224, 224), task="train", processes=processes)
        for processes in (1, 4)
        for n in (8, 64)
    ]
    drawn = ri.plot("scaling", record(*several), throughput=True).chart
    rates = {(row[0], row[1]): (row[2], row[-1]) for row in drawn.table.rows}
    assert {name for name, _ in rates} == {"1 process", "4 processes"}
    for n in (8, 64):
        alone, together = rates["1 process", n], rates["4 processes", n]
        assert together == pytest.approx([4 * rate for rate in alone if rate])


def test_one_batch_size_is_refused_and_says_which_option_gives_more() -> None:
    with pytest.raises(ri.InspectError) as refused:
        ri.plot("scaling", record(result()))
    assert "bench --batch-size 1,8,32" in str(refused.value)


def test_a_device_that_did_not_run_it_is_refused_and_an_unknown_one_leaves_out_the_floor() -> None:
    with pytest.raises(ri.InspectError, match="not of NVIDIA T4"):
        ri.plot("scaling", run(), device="t4")
    unknown = replace(run(), environment=record(gpu="A GPU that nobody knows").environment)
    drawn = ri.plot("scaling", unknown).chart
    assert not [mark for mark in drawn.marks if isinstance(mark, Line) and mark.dashed]
