"""What a CUDA device is said to be, from a torch and an NVML made up here; and of a real one, where there is one."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
import torch

from resnet_inspect.hardware.gpu import Gpu, GpuState
from resnet_inspect.hardware.machine import grade, read
from resnet_inspect.runtime import gpu
from resnet_inspect.typed_json import decode, encode

UUID = "2ad7c3f0-0000-1111-2222-333344445555"
STATE = GpuState(sm_mhz=1980, temperature_c=41, power_w=123.456, energy_j=9876.543, throttle=(), reason=None)
SILENT = GpuState(sm_mhz=None, temperature_c=None, power_w=None, energy_j=None, throttle=None, reason=None)
H200 = Gpu(
    **asdict(STATE),
    name="NVIDIA H200",
    capability="9.0",
    memory_bytes=150_000_000_000,
    multiprocessors=132,
    cuda="13.0",
    cudnn=91_002,
    driver="570.86.15",
    sm_max_mhz=1985,
    power_limit_w=700.0,
    other_processes=0,
)


class NVMLError(Exception):
    """As pynvml's: derived from Exception itself."""


class Nvml(SimpleNamespace):
    """pynvml on a machine of two GPUs, the second of which is UUID's; ``without`` names the functions it lacks."""

    def __init__(self, bits: int = 0x1, pids: tuple[int, ...] = (), without: tuple[str, ...] = ()) -> None:
        self.open, self.asked = 0, []
        processes = [SimpleNamespace(pid=pid, usedGpuMemory=None) for pid in pids]
        functions = {
            "nvmlInit": lambda: self.turn(1),
            "nvmlShutdown": lambda: self.turn(-1),
            "nvmlSystemGetDriverVersion": lambda: "570.86.15",
            "nvmlDeviceGetHandleByIndex": self.find,
            "nvmlDeviceGetHandleByUUID": self.find,
            "nvmlDeviceGetClockInfo": lambda device, kind: {1: 1980}[kind],
            "nvmlDeviceGetMaxClockInfo": lambda device, kind: {1: 1985}[kind],
            "nvmlDeviceGetTemperature": lambda device, sensor: {0: 41}[sensor],
            "nvmlDeviceGetPowerUsage": lambda device: 123_456,
            "nvmlDeviceGetEnforcedPowerLimit": lambda device: 700_000,
            "nvmlDeviceGetTotalEnergyConsumption": lambda device: 9_876_543,
            "nvmlDeviceGetCurrentClocksEventReasons": lambda device: bits,
            "nvmlDeviceGetCurrentClocksThrottleReasons": lambda device: bits,
            "nvmlDeviceGetComputeRunningProcesses_v3": lambda device: processes,
            "nvmlDeviceGetComputeRunningProcesses": lambda device: processes,
        }
        super().__init__(**{name: function for name, function in functions.items() if name not in without})

    prefix = "GPU"

    def turn(self, step: int) -> None:
        self.open += step

    def find(self, which: int | str) -> str:
        self.asked.append(which)
        if which not in (0, 1, f"{self.prefix}-{UUID}"):
            raise NVMLError("Not Found")
        return f"device {which}"


@pytest.fixture
def _no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


@pytest.fixture
def h200(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """torch sees one device, the machine's second."""
    properties = SimpleNamespace(
        name="NVIDIA H200", major=9, minor=0, total_memory=150_000_000_000, multi_processor_count=132, uuid=UUID
    )
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91_002)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    return properties


@pytest.mark.usefixtures("h200")
def test_a_device_is_described_by_torch_and_nvml_together() -> None:
    assert gpu.describe(0, Nvml()) == H200
    assert decode(Gpu, json.loads(json.dumps(encode(H200)))) == H200


@pytest.mark.usefixtures("h200")
def test_a_snapshot_is_what_changes() -> None:
    assert gpu.read_state(0, Nvml()) == STATE


@pytest.mark.usefixtures("h200")
@pytest.mark.parametrize("ask", [gpu.describe, gpu.read_state])
def test_torchs_device_0_is_found_by_its_uuid(ask: Callable[..., object]) -> None:
    nvml = Nvml()
    ask(0, nvml)
    assert nvml.asked == [f"GPU-{UUID}"]


def test_a_device_without_a_uuid_is_found_by_its_number(h200: SimpleNamespace) -> None:
    del h200.uuid
    nvml = Nvml()
    assert gpu.read_state(0, nvml).sm_mhz == 1980
    assert nvml.asked == [0]


def test_a_device_that_nvml_does_not_find_is_never_taken_for_another(h200: SimpleNamespace) -> None:
    h200.uuid = "a-slice-of-a-gpu"
    answer = gpu.describe(0, Nvml())
    assert answer.name == "NVIDIA H200"
    assert answer.sm_mhz is None
    assert answer.reason == "Not Found"


@pytest.mark.usefixtures("_no_device")
def test_an_nvml_handed_in_answers_where_torch_sees_no_device() -> None:
    nvml = Nvml()
    answer = gpu.describe(1, nvml)
    assert nvml.asked == [1]
    assert (answer.name, answer.sm_mhz, answer.reason) == (None, 1980, "torch sees no such CUDA device")


