"""What the CUDA device is, as torch tells it, and how it is doing, as NVML does; no clock is ever changed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import torch

from resnet_inspect.hardware.gpu import Gpu, GpuState

NO_DEVICE = "torch sees no such CUDA device"
# From nvml.h, so that an NVML handed in need not repeat them. Idle and chosen clocks are no throttling.
SM, DIE = 1, 0
THROTTLE = {0x04: "power cap", 0x20 | 0x40: "thermal", 0x08 | 0x80: "hardware slowdown", 0x10: "sync boost"}

Question = Callable[[Any, Any], object]


def describe(index: int = 0, nvml: object | None = None) -> Gpu:
    """Device ``index`` as torch counts them, and its state.

    Initialises torch's CUDA in this process. In a container NVML may know this process by another number, and counts it
    among ``other_processes`` once it has run a kernel: describe the device before that.
    """
    properties = _properties(index)
    cudnn: Any = torch.backends.cudnn  # whose functions have no types
    answers = _ask(nvml, index, properties, STANDING | NOW)
    answers["reason"] = answers["reason"] or (None if properties else NO_DEVICE)
    return Gpu(
        name=properties.name if properties else None,
        capability=f"{properties.major}.{properties.minor}" if properties else None,
        memory_bytes=properties.total_memory if properties else None,
        multiprocessors=properties.multi_processor_count if properties else None,
        cuda=torch.version.cuda,
        cudnn=cudnn.version() if properties else None,
        **answers,
    )


def read_state(index: int = 0, nvml: object | None = None) -> GpuState:
    """A snapshot of the device. The difference of two ``energy_j`` is what went in between them."""
    return GpuState(**_ask(nvml, index, _properties(index), NOW))


def _properties(index: int) -> Any:
    return torch.cuda.get_device_properties(index) if 0 <= index < torch.cuda.device_count() else None


def _ask(nvml: Any, index: int, properties: Any, questions: dict[str, Question]) -> dict[str, Any]:
    """The answers of NVML, or of ``nvml`` in its place, and the ``reason`` where one is missing."""
    answers: dict[str, Any] = dict.fromkeys(questions)
    # NVMLError is a plain Exception of a module that may be absent; no measurement should fall with its thermometer.
    try:
        with _session(nvml, properties) as library:
            device = _device(library, index, properties)
            for key, question in questions.items():
                with suppress(Exception):
                    answers[key] = question(library, device)
    except Exception as error:
        return answers | {"reason": str(error) or type(error).__name__}
    silent = ", ".join(key for key, answer in answers.items() if answer is None)
    return answers | {"reason": f"NVML does not tell {silent}" if silent else None}


@contextmanager
def _session(nvml: Any, properties: Any) -> Iterator[Any]:
    if nvml is None and properties is None:
        raise LookupError(NO_DEVICE)
    if nvml is None:
        try:
            nvml = import_module("pynvml")
        except ImportError:
            raise LookupError("pynvml is not installed") from None
    nvml.nvmlInit()
    try:
        yield nvml
    finally:
        nvml.nvmlShutdown()


def _device(nvml: Any, index: int, properties: Any) -> object:
    # torch counts what CUDA_VISIBLE_DEVICES shows, the fastest first; NVML counts all, by bus.
    uuid = getattr(properties, "uuid", None)
    if uuid is None:
        return nvml.nvmlDeviceGetHandleByIndex(index)
    with suppress(Exception):
        return nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    return nvml.nvmlDeviceGetHandleByUUID(f"MIG-{uuid}")  # a slice of one


def _either(nvml: Any, device: Any, newer: str, older: str) -> Any:
    # The newer name may be missing in the module, or in the driver behind it.
    with suppress(Exception):
        return getattr(nvml, newer)(device)
    return getattr(nvml, older)(device)


def _throttle(nvml: Any, device: Any) -> tuple[str, ...]:
    renamed = "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"
    bits = _either(nvml, device, *renamed)
    return tuple(word for mask, word in THROTTLE.items() if bits & mask)


def _other_processes(nvml: Any, device: Any) -> int:
    renamed = "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses"
    return len({process.pid for process in _either(nvml, device, *renamed)} - {os.getpid()})


STANDING: dict[str, Question] = {
    "driver": lambda nvml, device: nvml.nvmlSystemGetDriverVersion(),
    "sm_max_mhz": lambda nvml, device: nvml.nvmlDeviceGetMaxClockInfo(device, SM),
    "power_limit_w": lambda nvml, device: nvml.nvmlDeviceGetEnforcedPowerLimit(device) / 1000,
    "other_processes": _other_processes,
}
NOW: dict[str, Question] = {
    "sm_mhz": lambda nvml, device: nvml.nvmlDeviceGetClockInfo(device, SM),
    "temperature_c": lambda nvml, device: nvml.nvmlDeviceGetTemperature(device, DIE),
    "power_w": lambda nvml, device: nvml.nvmlDeviceGetPowerUsage(device) / 1000,
    "energy_j": lambda nvml, device: nvml.nvmlDeviceGetTotalEnergyConsumption(device) / 1000,
    "throttle": _throttle,
}
