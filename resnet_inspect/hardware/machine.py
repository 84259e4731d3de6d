"""Describe the machine that measures, and grade how far its numbers can be trusted."""

import math
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from resnet_inspect.hardware.gpu import Gpu
from resnet_inspect.typed_json import OPTIONAL
from resnet_inspect.units import text

VARIABLES = re.compile(
    "(KMP|GOMP|OMP|MKL|MALLOC|PYTORCH|TORCHINDUCTOR|TORCHDYNAMO|TRITON|ONEDNN|DNNL|ATEN|CUDNN|CUBLAS)_.*"
    "|TORCH_(?!HOME).*|LD_PRELOAD|NVIDIA_TF32_OVERRIDE"
    "|CUDA_(LAUNCH_BLOCKING|VISIBLE_DEVICES|DEVICE_(ORDER|MAX_CONNECTIONS)|MODULE_LOADING|SCALE_LAUNCH_QUEUES)"
)
# Parts of the names of preloaded libraries that slow a process down or change its clock; allocators do neither.
INTRUSIVE = ("valgrind", "vgpreload", "heaptrack", "libasan", "libtsan", "libprofiler", "libfaketime", "injection")
HEAVY_SWAP = 0.1  # share of the memory
VECTORS = {"amx_tile": "AMX", "avx512f": "AVX-512", "avx2": "AVX2"}  # flag of /proc/cpuinfo -> name, the widest first

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as this process sees it; None is unknown. Every field is JSON, and none names the host.

    ``cpus`` counts the CPUs online, ``affinity`` those that this process may run on, ``cores`` their physical cores.
    ``quota_cpus`` is the tightest limit of the control groups, None if there is none. ``memory_bytes`` is the whole
    memory, ``swap_bytes`` the swap in use. ``governor`` and ``frequency_mhz`` are those of the first usable CPU.
    ``traced`` is whether a debugger is attached. ``vectors`` are the widest of ``VECTORS`` that it has.
    """

    os: str
    kernel: str
    python: str
    cpu_model: str
    cpus: int
    affinity: int
    cores: int | None
    quota_cpus: float | None
    memory_bytes: int | None
    swap_bytes: int | None
    load_1m: float | None
    governor: str | None
    frequency_mhz: float | None
    container: bool | None
    traced: bool | None
    variables: dict[str, str]
    vectors: str | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True, slots=True)
class Grade:
    """A: no objection; B: intervals may be wider; C: the numbers cannot be trusted. Reasons for C come first."""

    letter: Literal["A", "B", "C"]
    reasons: tuple[str, ...]


def read(root: str = "/", environ: Mapping[str, str] | None = None) -> Machine:
    """Read the machine from /proc and /sys below ``root``, and from ``platform`` and ``os`` where those are silent.

    A missing or malformed file makes a field unknown, never an error. ``environ`` defaults to os.environ.
    """
    base, environ = Path(root), os.environ if environ is None else environ
    proc, devices = base / "proc", base / "sys/devices/system/cpu"
    blocks = [_fields(block) for block in _content(proc / "cpuinfo").split("\n\n")]
    processors = {int(number): block for block in blocks if (number := _number(block.get("processor"))) is not None}
    status, memory = _fields(_content(proc / "self/status")), _fields(_content(proc / "meminfo"))
    online = _cpu_list(_content(devices / "online")) or set(processors) or set(range(os.cpu_count() or 1))
    allowed = _cpu_list(status.get("Cpus_allowed_list", "")) or _ask(lambda: os.sched_getaffinity(0)) or online
    # A virtual machine's mask also names CPUs that it does not have now but could get.
    affinity = allowed & online or online
    first = processors.get(min(affinity), blocks[0])
    scaling = devices / f"cpu{min(affinity)}/cpufreq"
    khz, tracer = _number(_content(scaling / "scaling_cur_freq")), _number(status.get("TracerPid"))
    total, swap, swap_free = (_number(memory.get(key)) for key in ("MemTotal", "SwapTotal", "SwapFree"))
    load = _number(_content(proc / "loadavg"))
    pages = _ask(lambda: os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return Machine(
        os=_content(proc / "sys/kernel/ostype").strip() or platform.system(),
        kernel=_content(proc / "sys/kernel/osrelease").strip() or platform.release(),
        python=platform.python_version(),
        cpu_model=_model(first),
        cpus=len(online),
        affinity=len(affinity),
        cores=_cores([block for cpu, block in processors.items() if cpu in affinity]),
        quota_cpus=min(_quotas(base), default=None),
        memory_bytes=pages if total is None else int(total) * 1024,
        swap_bytes=None if swap is None or swap_free is None else max(0, int(swap - swap_free)) * 1024,
        load_1m=_ask(lambda: os.getloadavg()[0]) if load is None else load,
        governor=_content(scaling / "scaling_governor").strip() or None,
        frequency_mhz=_number(first.get("cpu MHz")) if khz is None else khz / 1000,
        container=_container(base),
        traced=None if tracer is None else tracer > 0,
        variables={name: environ[name] for name in sorted(environ) if VARIABLES.fullmatch(name)},
        vectors=next((VECTORS[flag] for flag in VECTORS if flag in first.get("flags", "").split()), None),
    )


def usable_cpus(machine: Machine) -> int:
    """The default number of threads: one per physical core, within affinity and quota."""
    limits = [machine.affinity, machine.cores or machine.affinity]
    if machine.quota_cpus is not None:
        limits.append(math.ceil(machine.quota_cpus))
    return max(1, min(limits))


def grade(machine: Machine, gpu: Gpu | None = None) -> Grade:
    """How far a measurement on this machine can be trusted now; ``gpu`` is the device used, if it is one."""
    spoiling, widening = [*_spoiling(machine)], [*_widening(machine)]
    throttle = gpu.throttle if gpu else ()
    if gpu and throttle is None:
        widening.append(f"whether the GPU throttles is unknown: {gpu.reason or 'NVML does not tell'}")
    elif gpu and set(throttle or ()) - {"sync boost"}:
        units = ((gpu.temperature_c, "°C"), (gpu.power_w, "W"), (gpu.power_limit_w, "W limit"))
        numbers = [f"{value:.0f} {unit}" for value, unit in units if value is not None]
        spoiling.append(", ".join([f"GPU throttling for {' and '.join(throttle or ())}", *numbers]))
    elif throttle:
        widening.append("GPU clocks held to those of other GPUs by sync boost")
    if gpu and gpu.other_processes:
        widening.append(f"{gpu.other_processes} other process{'es' if gpu.other_processes > 1 else ''} on the GPU")
    return Grade("C" if spoiling else "B" if widening else "A", (*spoiling, *widening))


def _spoiling(machine: Machine) -> Iterator[str]:
    load, usable = machine.load_1m or 0.0, usable_cpus(machine)
    if load > usable:
        yield f"1-minute load {load:.1f} on {_cpus(usable)}"
    swap, memory = machine.swap_bytes or 0, machine.memory_bytes or math.inf
    if swap > HEAVY_SWAP * memory:
        yield f"{text(swap, 'bytes')} of swap in use with {text(int(memory), 'bytes')} of memory"
    blocking = machine.variables.get("CUDA_LAUNCH_BLOCKING", "")
    if blocking not in ("", "0"):
        yield f"CUDA waits for every kernel: CUDA_LAUNCH_BLOCKING={blocking}"
    for library in machine.variables.get("LD_PRELOAD", "").replace(":", " ").split():
        if any(part in library.lower() for part in INTRUSIVE):
            yield f"{library.rpartition('/')[2]} preloaded"
    if machine.traced:
        yield "a debugger attached"


def _widening(machine: Machine) -> Iterator[str]:
    load, usable = machine.load_1m or 0.0, usable_cpus(machine)
    if usable / 2 < load <= usable:
        yield f"1-minute load {load:.1f} on {_cpus(usable)}"
    if machine.governor not in (None, "performance"):
        yield f"governor {machine.governor}, not performance"
    if machine.quota_cpus is not None and machine.quota_cpus < machine.affinity:
        yield f"quota of {_cpus(machine.quota_cpus)} where affinity allows {machine.affinity}"


def _cpus(count: float) -> str:
    return f"{count:.3g} CPU{'' if count == 1 else 's'}"


def _model(cpu: Mapping[str, str]) -> str:
    # On ARM Linux gives no model name, but the part number distinguishes servers.
    part = f"{platform.machine()} {cpu.get('CPU implementer')} {cpu['CPU part']}" if "CPU part" in cpu else ""
    return cpu.get("model name") or part or platform.processor() or platform.machine()


def _cores(processors: list[dict[str, str]]) -> int | None:
    if not processors or any(key not in processors[0] for key in ("siblings", "cpu cores")):
        return None
    # Some virtual machines number every core 0 of package 0, and give each one thread.
    if processors[0]["siblings"] == processors[0]["cpu cores"]:
        return len(processors)
    return len({(block.get("physical id"), block.get("core id")) for block in processors})


def _quotas(base: Path) -> Iterator[float]:
    """The CPUs that each control group of the process allows, in versions 2 and 1, from the root down.

    In a container the mount is the container's own group, while the path may be the host's: missing groups are skipped.
    """
    for line in (_content(base / "proc/self/cgroup") or "0::/\n1:cpu:/").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = base / "sys/fs/cgroup" / ("cpu" if controllers else "")
        for part in ("", *(part for part in path.split("/") if part not in ("", "..", "."))):
            group /= part
            v1 = f"{_content(group / 'cpu.cfs_quota_us')} {_content(group / 'cpu.cfs_period_us')}"
            match = re.fullmatch(r"\s*(\d{1,18})\s+(\d{1,18})\s*", _content(group / "cpu.max") or v1)
            if match and int(match[2]):
                yield int(match[1]) / int(match[2])


def _container(base: Path) -> bool | None:
    if not os.path.isdir(base / "proc"):
        return None
    marks = any(os.path.exists(base / mark) for mark in (".dockerenv", "run/.containerenv"))
    return marks or re.search("docker|kubepods|containerd|lxc", _content(base / "proc/1/cgroup")) is not None


def _ask(question: Callable[[], T]) -> T | None:
    """The answer of ``os``; None on a system without the function or the answer."""
    try:
        return question()
    except (AttributeError, OSError, ValueError):
        return None


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):  # ValueError: a null byte in the path of a control group
        return ""


def _fields(lines: str) -> dict[str, str]:
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines.splitlines())}


def _number(words: str | None) -> float | None:
    """The number at the start of ``words``: ``16384 kB``, ``0.87 1.37 1.67 3/91``."""
    match = re.match(r"\s*-?\d{1,18}(\.\d{1,18})?", words or "")
    return float(match[0]) if match else None


def _cpu_list(ranges: str) -> set[int]:
    """The CPUs in a list of the kernel's format: ``0-3,8``."""
    parts = re.findall(r"(\d{1,5})(?:-(\d{1,5}))?", ranges)
    return {cpu for low, high in parts for cpu in range(int(low), int(high or low) + 1)}
