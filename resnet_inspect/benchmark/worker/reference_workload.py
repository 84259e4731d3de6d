"""One and the same work, timed beside every round on a CPU: where it takes longer, the machine has become slower.

A CPU that is shared, or hot, keeps its pace for seconds, not for minutes: on two CPUs of one host the medians of a
network over 10 s, taken within 8 minutes, lay up to 12 % apart on one thread and 23 % on two. Pieces like these were
chosen on those recordings, among fourteen sets. Of the pairs of medians, all of unchanged code, 23 to 40 % differed by
over 5 % on one thread and 25 to 59 % on two; where the ratio to the pieces had to differ as well, 0 to 2 % and 3 to 6 %
were left, of resnet50 on two threads 39 %. Of planted slow-downs by 10 % none was missed for it on one thread, and a
tenth to a quarter of those found on two.
"""

import time
from collections.abc import Callable
from functools import cache
from math import prod
from statistics import median

import torch
from torch.nn import functional as F

from resnet_inspect.benchmark.worker import sampling

PIECE_S = 0.05
AT_LEAST = 3  # calls of a piece
PRODUCTS = 50  # each of some 40 µs


@torch.inference_mode()
def milliseconds() -> list[float]:
    """The median of each piece: a convolution of large maps, one of large weights, products that stay in the cache."""
    taken = []
    for piece in _pieces():
        piece()  # fetches what the network evicted
        taken.append(median(sampling.sample(piece, time.perf_counter_ns, PIECE_S, AT_LEAST)))
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
