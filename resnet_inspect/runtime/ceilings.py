"""Measure this machine's ceilings: a matrix product for the arithmetic, a copy for the memory."""

import time
from collections.abc import Callable
from functools import partial
from math import ceil
from operator import itemgetter
from statistics import quantiles

import torch

from resnet_inspect.errors import MachineError, RequestError
from resnet_inspect.hardware import machine
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.runtime.environment import resolve
from resnet_inspect.units import percent

CLOCK = time.perf_counter_ns
REPEATS = 9
WARM_S, SAMPLE_S = 0.5, 0.05  # an idle GPU takes a while to reach its clock; a sample repeats shorter calls
LARGEST = 8192  # side of the matrices that a GPU multiplies
ENOUGH_S = 0.05  # on a CPU the matrices grow until a product takes this long
CHANNELS, SIDE = 256, 56  # of an image that stays in the cache
COPY_BYTES = 2**29  # several times the last cache of any GPU or CPU
DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def ceilings(device: str = "auto", precision: str | None = None, threads: int | None = None) -> Ceilings:
    """Measure what a device can do at a precision: by default bf16 or else fp16 on CUDA, fp32 elsewhere.

    The matrices are random, because zeros draw less power. The copy is between buffers several times as large as the
    last cache. On a CPU the faster of the product and a 5×5 convolution counts: they come from two libraries, and one
    may not use the processor's widest instructions. No Winograd algorithm shortens a 5×5 convolution. ``threads`` is
    the size of torch's thread pool on a CPU.

    Raises:
        RequestError: no such device or precision. MachineError: this machine lacks the device or the memory.
    """
    device = resolve(device)
    kind = device.partition(":")[0]
    precision = precision or _usual(device)
    if precision == "tf32" and (kind != "cuda" or torch.cuda.get_device_capability(device)[0] < 8):
        raise RequestError(f"--precision tf32 does not exist on {device}", hint="use --precision fp32")
    waits: dict[str, Callable[[], None]] = {
        "cuda": partial(torch.cuda.synchronize, device),
        "mps": torch.mps.synchronize,
    }
    wait = waits.get(kind, _nothing)
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        with torch.inference_mode():
            what, flop, flop_spread = _arithmetic(device, precision, wait)
            moved, moved_spread = _memory(device, wait)
    except torch.OutOfMemoryError:
        raise MachineError(f"{device} has no room for the matrices", hint="close other programs there") from None
    finally:
        torch.set_num_threads(before)
    return Ceilings(
        device=device,
        title=torch.cuda.get_device_name(device) if kind == "cuda" else machine.read().cpu_model,
        precision=precision,
        flop_per_s=flop,
        flop_spread=flop_spread,
        bytes_per_s=moved,
        bytes_spread=moved_spread,
        source=f"medians of {REPEATS}, ± half the distance between quartiles: a {precision} {what} on random data "
        f"(±{percent(flop_spread / 2)}), a copy of {COPY_BYTES >> 20} MiB (±{percent(moved_spread / 2)})",
    )


def _usual(device: str) -> str:
    if not device.startswith("cuda"):
        return "fp32"
    with torch.cuda.device(device):
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def _arithmetic(device: str, precision: str, wait: Callable[[], None]) -> tuple[str, float, float]:
    """The fastest operation, its FLOP/s and their spread."""
    allowed = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    try:
        size = LARGEST if device.startswith("cuda") else 256
        product = _product(size, device, precision)
        while size < LARGEST and min(_seconds(product, wait) for _ in range(3)) < ENOUGH_S:
            size *= 2
            product = _product(size, device, precision)
        rates = [(f"matrix product of {size}³", *rate(product, wait, 2 * size**3))]
        if device == "cpu":
            rates.append((f"5×5 convolution of {CHANNELS} channels", *_convolution(precision, wait)))
        return max(rates, key=itemgetter(1))
    finally:
        torch.backends.cuda.matmul.allow_tf32 = allowed


def _product(size: int, device: str, precision: str) -> Callable[[], object]:
    a, b = (torch.randn(size, size, device=device).to(DTYPES[precision]) for _ in range(2))
    return partial(torch.mm, a, b, out=torch.empty_like(a))


def _convolution(precision: str, wait: Callable[[], None]) -> tuple[float, float]:
    x = torch.randn(1, CHANNELS, SIDE, SIDE).to(DTYPES[precision])
    weight = torch.randn(CHANNELS, CHANNELS, 5, 5).to(DTYPES[precision])
    flop = 2 * weight.numel() * (SIDE - 4) ** 2
    return rate(partial(torch.nn.functional.conv2d, x, weight), wait, flop)


def _memory(device: str, wait: Callable[[], None]) -> tuple[float, float]:
    """The byte/s that a copy reads and writes, and their spread."""
    source = torch.randn(COPY_BYTES // 4, device=device)
    return rate(partial(torch.empty_like(source).copy_, source), wait, 2 * COPY_BYTES)


def rate(call: Callable[[], object], wait: Callable[[], None], work: int) -> tuple[float, float]:
    """Work per second: the median of the repeats, and the distance between their quartiles as a share of it."""
    warm, calls = 0.0, 1
    while warm < WARM_S:
        spent = _seconds(call, wait, calls)
        warm, calls = warm + spent, max(1, ceil(calls * SAMPLE_S / spent))
    rates = [calls * work / _seconds(call, wait, calls) for _ in range(REPEATS)]
    low, median, high = quantiles(rates, n=4)
    return median, (high - low) / median


def _seconds(call: Callable[[], object], wait: Callable[[], None], calls: int = 1) -> float:
    wait()
    start = CLOCK()
    for _ in range(calls):
        call()
    wait()
    return (CLOCK() - start) / 1e9


def _nothing() -> None:
    pass
