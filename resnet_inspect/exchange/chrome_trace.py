"""A pass as Chrome trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing show.

Keys are those of the Trace Event Format (docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
Its times are microseconds. Here they are whole nanoseconds, so that an event ends where the next one begins.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import accumulate, groupby
from math import inf, nextafter
from typing import Any, NamedTuple

from resnet_inspect.escape import json_text
from resnet_inspect.exchange.times import Times
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.blocks import row_of
from resnet_inspect.graph.facts.memory import PeakMemory, memory_course
from resnet_inspect.graph.facts.work import Work, work_by
from resnet_inspect.vocabulary import DEPTHS, Depth, Precision, Task

Event = dict[str, Any]  # JSON values
Place = tuple[str, str]  # a level, as stage, and a name there

THREAD = {"pid": 1, "tid": 1}
KINDS = [field.name for field in fields(PeakMemory) if field.name != "peak_bytes"]


class Run(NamedTuple):
    """What runs without a break: its places from the phase down to a call or stage, its ms, and start and end in ns."""

    path: tuple[Place, ...]
    ms: float
    start: int
    end: int


def write(graph: Graph, times: Times, task: Task = "infer", precision: Precision = "fp32") -> str:
    """Phases, stages, blocks and layers inside each other, and the bytes alive as a counter.

    The bytes are predicted of an eager run in ``precision``, whatever the times are.
    """
    runs = [*_runs(graph, times)]
    events = [*_events(runs, _details(graph), times.basis)]
    unknown = graph.untrainable if task == "train" else ""
    if not unknown:
        events += _bytes_alive(graph, times.of_stages, runs, task, precision)
    document = {
        "traceEvents": [
            _name("process_name", f"{graph.name} {graph.input}, {task}"),
            _name("thread_name", f"{times.basis} times: {times.source}"),
            *sorted(events, key=lambda event: float(event["ts"])),  # stable: the outer event stays first
        ],
        "displayTimeUnit": "ms",
        "otherData": {
            "model": graph.name,
            "input": str(graph.input),
            "task": task,
            "basis": times.basis,
            "durations": times.source,
            "live_bytes": f"unknown: {unknown}" if unknown else f"predicted of an eager run, {precision}",
        },
    }
    return json_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"


def _runs(graph: Graph, times: Times) -> Iterator[Run]:
    """Forward in the order of the calls, backward in reverse."""
    paths = _paths(graph, "stage" if times.of_stages else "layer")
    parts: list[tuple[tuple[Place, ...], float]] = []
    for phase, by_name, ordered in (
        ("forward", times.forward_ms, paths),
        ("backward", times.backward_ms, paths[::-1]),
    ):
        parts += [((("phase", phase), *path), by_name[path[-1][1]]) for path in ordered if path[-1][1] in by_name]
        if phase == "forward" and times.loss_ms is not None:
            parts.append(((("phase", "loss"),), times.loss_ms))
    if times.optimizer_ms is not None:
        parts.append(((("phase", "optimizer"),), times.optimizer_ms))
    ends = [round(1e6 * ms) for ms in accumulate(ms for _, ms in parts)]
    for (path, ms), start, end in zip(parts, [0, *ends], ends, strict=False):
        yield Run(path, ms, start, end)


def _paths(graph: Graph, down_to: Depth) -> list[tuple[Place, ...]]:
    """For each call its stage, its block and itself, or each stage alone; a block that is a stage or a call is none."""
    if down_to == "stage":
        return [(("stage", stage),) for stage in graph.stages]
    block = row_of(graph, "block")

    def path(node: Node) -> Iterator[Place]:
        if node.stage:
            yield "stage", node.stage
        if block(node) not in (node.stage, node.name):
            yield "block", block(node)
        yield "layer", node.name

    return [tuple(path(node)) for _, node in graph.calls]


def _events(runs: Sequence[Run], details: Mapping[Place, Event], basis: str, depth: int = 0) -> Iterator[Event]:
    for place, group in groupby(runs, lambda run: run.path[depth : depth + 1]):
        if not place:  # a phase without parts has been told
            continue
        inside = [*group]
        level, name = place[0]
        start, end = inside[0].start, inside[-1].end
        args = {"basis": basis, "ms": sum(run.ms for run in inside)}
        if inside[0].path[0] == ("phase", "forward"):
            args |= details.get((level, name), {})
        times = {"ts": _microseconds(start), "dur": _microseconds(end - start)}
        yield {"name": name, "cat": level, "ph": "X", **times, **THREAD, "args": args}
        yield from _events(inside, details, basis, depth + 1)


def _microseconds(ns: int) -> float:
    """The least number that is not below ``ns`` when a reader takes it times 1000 and cuts off the rest."""
    us = ns / 1000
    return us if int(us * 1000) == ns else nextafter(us, inf)


def _details(graph: Graph) -> dict[Place, Event]:
    """The costs of each stage, block and layer."""
    kinds = {node.name: f"{node.kind} {node.op.detail}".strip() for _, node in graph.calls}

    def told(name: str, work: Work, depth: Depth) -> Event:
        costs = {"output": str(work.output), "params": work.params, "macs": work.macs}
        return {"operation": kinds[name], **costs} if depth == "layer" else costs

    return {
        (depth, name): told(name, work, depth)
        for depth in DEPTHS
        for name, work in work_by(graph, row_of(graph, depth)).items()
    }


def _bytes_alive(
    graph: Graph, of_stages: bool, runs: Sequence[Run], task: Task, precision: Precision
) -> Iterator[Event]:
    """The most that is alive at one time while each part runs, by kind; what has no time counts to the part before."""
    stage = {node.name: node.stage for node in graph.nodes} if of_stages else {}
    position = {(run.path[0][1], run.path[-1][1]): i for i, run in enumerate(runs)}
    most = dict[int, PeakMemory]()
    at = 0
    for call, phase, alive in memory_course(graph, task, precision):
        at = position.get((phase, stage.get(call, call)), position.get((phase, phase), at))
        if at not in most or alive.peak_bytes > most[at].peak_bytes:
            most[at] = alive
    used = [kind for kind in KINDS if any(getattr(alive, kind) for alive in most.values())]
    for i, alive in most.items():
        bytes_by_kind = {kind.removesuffix("_bytes").replace("_", " "): getattr(alive, kind) for kind in used}
        ts = _microseconds(runs[i].start)
        yield {"name": "bytes alive", "ph": "C", "ts": ts, **THREAD, "args": bytes_by_kind}


def _name(what: str, name: str) -> Event:
    return {"name": what, "ph": "M", "ts": 0, **THREAD, "args": {"name": name}}
