"""The memory that a call really asks for: allocation events on a CPU, the caching allocator's peaks on CUDA."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile


@dataclass(frozen=True, slots=True)
class Requested:
    """Peak bytes that a call asked for on top of what was there before it.

    ``workspace_bytes`` is the part of the peak that a kernel asks for and gives back itself, as oneDNN does to reorder
    a convolution's operands; ``peak_bytes`` is without it. None where it is unknown.
    """

    peak_bytes: int
    workspace_bytes: int | None


def requested_on_cpu(call: Callable[[], object]) -> Requested:
    """Run ``call`` under torch's profiler and add up the allocation events: on a CPU the allocator keeps no peak."""
    # Without acc_events, older versions warn that each cycle drops its events; there is one cycle.
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as recorded:
        call()
    result: Any = recorded.profiler
    events = sorted(_allocations(result.kineto_results.experimental_event_tree(), None))
    everything = _peak(size for _, _, size, _ in events)
    made: dict[int, tuple[int, object]] = {}
    inside: set[int] = set()  # events of memory that one kernel asks for and gives back
    for position, (_, address, size, operation) in enumerate(events):
        if size > 0:
            made[address] = (position, operation)
        elif address in made:
            born, maker = made.pop(address)
            if operation is not None and operation == maker:
                inside |= {born, position}
    lasting = _peak(size for position, (_, _, size, _) in enumerate(events) if position not in inside)
    return Requested(lasting, everything - lasting)


def _peak(changes: Iterator[int]) -> int:
    now = highest = 0
    for change in changes:
        now += change
        highest = max(highest, now)
    return highest


def _allocations(events: list[Any], operation: int | None) -> Iterator[tuple[int, int, int, int | None]]:
    """Time, address, bytes (negative when given back) and running kernel of every allocation event.

    A kernel is known by the start of its operation, the outermost that torch does not compose of others: ``max_pool2d``
    calls ``max_pool2d_with_indices`` even in inference, and drops the indices that come back.
    """
    pending = [(event, operation) for event in reversed(events)]
    while pending:
        event, outer = pending.pop()
        if event.name == "[memory]":
            fields = event.typed[1]
            yield event.start_time_ns, fields.ptr, fields.alloc_size, outer
        if outer is None and event.name.startswith("aten::") and event.name not in _composites():
            outer = event.start_time_ns
        pending.extend((child, outer) for child in event.children)


@cache
def _composites() -> frozenset[str]:
    """Operations that torch writes in terms of others, without the names of their overloads."""
    overloads = torch._C._dispatch_get_registrations_for_dispatch_key("CompositeImplicitAutograd")
    return frozenset(each.partition(".")[0] for each in overloads)


def requested_on_cuda(call: Callable[[], object], device: torch.device) -> Requested:
    """Peak that ``call`` asked of the caching allocator, which also serves cuDNN's workspaces."""
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_stats(device)["requested_bytes.all.current"]
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize(device)
    return Requested(torch.cuda.memory_stats(device)["requested_bytes.all.peak"] - before, None)
