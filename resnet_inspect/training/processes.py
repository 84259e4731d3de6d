"""The processes that train one net together: which of them this is, and which images each takes."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from resnet_inspect.errors import RequestError

T = TypeVar("T")
START = "start it as torchrun --standalone --nproc-per-node 2 -m resnet_inspect train …"


@dataclass(frozen=True, slots=True)
class Place:
    """This process among all: its rank of ``size``, and its rank of ``local_size`` on this machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    def share(self, images: Sequence[T]) -> Sequence[T]:
        """The images of a step, or of a test, that this process takes: no other takes them."""
        return images[self.rank :: self.size]


def read_place(environ: Mapping[str, str] = os.environ) -> Place:
    """The place that torchrun names in the environment; alone without it.

    Raises:
        RequestError: a launcher set a part of it only.
    """
    if environ.get("WORLD_SIZE", "1") == "1":
        return Place()
    names = "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"
    for name in (*names, "MASTER_PORT"):
        if not environ.get(name, "").isdecimal():
            raise RequestError(f"WORLD_SIZE is set, {name} is no number", hint=START)
    return Place(*(int(environ[name]) for name in names))


def steps_of(images: int, batch_size: int, size: int) -> int:
    """Steps of an epoch: the last one may be smaller, but has an image for every process."""
    whole, rest = divmod(images, batch_size * size)
    return whole + (rest >= size)


def images_of(step: int, images: int, batch_size: int, size: int) -> int:
    """Images of a step, counted from 0, over all processes."""
    return min(batch_size * size, images - step * batch_size * size)


def left_out(images: int, batch_size: int, size: int) -> int:
    """Images of an epoch that are fewer than the processes, and so in no step."""
    rest = images % (batch_size * size)
    return rest if rest < size else 0
