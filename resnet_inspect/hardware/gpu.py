"""What a CUDA device is and how it is doing, as torch and NVML tell it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuState:
    """A snapshot of clock, temperature and power.

    ``throttle`` names why the GPU holds its clock down. ``energy_j`` are the joules since the driver was loaded. What
    is unknown is None, and ``reason`` says why.
    """

    sm_mhz: int | None
    temperature_c: int | None
    power_w: float | None
    energy_j: float | None
    throttle: tuple[str, ...] | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu(GpuState):
    """The device itself, and its state before anything ran.

    ``capability`` is CUDA's, as ``9.0``; ``other_processes`` counts those that compute on it.
    """

    name: str | None
    capability: str | None
    memory_bytes: int | None
    multiprocessors: int | None
    cuda: str | None
    cudnn: int | None
    driver: str | None
    sm_max_mhz: int | None
    power_limit_w: float | None
    other_processes: int | None


@dataclass(frozen=True, slots=True)
class Probe:
    """What torch says before any long work: the device, its usual precision, package versions, and the GPU."""

    device: str
    precision: str
    versions: dict[str, str]
    gpu: Gpu | None
