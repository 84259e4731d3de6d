"""The table of devices: what a reader may count on in every row, and how one is found."""

import re
from dataclasses import replace
from typing import Any

import pytest
import raw_results

import resnet_inspect as ri
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.devices import DEVICES, Device, find_by_torch_name, find_device
from resnet_inspect.hardware.fastest_cpu import most_flop_per_s


def test_every_name_is_of_one_device_and_so_is_every_gpu() -> None:
    assert len({device.name for device in DEVICES}) == len(DEVICES)
    gpus = [gpu for device in DEVICES if device.name != "h200-measured" for gpu in device.known_as]
    assert len(set(gpus)) == len(gpus)
    sheet = find_by_torch_name("NVIDIA H200")
    assert sheet is not None
    assert sheet.name == "h200", "a data sheet comes before what was measured of one"


@pytest.mark.parametrize("device", DEVICES, ids=lambda d: d.name)
def test_a_lower_precision_is_never_slower_and_every_row_has_a_source(device: Device) -> None:
    known = [device.peaks[p] for p in ("fp32", "tf32", "bf16") if p in device.peaks]
    assert known == sorted(known)
    assert device.peaks.get("bf16", 0) <= device.peaks.get("fp16", float("inf"))
    assert device.source
    assert 5e10 < device.bandwidth < 1e13, "as a number of GB/s would not be"
    assert all(5e11 < peak < 1e16 for peak in device.peaks.values()), "nor one of TFLOP/s"


@pytest.mark.parametrize("device", DEVICES, ids=lambda d: d.name)
def test_a_title_and_the_memory_agree(device: Device) -> None:
    """A V100 has 16 or 32 GB, and its title names neither."""
    named = re.search(r"(\d+) GB", device.title)
    if device.name == "h200-measured":
        assert device.memory_bytes == find_device("h200").memory_bytes
    else:
        assert device.memory_bytes == (int(named[1]) * 1e9 if named else None)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"device": "t4", "batch_size": 8}, "fits NVIDIA T4 16 GB; "),
        ({"device": "t4", "batch_size": 512, "task": "train"}, "does not fit NVIDIA T4 16 GB: "),
        ({"device": "v100"}, "NVIDIA V100 SXM2 exists with more than one size of memory: "),
    ],
)
def test_memory_says_whether_it_fits_a_device(options: dict[str, Any], told: str) -> None:
    answer = ri.memory("resnet50", **options)
    assert any(note.startswith(told) for note in answer.notes)
    facts = {fact.key: fact.value for fact in answer.facts}
    if "device_memory_bytes" in facts:
        assert facts["device_memory_share"] == facts["peak_bytes"] / 16e9
        assert (facts["device_memory_share"] > 1) is told.startswith("does not")


@pytest.mark.parametrize(
    ("name", "cores", "clock_mhz", "fp32", "tensor"),
    [
        # Boost clock × cores × 2 FLOP; a tensor core of that generation does so many FLOP a clock and SM at fp16.
        ("v100", 5120, 1530, 15.7, 80 * 1024),
        ("t4", 2560, 1590, 8.1, 40 * 1024),
        ("a100", 6912, 1410, 19.5, 108 * 2048),
        ("a10", 9216, 1695, 31.2, 72 * 1024),
        ("rtx3090", 10496, 1695, 35.6, 82 * 512),
        ("rtx4090", 16384, 2520, 82.6, 128 * 512),
        ("rtx5090", 21760, 2407, 104.8, 170 * 512),
        ("l40s", 18176, 2520, 91.6, 142 * 1024),
        ("l4", 7424, 2040, 30.3, 58 * 1024),
        ("agx-orin", 2048, 1300, 5.3, 16 * 2048),
        ("orin-nx", 1024, 918, 1.88, 8 * 2048),
        ("orin-nano", 1024, 625, 1.28, 8 * 2048),
        ("orin-nano-super", 1024, 1020, 2.09, 8 * 2048),
        ("agx-xavier", 512, 1377, 1.41, 64 * 128),
        ("xavier-nx", 384, 1100, 0.845, 48 * 128),
        ("mi300x", 304 * 128, 2100, 163.4, 304 * 2048),
        ("h100", 16896, 1980, 66.9, None),
        ("h100-pcie", 14592, 1755, 51.2, None),
    ],
)
def test_a_peak_is_what_cores_and_clock_give(
    name: str, cores: int, clock_mhz: int, fp32: float, tensor: int | None
) -> None:
    """From the architecture white papers: units and boost clocks are printed beside the peaks that follow from them.

    Hopper's tensor cores have a boost clock of their own (1830 and 1620 MHz).
    """
    device = find_device(name)
    assert device.peaks["fp32"] == fp32 * 1e12
    assert cores * clock_mhz * 1e6 * 2 == pytest.approx(device.peaks["fp32"], rel=0.01)
    if tensor is not None:
        assert tensor * clock_mhz * 1e6 == pytest.approx(device.peaks["fp16"], rel=0.015)


