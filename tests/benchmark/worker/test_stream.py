"""Timing on a stream, with a device that is a queue on a clock."""

from collections.abc import Callable

import pytest
import torch

from resnet_inspect import sources
from resnet_inspect.benchmark.breakdown import break_down, stages_of
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.worker import marks, stream
from resnet_inspect.benchmark.worker.prepare import prepare

CYCLES_A_MS = 1_000_000


class Device:
    """What the host enqueues runs in order; ``now`` is the host's clock, ``free`` when the queue is empty, in ms."""

    def __init__(self) -> None:
        self.now = self.free = 0.0

    def work(self, host_ms: float, device_ms: float) -> None:
        self.now += host_ms
        self.free = max(self.free, self.now) + device_ms

    def sync(self) -> None:
        self.now = max(self.now, self.free)

    def event(self, enable_timing: bool = False, external: bool = False) -> "Event":
        assert enable_timing
        return Event(self)


class Event:
    end: "Event"

    def __init__(self, device: Device) -> None:
        self.device = device

    def record(self) -> None:
        self.at = max(self.device.free, self.device.now)

    def query(self) -> bool:
        return self.at <= self.device.now

    def elapsed_time(self, other: "Event") -> float:
        if other.at > self.device.now:
            raise RuntimeError("Both events must be completed before calculating elapsed time.")  # as torch has it
        return other.at - self.at


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    fake = Device()
    monkeypatch.setattr(torch.cuda, "Event", fake.event)
    monkeypatch.setattr(torch.cuda, "_sleep", lambda cycles: fake.work(0.0, cycles / CYCLES_A_MS))
    monkeypatch.setattr(stream, "CLOCK", lambda: int(fake.now * 1e6))
    return fake


def test_a_kernel_sleeps_for_as_long_as_asked(device: Device) -> None:
    assert stream.cycles_of(3.0, device.sync) == 3 * CYCLES_A_MS


@pytest.mark.parametrize(("host", "chip"), [(0.5, 4.0), (4.0, 0.5)])
def test_enqueue_is_the_hosts_part_and_device_time_the_chips(device: Device, host: float, chip: float) -> None:
    def run() -> None:
        device.work(host, chip)

    assert stream.enqueue(run, device.sync, 3) == pytest.approx([host] * 3)
    assert stream.device_time(run, device.sync, 3, [host]) == pytest.approx([chip] * 3)


def test_a_queue_that_runs_dry_gives_no_time(device: Device) -> None:
    assert stream.device_time(lambda: device.work(50.0, 1.0), device.sync, 3, [1.0]) is None


def test_a_queue_that_runs_dry_now_and_then_costs_that_call_alone(device: Device) -> None:
    hosts = iter([1.0, 90.0, 1.0, 1.0, 90.0] + [1.0] * 20)
    assert stream.device_time(lambda: device.work(next(hosts), 5.0), device.sync, 8, [1.0]) == pytest.approx([5.0] * 8)


def test_one_slow_call_does_not_lengthen_the_sleep_of_all(device: Device) -> None:
    before = device.now
    stream.device_time(lambda: device.work(1.0, 2.0), device.sync, 20, [1.0] * 19 + [800.0])
    assert device.now - before < 20 * 10


def test_no_sleep_is_longer_than_a_display_bears(device: Device) -> None:
    assert stream.cycles_of(60_000.0, device.sync) == stream.MOST_MS * CYCLES_A_MS


def test_a_call_whose_queue_ran_dry_is_over_when_its_marks_are_read(device: Device) -> None:
    """The next reader of events, here of those between marks, finds none that the device has yet to reach."""
    inside = Event(device)

    def run() -> None:
        device.work(50.0, 1.0)
        inside.record()
        device.work(0.0, 30.0)
        inside.end = Event(device)
        inside.end.record()

    assert stream.between_events(run, device.sync, CYCLES_A_MS) is None
    assert inside.elapsed_time(inside.end) == pytest.approx(30.0)


@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize("task", ["infer", "train"])
def test_the_stages_of_a_device_are_read_from_its_events(
    device: Device, monkeypatch: pytest.MonkeyPatch, mode: str, task: str
) -> None:
    """A mark stands for 2 ms of the chip and 0.1 ms of the host."""
    case = Case("resnet18", "cpu", 2, (2, 3, 64, 64), task, "fp32", "contiguous", "eager", 1)
    ready = prepare(case, sources.graph_of(sources.find("resnet18"), case.input), 0)
    ready.sync = device.sync
    before: Callable[..., None] = marks.EventMarks.mark

    def mark(self: marks.EventMarks, begins: marks.Key) -> None:
        before(self, begins)
        device.work(0.1, 2.0)

    monkeypatch.setattr(marks.EventMarks, "mark", mark)
    monkeypatch.setattr(marks, "captured", lambda run: (run, 0.0))
    on_cuda = Case("resnet18", "cuda:0", 2, (2, 3, 64, 64), task, "fp32", "contiguous", mode, 1)
    run = ready.run
    ready.run = lambda: (run(), device.work(0.7, 14.0))  # the plain call
    with torch.inference_mode(task == "infer"):
        breakdown = break_down(marks.play(ready, on_cuda, Plan(), "stage"), stages_of(ready.graph))
    phases = 2 if task == "train" else 1
    assert [row.ms for row in breakdown.rows] == pytest.approx([2.0 * phases] * 6)
    beyond = 2.0  # what the last mark stands for: only the events outside see it
    assert breakdown.closure == pytest.approx(breakdown.total_ms / (breakdown.total_ms + beyond))
    assert (breakdown.loss_ms, breakdown.optimizer_ms) == ((4.0, 4.0) if task == "train" else (None, None))
