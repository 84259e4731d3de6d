"""Bytes alive over a forward pass or a training step, stacked by kind, with the peak named."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from resnet_inspect.chart import Area, Axis, Chart, Mark, Point, Points, Rule, Span
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.liveness import Phase
from resnet_inspect.graph.facts.memory import PeakMemory, memory_course
from resnet_inspect.hardware.devices import Device
from resnet_inspect.report import Column, tabulate
from resnet_inspect.units import text
from resnet_inspect.vocabulary import Optimizer, Precision, Task

MOST = 240  # instants drawn: two for each letter's width of the picture
IN_SIGHT = 3.0  # times the peak, up to which a limit is drawn: a higher one would flatten the picture
ABOVE = 1.2  # the axis's end, as a multiple of what is highest: names stand there

KINDS: tuple[tuple[str, str, Callable[[PeakMemory], int]], ...] = (
    ("weight_bytes", "weights", lambda alive: alive.weight_bytes),
    ("buffer_bytes", "buffers", lambda alive: alive.buffer_bytes),
    ("optimizer_bytes", "optimizer", lambda alive: alive.optimizer_bytes),
    ("input_bytes", "input", lambda alive: alive.input_bytes),
    ("activation_bytes", "activations", lambda alive: alive.activation_bytes),
    ("gradient_bytes", "activation gradients", lambda alive: alive.gradient_bytes),
    ("weight_gradient_bytes", "weight gradients", lambda alive: alive.weight_gradient_bytes),
)


class Instant(NamedTuple):
    """The middle of a call: its number from 0, its name, its stage, and what is alive."""

    step: int
    node: str
    phase: Phase
    stage: str
    alive: PeakMemory

    @property
    def total(self) -> int:
        return self.alive.peak_bytes


def memory(
    graph: Graph,
    task: Task = "infer",
    precision: Precision = "fp32",
    optimizer: Optimizer = "sgd",
    momentum: float = 0.9,
    device: Device | None = None,
) -> Chart:
    """The bytes that ``graph.facts.memory`` predicts, call by call; ``device`` is a limit.

    Raises:
        RequestError, ShapeError: as ``memory_peak`` does.
    """
    stage = {node.name: node.stage for node in graph.nodes}
    course = [
        Instant(step, node, phase, stage.get(node, phase), alive)
        for step, (node, phase, alive) in enumerate(memory_course(graph, task, precision, optimizer, momentum))
    ]
    top = max(course, key=lambda instant: instant.total)
    limit = device.memory_bytes if device else None
    near = limit is not None and limit <= IN_SIGHT * top.total
    kinds = [kind for kind in KINDS if any(kind[2](instant.alive) for instant in course)]
    columns: tuple[Column[Instant], ...] = (
        Column("stage", "stage", lambda instant: instant.stage),
        Column("phase", "phase", lambda instant: instant.phase),
        Column("node", "most at call", lambda instant: instant.node),
        Column("bytes", "bytes", lambda instant: instant.total, "bytes"),
        *(Column(key, title, _reader(of), "bytes", optional=True) for key, title, of in kinds),
    )
    what = "a training step" if task == "train" else "a forward pass"
    peak = text(top.total, "bytes")
    fits = (
        f" {text(top.total / limit, 'share')} of {device.title}'s {text(int(limit), 'bytes')}."
        if device and limit
        else ""
    )
    return Chart(
        key="memory",
        title=f"{graph.name}, input {graph.input}, {precision}: {peak} at the peak of {what}",
        x=Axis(f"calls of {what}, as they run", "integer", low=0, high=len(course)),
        y=Axis("bytes alive", "bytes", low=0, high=ABOVE * max(top.total, limit if limit and near else 0)),
        marks=(
            *_stages(course),
            *_areas(_thinned(course), len(course), kinds),
            *([Rule(limit, "y", f"memory of {device.title}")] if device and limit and near else ()),
            *_turn(course),
            Points((Point(top.step + 0.5, top.total, f"{peak} in {top.node}"),), color=None),
        ),
        table=tabulate(
            "stages",
            "the most alive in each stage",
            columns,
            [max(part, key=lambda i: i.total) for part in _runs(course)],
        ),
        alt=f"Predicted memory of {graph.name} over {what}, stacked by kind: it peaks at {peak} in {top.node}, "
        f"in the {top.phase} phase.{fits}",
    )


def _reader(of: Callable[[PeakMemory], int]) -> Callable[[Instant], int]:
    return lambda instant: of(instant.alive)


def _runs(course: Sequence[Instant]) -> list[list[Instant]]:
    """The instants of one stage in one phase, one after the other."""
    return [[*run] for _, run in groupby(course, key=lambda instant: (instant.phase, instant.stage))]


def _stages(course: Sequence[Instant]) -> Iterator[Mark]:
    for number, run in enumerate(_runs(course)):
        yield Span(run[0].step, run[-1].step + 1, "x", run[0].stage, shaded=number % 2 == 0)


def _turn(course: Sequence[Instant]) -> Iterator[Mark]:
    """Where backward begins."""
    backward = (instant.step for instant in course if instant.phase == "backward")
    yield from (Rule(step, "x", "backward") for step in islice(backward, 1))


def _thinned(course: Sequence[Instant]) -> list[Instant]:
    """Of several instants that would fall on one place, the one with the most alive."""
    stride = -(-len(course) // MOST)
    return [max(course[i : i + stride], key=lambda instant: instant.total) for i in range(0, len(course), stride)]


def _areas(
    course: Sequence[Instant], end: int, kinds: Sequence[tuple[str, str, Callable[[PeakMemory], int]]]
) -> Iterator[Mark]:
    stride = -(-end // len(course))
    for color, (_, label, of) in enumerate(kinds):
        heights = [(float(i * stride), float(of(instant.alive))) for i, instant in enumerate(course)]
        yield Area((*heights, (float(end), heights[-1][1])), label, color)
