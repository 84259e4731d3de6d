"""Ceilings by a fake clock, and by this machine's own."""

import json
from collections.abc import Callable

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import resnet_inspect as api
from resnet_inspect.errors import MachineError, RequestError
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.devices import device_from_ceilings, find_by_torch_name
from resnet_inspect.runtime import ceilings as measuring
from resnet_inspect.runtime.ceilings import REPEATS, ceilings, rate
from resnet_inspect.typed_json import decode, encode


class Clock:
    """A clock that only work moves; ``call`` takes ``durations_ms`` in turn, the last one for ever."""

    def __init__(self, *durations_ms: float) -> None:
        self.now, self.calls, self.durations = 0, 0, durations_ms

    def __call__(self) -> int:
        return self.now

    def call(self) -> None:
        self.now += int(1e6 * self.durations[min(self.calls, len(self.durations) - 1)])
        self.calls += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Clock]:
    def started(*durations_ms: float) -> Clock:
        fake = Clock(*durations_ms)
        monkeypatch.setattr(measuring, "CLOCK", fake)
        return fake

    return started


def test_the_work_of_a_ceiling_is_what_torch_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a matrix product and a convolution the FLOP, of a copy the bytes that it reads and writes."""
    worked: list[tuple[int, int]] = []

    def counted(call: Callable[[], object], wait: object, work: int) -> tuple[float, float]:
        with FlopCounterMode(display=False) as counter:
            call()
        worked.append((work, counter.get_total_flops()))
        return 1.0, 0.0

    monkeypatch.setattr(measuring, "rate", counted)
    ceilings("cpu", "fp32", 1)
    *products, (moved, _) = worked
    assert len(products) >= 2
    assert all(work == flop > 0 for work, flop in products)
    assert moved == 2 * measuring.COPY_BYTES


def test_a_steady_machine_does_its_work_at_one_rate(clock: Callable[..., Clock]) -> None:
    steady = clock(0.25)
    assert rate(steady.call, lambda: None, 1000) == (4e6, 0)
    assert steady.calls * 0.25 >= 500 + REPEATS * 50, "half a second to warm up, samples of 50 ms"


def test_a_slow_first_call_is_not_in_the_rate(clock: Callable[..., Clock]) -> None:
    assert rate(clock(400, 100).call, lambda: None, 7) == (70, 0)


def test_the_spread_is_between_quartiles(clock: Callable[..., Clock]) -> None:
    """Warm after one call of 600 ms; then nine samples of one call each."""
    durations = [100, 100, 100, 110, 110, 110, 125, 125, 125]
    median, spread = rate(clock(600, *durations).call, lambda: None, 11)
    assert median == pytest.approx(100)
    assert spread == pytest.approx((110 - 88) / 100)


def test_a_sample_ends_when_the_device_is_done(clock: Callable[..., Clock]) -> None:
    """A call that returns at once and leaves 1 ms of work behind it."""
    device, queued = clock(0), [0]

    def enqueue() -> None:
        queued[0] += 1

    def wait() -> None:
        device.now += 1_000_000 * queued[0]
        queued[0] = 0

    assert rate(enqueue, wait, 5) == (5000, 0)


def test_this_machine_has_ceilings_and_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "LARGEST", 512)
    monkeypatch.setattr(measuring, "COPY_BYTES", 2**22)
    before = torch.get_num_threads(), torch.backends.cuda.matmul.allow_tf32
    measured = ceilings("cpu", threads=1)
    assert (torch.get_num_threads(), torch.backends.cuda.matmul.allow_tf32) == before
    assert decode(Ceilings, json.loads(json.dumps(encode(measured)))) == measured
    assert measured.precision == "fp32"
    device = device_from_ceilings(measured)
    assert device.peak("fp32") == measured.flop_per_s > 0
    assert device.bandwidth == measured.bytes_per_s > 0
    assert device.ridge("fp32") == measured.flop_per_s / measured.bytes_per_s


def test_the_ceilings_of_this_machine_are_those_of_the_roofline(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def measure(*arguments: object) -> Ceilings:
        asked.append(arguments)
        return Ceilings(
            device="cpu",
            title="AMD EPYC 9654",
            precision="fp32",
            flop_per_s=1e11,
            flop_spread=0.3,
            bytes_per_s=2e10,
            bytes_spread=0.01,
            source="a clock",
        )

    monkeypatch.setattr(measuring, "ceilings", measure)
    answer = api.roofline("resnet18", device="cpu", machine=True)
    facts = {fact.key: fact.value for fact in answer.facts}
    assert asked == [("cpu", None, None)]
    assert (facts["peak_flop_per_s"], facts["ridge_flop_per_byte"], facts["source"]) == (1e11, 5, "a clock")
    assert [(f.code, f.message) for f in answer.findings] == [("unsteady", "its measured ceilings vary by ±15.0%")]


def test_what_this_machine_has_not_is_refused() -> None:
    with pytest.raises(RequestError, match="tf32 does not exist on cpu"):
        ceilings("cpu", "tf32")
    with pytest.raises(RequestError, match="h200 is a data sheet, and nothing runs on it"):
        ceilings("h200")
    if not torch.cuda.is_available():
        with pytest.raises(MachineError, match="no CUDA device"):
            ceilings("cuda")


@pytest.mark.cuda
def test_a_gpu_is_not_faster_than_its_data_sheet() -> None:
    measured = ceilings("cuda")
    sheet = find_by_torch_name(measured.title)
    if sheet is None:
        pytest.skip(f"no data sheet of {measured.title}")
    assert 0.3 < measured.flop_per_s / sheet.peak(measured.precision) < 1.05
    assert 0.5 < measured.bytes_per_s / sheet.bandwidth < 1.05
