"""What the CUDA device is, as torch tells it, and how it is doing, as NVML does; no clock is ever changed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import torch

NO_DEVICE = "torch sees no such CUDA device"
# From nvml.h, so that an NVML handed in need not repeat them. Idle and chosen clocks are no throttling.
SM, DIE = 1, 0
THROTTLE = {0x04: "power cap", 0x20 | 0x40: "thermal", 0x08 | 0x80: "hardware slowdown", 0x10: "sync boost"}

Question = Callable[[Any, Any], object]


def describe(index: int = 0, nvml: object | None = None) -> dict[str, object]:
    """Device ``index`` as torch counts: what stays (``name``, ``capability``, ``memory_bytes``, ``multiprocessors``,
    ``cuda``, ``cudnn``, ``driver``, ``sm_max_mhz``, ``power_limit_w``), ``other_processes`` (how many compute on it),
    and all that ``clocks`` says. What is unknown is None, and ``reason`` says why; every value is JSON.

    Initialises torch's CUDA in this process. In a container NVML may know this process by another number, and counts it
    as another one from its first kernel on: describe before that.
    """
    properties = _properties(index)
    cudnn: Any = torch.backends.cudnn  # whose functions have no types
    known: dict[str, object] = {
        "name": properties.name if properties else None,
        "capability": f"{properties.major}.{properties.minor}" if properties else None,
        "memory_bytes": properties.total_memory if properties else None,
        "multiprocessors": properties.multi_processor_count if properties else None,
        "cuda": torch.version.cuda,
        "cudnn": cudnn.version() if properties else None,
    }
    asked = _ask(nvml, index, properties, STANDING | NOW)
    return known | asked | {"reason": asked["reason"] or (None if properties else NO_DEVICE)}


def clocks(index: int = 0, nvml: object | None = None) -> dict[str, object]:
    """A snapshot to take before and after measuring: ``sm_mhz``, ``temperature_c``, ``power_w``, ``throttle`` (words)
    and ``energy_j``, the joules since the driver was loaded: the difference of two is what went in between.

    What is unknown is None, and ``reason`` says why.
    """
    return _ask(nvml, index, _properties(index), NOW)


def _properties(index: int) -> Any:
    return torch.cuda.get_device_properties(index) if 0 <= index < torch.cuda.device_count() else None


def _ask(nvml: Any, index: int, properties: Any, questions: dict[str, Question]) -> dict[str, object]:
    """The answers of NVML, or of ``nvml`` in its place, and the ``reason`` where one is missing."""
    answers: dict[str, object] = dict.fromkeys(questions)
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


def _throttle(nvml: Any, device: Any) -> list[str]:
    renamed = "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"
    bits = _either(nvml, device, *renamed)
    return [word for mask, word in THROTTLE.items() if bits & mask]


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