@pytest.mark.usefixtures("_no_device")
def test_without_a_device_all_is_unknown_and_nvml_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = Nvml()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    for answer in (gpu.describe(), gpu.read_state()):
        assert answer.reason == "torch sees no such CUDA device"
        assert {name for name, value in asdict(answer).items() if value is not None} <= {"cuda", "reason"}
    assert nvml.asked == []


@pytest.mark.usefixtures("h200")
def test_without_pynvml_torch_still_describes_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    answer = gpu.describe()
    assert (answer.name, answer.capability, answer.driver) == ("NVIDIA H200", "9.0", None)
    assert answer.reason == "pynvml is not installed"
    assert gpu.read_state() == replace(SILENT, reason="pynvml is not installed")


@pytest.mark.usefixtures("h200")
def test_an_installed_pynvml_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Nvml())
    assert gpu.read_state() == STATE


@pytest.mark.usefixtures("h200")
def test_a_driver_that_does_not_answer_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = Nvml()

    def fail() -> None:
        raise NVMLError("Driver Not Loaded")

    monkeypatch.setattr(nvml, "nvmlInit", fail)
    assert gpu.read_state(0, nvml) == replace(SILENT, reason="Driver Not Loaded")


@pytest.mark.usefixtures("h200")
def test_one_missing_sensor_leaves_the_others() -> None:
    nvml = Nvml(without=("nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetTemperature"))
    reason = "NVML does not tell temperature_c, energy_j"
    assert gpu.read_state(0, nvml) == replace(STATE, temperature_c=None, energy_j=None, reason=reason)


@pytest.mark.usefixtures("h200")
@pytest.mark.parametrize(
    "without",
    [
        ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetComputeRunningProcesses_v3"),
        ("nvmlDeviceGetCurrentClocksThrottleReasons", "nvmlDeviceGetComputeRunningProcesses"),
    ],
)
def test_either_name_of_a_function_will_do(without: tuple[str, ...]) -> None:
    answer = gpu.describe(0, Nvml(bits=0x4, pids=(os.getpid() + 1,), without=without))
    assert (answer.throttle, answer.other_processes, answer.reason) == (("power cap",), 1, None)


@pytest.mark.usefixtures("h200")
@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0x000, ()),
        (0x001 | 0x002 | 0x100, ()),  # idle, application clocks, display clocks
        (0x004, ("power cap",)),
        (0x020, ("thermal",)),
        (0x040, ("thermal",)),
        (0x008, ("hardware slowdown",)),
        (0x080, ("hardware slowdown",)),
        (0x010, ("sync boost",)),
        (0x1FF, ("power cap", "thermal", "hardware slowdown", "sync boost")),
    ],
)
def test_throttle_reasons_are_words(bits: int, words: tuple[str, ...]) -> None:
    assert gpu.read_state(0, Nvml(bits)).throttle == words


@pytest.mark.usefixtures("h200")
def test_this_process_is_not_another_one() -> None:
    mine = os.getpid()
    assert gpu.describe(0, Nvml(pids=(mine,))).other_processes == 0
    assert gpu.describe(0, Nvml(pids=(mine, mine + 1, mine + 1, mine + 2))).other_processes == 2


@pytest.mark.usefixtures("h200")
@pytest.mark.parametrize("without", [(), ("nvmlDeviceGetHandleByUUID",), ("nvmlDeviceGetClockInfo",)])
def test_nvml_is_closed_as_often_as_it_is_opened(without: tuple[str, ...]) -> None:
    nvml = Nvml(without=without)
    gpu.describe(0, nvml)
    gpu.read_state(0, nvml)
    assert nvml.open == 0


@pytest.mark.usefixtures("h200")
def test_a_throttled_gpu_is_graded_by_what_is_said_of_it() -> None:
    found = grade(read(), gpu.describe(0, Nvml(bits=0x4, pids=(os.getpid() + 1,))))
    assert found.letter == "C"
    assert {
        "GPU throttling for power cap, 41 °C, 123 W, 700 W limit",
        "1 other process on the GPU",
    } <= set(found.reasons)


def test_a_number_that_torch_does_not_know_is_no_device() -> None:
    for index in (-1, torch.cuda.device_count()):
        assert gpu.describe(index).name is None


@pytest.mark.cuda
def test_a_real_device_is_described() -> None:
    answer = gpu.describe()
    assert answer.name == torch.cuda.get_device_name(0)
    assert decode(Gpu, json.loads(json.dumps(encode(answer)))) == answer
    known = all(value is not None for name, value in asdict(answer).items() if name != "reason")
    assert (answer.reason is None) is known


@pytest.mark.usefixtures("h200")
def test_a_slice_of_a_device_is_found_by_its_own_name() -> None:
    nvml = Nvml()
    nvml.prefix = "MIG"
    assert gpu.read_state(0, nvml).sm_mhz == 1980
    assert nvml.asked[-1] == f"MIG-{UUID}"
