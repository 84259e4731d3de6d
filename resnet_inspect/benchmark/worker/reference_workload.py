"""The reference workload: the same three pieces of work before each round on a CPU, which show its change of pace.

A shared or hot CPU keeps its pace for seconds, not for minutes. Fourteen sets of pieces were tried on recordings of
unchanged networks on two CPUs of one host, where medians of 10 s taken within 8 minutes lay up to 12 % apart on one
thread and 23 % on two. Among pairs of those medians, 23 to 40 % differed by over 5 % on one thread, 25 to 59 % on two.
When the ratio to these pieces had to differ too, 0 to 2 % and 3 to 6 % were left (39 % of resnet50 on two threads).
For this, no planted slow-down of 10 % was missed on one thread, and a tenth to a quarter of them on two.
"""

import time
from collections.abc import Callable
from functools import cache
from math import prod
from statistics import median

import torch
from torch.nn import functional as F

from resnet_inspect.benchmark.worker import timing

PIECE_S = 0.05
AT_LEAST = 3  # calls of a piece
PRODUCTS = 50  # some 40 µs each


@torch.inference_mode()
def milliseconds() -> list[float]:
    """The median of each piece: a convolution on large maps, one with large weights, products inside the cache."""
    taken = []
    for piece in _pieces():
        piece()  # fetches what the network evicted
        taken.append(median(timing.sample(piece, time.perf_counter_ns, PIECE_S, AT_LEAST)))
    return taken


@cache
def _pieces() -> tuple[Callable[[], object], ...]:
    random = torch.Generator().manual_seed(0)  # of its own: the network's draws stay what its seed gives

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=random).div_(prod(shape[1:]) ** 0.5)

    def convolution(channels: int, extent: int) -> Callable[[], object]:
        x, weight = normal(1, channels, extent, extent), normal(channels, channels, 3, 3)
        return lambda: F.relu(F.conv2d(x, weight, padding=1))

    a, b, out = normal(128, 128), normal(128, 128), torch.empty(128, 128)

    def products() -> None:
        for _ in range(PRODUCTS):
            torch.mm(a, b, out=out)

    return convolution(64, 56), convolution(512, 7), products
