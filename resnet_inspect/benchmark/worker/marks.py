"""Marks between the parts of a call: clock readings on a CPU, events in the stream on CUDA.

A captured graph may hold events too.
"""

import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, Protocol

import torch

CLOCK = time.perf_counter_ns

# What runs from one mark to the next: the phase, and the index of the stage or layer.
Key = tuple[str, int]
# Milliseconds of each key, and from the first mark to the last.
Reading = tuple[dict[Key, float], float]


class Marks(Protocol):
    """Marks of one call: ``begin`` drops the last call's; a mark names what begins there."""

    def begin(self) -> None: ...

    def mark(self, begins: Key) -> None: ...

    def read(self) -> Reading | None:
        """The times between the marks, once the call is over; None where they are worthless."""
        ...


class ClockMarks:
    """Readings of the host's clock: on a CPU a call is over when it returns."""

    def __init__(self, clock: Callable[[], int] = CLOCK) -> None:
        self.clock = clock
        self.marks: list[tuple[Key, int]] = []

    def begin(self) -> None:
        self.marks.clear()

    def mark(self, begins: Key) -> None:
        self.marks.append((begins, self.clock()))

    def read(self) -> Reading | None:
        marks, self.marks = self.marks, []  # freed here: ``begin`` is part of the call
        parts = _summed((key, (end - start) / 1e6) for (key, start), (_, end) in pairwise(marks))
        return parts, (marks[-1][1] - marks[0][1]) / 1e6


class EventMarks:
    """Events in the stream. If one is over before the host records the next, the device waited for the host."""

    def __init__(self, event: Callable[[], Any], watched: bool) -> None:
        self.event, self.watched = event, watched
        self.events: list[Any] = []
        self.keys: list[Key] = []
        self.dry = False

    def begin(self) -> None:
        self.keys.clear()
        self.dry = False

    def mark(self, begins: Key) -> None:
        number = len(self.keys)
        if number == len(self.events):
            self.events.append(self.event())
        if self.watched and number and self.events[number - 1].query():
            self.dry = True
        self.events[number].record()
        self.keys.append(begins)

    def read(self) -> Reading | None:
        if self.dry:
            return None
        marks = [*zip(self.keys, self.events, strict=False)]  # a call with fewer marks leaves events over
        parts = _summed((key, start.elapsed_time(end)) for (key, start), (_, end) in pairwise(marks))
        return parts, marks[0][1].elapsed_time(marks[-1][1])


def _summed(parts: Iterable[tuple[Key, float]]) -> dict[Key, float]:
    total: dict[Key, float] = {}
    for key, ms in parts:
        total[key] = total.get(key, 0.0) + ms
    return total


def make_event(external: bool) -> Any:
    """An event with a time; ``external`` ones may be part of a captured graph. None where torch has no such."""
    cuda: Any = torch.cuda  # whose events have no types
    if not external:
        return cuda.Event(enable_timing=True)
    try:
        return cuda.Event(enable_timing=True, external=True)
    except TypeError:
        return None