@pytest.mark.parametrize(
    ("name", "sparse_int8_tops"), [("agx-orin", 170), ("orin-nx", 60), ("orin-nano", 40), ("orin-nano-super", 67)]
)
def test_an_orin_multiplies_at_a_quarter_of_the_sparse_int8_rate_that_its_sheet_prints(
    name: str, sparse_int8_tops: int
) -> None:
    assert find_device(name).peaks["fp16"] * 4 / 1e12 == pytest.approx(sparse_int8_tops, rel=0.03)


def test_hopper_multiplies_at_the_clock_of_its_tensor_cores() -> None:
    for name, multiprocessors, clock_mhz in (("h100", 132, 1830), ("h100-pcie", 114, 1620)):
        assert find_device(name).peaks["bf16"] == pytest.approx(multiprocessors * 4096 * clock_mhz * 1e6, rel=1e-3)
    assert find_device("h200").peaks == find_device("h100").peaks


@pytest.mark.parametrize(
    ("name", "bits", "gbit_per_pin"),
    [("l4", 192, 12.5), ("l40s", 384, 18), ("rtx3090", 384, 19.5), ("rtx4090", 384, 21), ("rtx5090", 512, 28),
     ("a10", 384, 12.5), ("t4", 256, 10), ("agx-orin", 256, 6.4), ("orin-nx", 128, 6.4),
     ("orin-nano", 128, 4.25), ("agx-xavier", 256, 4.266), ("xavier-nx", 128, 3.732), ("mi300x", 8192, 5.2)],
)  # fmt: skip
def test_a_bandwidth_is_what_bus_and_memory_give(name: str, bits: int, gbit_per_pin: float) -> None:
    assert bits * gbit_per_pin * 1e9 / 8 == pytest.approx(find_device(name).bandwidth, rel=1e-3)


def test_a_device_is_found_by_its_name_and_by_what_torch_calls_it() -> None:
    assert find_device("H200") is find_device("h200") is find_by_torch_name("NVIDIA H200")
    assert find_by_torch_name("NVIDIA H200 NVL") is None


def test_the_precision_that_is_assumed_is_the_lowest_that_keeps_the_range() -> None:
    assert [find_device(name).precision for name in ("h200", "t4", "agx-orin")] == ["bf16", "fp16", "fp16"]


def test_what_no_sheet_gives_is_refused_not_guessed() -> None:
    with pytest.raises(RequestError, match="t4: no bf16 peak is known") as caught:
        find_device("t4").peak("bf16")
    assert caught.value.hint == "--precision fp32 or fp16"
    with pytest.raises(RequestError, match="no data sheet gives the peaks of 'cpu'"):
        find_device("cpu")


@pytest.mark.parametrize(
    ("name", "fp32", "bf16", "bandwidth"),
    [
        ("xeon-8480", 13.6192, 217.9072, 307.2),
        ("xeon-8380", 8.704, None, 204.8),
        ("epyc-9654", 11.3664, 22.7328, 460.8),
        ("epyc-7763", 7.168, None, 204.8),
        ("ryzen-7950x", 2.9184, 5.8368, 83.2),
    ],
)
def test_a_cpu_has_the_peak_of_its_vector_units_and_the_bandwidth_of_its_channels(
    name: str, fp32: float, bf16: float | None, bandwidth: float
) -> None:
    """AMD prints 460.8 GB/s of an EPYC 9654 and 204.8 of a 7763, Intel 307.2 and 204.8 of its Xeons."""
    device = find_device(name)
    assert device.peaks["fp32"] == pytest.approx(fp32 * 1e12)
    assert device.peaks.get("bf16") == (bf16 and pytest.approx(bf16 * 1e12))
    assert device.bandwidth == pytest.approx(bandwidth * 1e9)
    machine = replace(raw_results.MACHINE, vectors="AMX")
    assert device.peaks["fp32"] < most_flop_per_s(machine, "fp32", 96), "below what no CPU reaches"
