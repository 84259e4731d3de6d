"""The memory a pass really asks for: allocation events on a CPU, the caching allocator's peaks on CUDA."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile


@dataclass(frozen=True, slots=True)
class Requested:
    """Peak bytes that a call asked for beyond what was there before it.

    ``workspace_bytes`` is what the peak would lose without memory that an operation asks for and gives back inside
    itself, as oneDNN does to reorder a convolution's operands; None where that is not known.
    """

    peak_bytes: int
    workspace_bytes: int | None


def requested_on_cpu(call: Callable[[], object]) -> Requested:
    """Play ``call`` under torch's profiler and add up the allocator's events; it keeps no peak of its own on a CPU."""
    # Older versions warn, without acc_events, that cycles forget their events; there is one cycle.
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as recorded:
        call()
    result: Any = recorded.profiler
    events = sorted(_allocations(result.kineto_results.experimental_event_tree(), None))
    everything = _peak(size for _, _, size, _ in events)
    made: dict[int, tuple[int, object]] = {}
    inside: set[int] = set()  # the events of memory that comes and goes within one operation
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
    """Time, address, bytes (negative when given back) and outermost aten operation of every allocation event."""
    pending = [(event, operation) for event in reversed(events)]
    while pending:
        event, outer = pending.pop()
        if event.name == "[memory]":
            fields = event.typed[1]
            yield event.start_time_ns, fields.ptr, fields.alloc_size, outer
        if outer is None and event.name.startswith("aten::"):
            outer = event.start_time_ns
        pending.extend((child, outer) for child in event.children)


def requested_on_cuda(call: Callable[[], object], device: torch.device) -> Requested:
    """Peak of what was asked of the caching allocator during ``call``; cuDNN's workspaces come from it too."""
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_stats(device)["requested_bytes.all.current"]
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize(device)
    return Requested(torch.cuda.memory_stats(device)["requested_bytes.all.peak"] - before, None)
