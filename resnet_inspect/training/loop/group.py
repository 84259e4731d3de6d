"""What the processes of a run tell each other, by torch.distributed; a process alone tells nobody."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import count
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn

from resnet_inspect.errors import InspectError, MachineError, PeerError, RequestError
from resnet_inspect.runtime.environment import resolve
from resnet_inspect.training.processes import Place

T = TypeVar("T")
# gloo has no error class of its own; these are torch's.
TORCHS = (dist.DistError, dist.DistBackendError, dist.DistNetworkError, dist.DistStoreError)
LOST = ("gloo", "Connection closed by peer", "Connection reset by peer")

TYPELESS: Any = dist  # for what has no types in torch
CALLS = count()  # numbers for this process's calls
CALL: ContextVar["Call"] = ContextVar("the call that runs")


class Group:
    """The processes of a run, whose methods all of them call in the same order; numbers go by the CPU."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.is_alone = place.size == 1

    def wrap(self, net: nn.Module, device: torch.device) -> nn.Module:
        """``net``, whose gradients become the means over the processes during backward.

        The same parameters have to take part in every step; some may take part in none.
        """
        if self.is_alone:
            return net
        devices = [device] if device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(net, devices, static_graph=True)

    def sums(self, values: list[float]) -> list[float]:
        """Each of ``values``, summed over the processes."""
        if self.is_alone:
            return values
        tensor = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(tensor)
        return tensor.tolist()

    def means(self, values: list[float]) -> list[float]:
        return values if self.is_alone else [value / self.place.size for value in self.sums(values)]

    def either(self, *flags: bool) -> list[bool]:
        """Each of ``flags``: whether any process has it."""
        return [value > 0 for value in self.sums([float(flag) for flag in flags])]

    def firsts(self, number: int) -> int:
        """The first process's number."""
        if self.is_alone:
            return number
        tensor = torch.tensor(number)
        dist.broadcast(tensor, 0)
        return int(tensor)

    def gather(self, value: T) -> list[T]:
        """Every process's value, in the first process; elsewhere nothing."""
        if self.is_alone:
            return [value]
        values: list[Any] = [None] * self.place.size
        dist.gather_object(value, values if self.place.is_first else None)
        return values if self.place.is_first else []

    def share_buffers(self, net: nn.Module) -> None:
        """Give every process the first one's running statistics."""
        if not self.is_alone:
            for buffer in net.buffers():
                dist.broadcast(buffer, 0)

    @contextmanager
    def first_goes_first(self) -> Iterator[None]:
        """The others begin when the first process is through."""
        if not self.place.is_first:
            dist.barrier()
        yield
        if self.place.is_first and not self.is_alone:
            dist.barrier()


ALONE = Group(Place())


def device_of(place: Place, device: str) -> torch.device:
    """The device of a process: on CUDA each has its own.

    Raises:
        RequestError: ``device`` does for one process alone. MachineError: this machine has too few.
    """
    if place.size == 1:
        return torch.device(resolve(device))
    if ":" in device:
        raise RequestError(f"--device {device} is one GPU for {place.size} processes", hint="use --device cuda")
    kind = torch.device(resolve(device)).type
    if kind == "mps":
        raise RequestError("several processes do not train on mps", hint="use --device cpu")
    if kind == "cuda" and torch.cuda.device_count() < place.local_size:
        devices = torch.cuda.device_count()
        raise MachineError(
            f"{place.local_size} processes need a CUDA device each, and this machine has {devices}",
            hint=f"start it with --nproc-per-node {devices}, or use --device cpu",
        )
    return torch.device(f"cuda:{place.local_rank}" if kind == "cuda" else kind)


@cache
def _meet() -> Any:
    """The store that all processes reach by the launcher's address.

    Raises:
        MachineError: it cannot be opened or reached.
    """
    try:
        return next(TYPELESS.rendezvous("env://"))[0]
    except (RuntimeError, ValueError) as error:
        where = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
        reason = "another program has it" if "in use" in str(error) else "nobody answers there"
        raise MachineError(
            f"the processes cannot meet at {where}: {reason}", hint="torchrun --standalone finds a free port"
        ) from None


class Call:
    """A verb's call that all processes make, with keys of its own in their store.

    Keys of an earlier call lead to ports that are closed. Processes count calls alike, wherever one of them fails.
    """

    def __init__(self) -> None:
        self.store = TYPELESS.PrefixStore(f"resnet-inspect/{next(CALLS)}", _meet())
        self.failed_first: bool | None = None

    def fail(self) -> bool:
        """Tell the others that this process failed; gives whether it is the first."""
        if self.failed_first is None:
            try:
                self.failed_first = self.store.add("failed", 1) == 1
            except RuntimeError:  # the process that kept the store is gone
                self.failed_first = True
        return self.failed_first


@contextmanager
def formed(place: Place, device: torch.device) -> Iterator[Group]:
    """The group of all processes, which lasts as long as the block; several are inside ``telling_once``."""
    if place.size == 1:
        yield Group(place)
        return
    is_cuda = device.type == "cuda"
    if is_cuda:
        torch.cuda.set_device(device)
    backend = "cpu:gloo,cuda:nccl" if is_cuda else "gloo"
    call = CALL.get()
    store = TYPELESS.PrefixStore("group", call.store)
    dist.init_process_group(backend, store=store, rank=place.rank, world_size=place.size)
    try:
        yield Group(place)
    except Exception:
        call.fail()  # before the others lose their connection, and fail too
        raise
    finally:
        dist.destroy_process_group()


@contextmanager
def telling_once(place: Place) -> Iterator[None]:
    """Of all processes the first that fails raises its error; the others, which it leaves alone, a PeerError.

    Raises:
        MachineError: the processes do not meet, or one ended without a word.
    """
    call = Call()
    before = CALL.set(call)
    try:
        yield
    except InspectError as error:
        if call.fail():
            raise
        raise PeerError(error.exit_code) from None
    except RuntimeError as error:
        if not (isinstance(error, TORCHS) or any(sign in str(error) for sign in LOST)):
            raise
        if call.fail():
            raise MachineError(
                f"process {place.rank} of {place.size} lost another one, which ended or was killed",
                hint="the same command with --resume continues from the last checkpoint",
            ) from None
        raise PeerError(MachineError.exit_code) from None
    finally:
        CALL.reset(before)
