"""Processes that train one net together: the worker leads, and each peer makes every call that it makes.

A call is a byte on each peer's stdin: a pipe takes microseconds, and ends with the worker. Nothing else keeps the peers
in step, so whatever times a call of one process times one of several, too.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import OUT_OF_MEMORY
from resnet_inspect.benchmark.worker.prepare import Ready

PEER = "resnet_inspect.benchmark.worker.peer"
HOST = "127.0.0.1"
LOOPBACK = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}  # a host's name need not resolve
CLOCK = time.perf_counter_ns  # on Linux one clock for all processes

STORES: Any = dist  # where they have no types
Calls = list[tuple[int, int]]  # when each began and ended, in ns


def start_peers(case: Case, job: str, files: tuple[int, ...]) -> tuple[Any, list[int]]:
    """Start a process for each rank but the first; gives where all meet, and the pipes that the peers listen to.

    ``files`` are the descriptors that the job names.

    The peers are in this process's group, which ends with the benchmark. Where one ends first, this process does.
    """
    store = STORES.TCPStore(HOST, 0, is_master=True, wait_for_workers=False)
    pipes = []
    for rank in range(1, case.processes or 1):
        peer = subprocess.Popen(
            [sys.executable, "-m", PEER, str(rank), str(store.port)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=files,
        )  # fmt: skip
        assert peer.stdin is not None
        peer.stdin.write(f"{job}\n".encode())
        peer.stdin.flush()
        pipes.append(peer.stdin.fileno())
        threading.Thread(target=_end_with, args=(peer, rank, case), daemon=True).start()
    return store, pipes


def join(store: Any, rank: int, case: Case) -> None:
    """Meet the other processes at ``store``, a TCPStore."""
    os.environ.update(LOOPBACK)
    backend = "cpu:gloo,cuda:nccl" if case.kind == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=case.processes or 1)


def case_of(rank: int, case: Case) -> Case:
    """The case as the process of that rank runs it: on a GPU of its own."""
    return replace(case, device=f"cuda:{rank}") if case.kind == "cuda" else case


class Together:
    """The calls of one process among several; in the first one, ``pipes`` lead to all others."""

    def __init__(self, case: Case, pipes: list[int]) -> None:
        self.case, self.pipes = case, pipes
        self.calls: Calls = []
        self.began: int | None = None
        self.loss: Any = None

    def wrap(self, net: nn.Module) -> nn.Module:
        """``net``, which exchanges gradients during backward."""
        device = torch.device(self.case.device)
        self.net = DistributedDataParallel(net, [device] if device.type == "cuda" else None)
        return self.net

    def take(self, ready: Ready) -> Ready:
        """``ready``, whose calls all processes make."""
        assert ready.step is not None
        (forward, backward, step), run, sync = ready.step, ready.run, ready.sync
        gradients = [p for p in self.net.parameters() if p.requires_grad]
        values = torch.empty(sum(p.numel() for p in gradients), device=gradients[0].device)

        def call(inside: Callable[[], Any] = nullcontext) -> None:
            self.began = self.began or CLOCK()
            with inside():
                run()

        def wait() -> None:
            sync()
            if self.began is not None:
                self.calls.append((self.began, CLOCK()))
                self.began = None

        def lose() -> Any:
            self.loss = forward()
            return self.loss

        self.own: dict[bytes, Callable[[], Any]] = {
            b"r": call,
            b"n": partial(call, self.net.no_sync),
            b"s": wait,
            b"f": lose,
            b"b": lambda: backward(self.loss),
            b"o": step,
            b"x": lambda: dist.all_reduce(values),
            b"t": self._gather,
        }
        self.exchange_bytes = values.numel() * values.element_size()
        ready.run, ready.sync = partial(self.all, b"r"), partial(self.all, b"s")
        ready.step = partial(self.all, b"f"), lambda loss: self.all(b"b"), partial(self.all, b"o")
        ready.together = self
        return ready

    def all(self, call: bytes) -> Any:
        """Make the call in every process; gives what it gives here."""
        for pipe in self.pipes:
            os.write(pipe, call)
        return self.own[call]()

    def follow(self) -> None:
        """Make the calls that the first process makes, until it ends."""
        while call := os.read(0, 1):
            self.own[call]()

    def _gather(self) -> list[Calls]:
        """The calls of each process since the last time, in the first one."""
        every: list[Any] = [None] * (self.case.processes or 1)
        dist.gather_object(self.calls, every if dist.get_rank() == 0 else None)
        self.calls = []
        return every


def _end_with(peer: "subprocess.Popen[bytes]", rank: int, case: Case) -> None:
    """End this process, and say how the peer ended: the line of an error is for one that could not name its own."""
    code = peer.wait()
    who = f"process {rank} of {case.processes}"
    said = f"PeerError: {who} was killed by signal {-code}" if code < 0 else f"{who} ended with exit code {code}"
    print(said, file=sys.stderr, flush=True)
    os._exit(OUT_OF_MEMORY if code == OUT_OF_MEMORY else 1)
