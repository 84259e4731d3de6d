"""Marked calls: the network's stages or layers run one after the other, with a mark between two of them.

A marked call uses the case's own modules, weights and input.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, fx, nn

from resnet_inspect.benchmark.case import DRY, SCALER, Case
from resnet_inspect.benchmark.messages import MarkedCalls, Unavailable
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.worker import stream
from resnet_inspect.benchmark.worker.marks import CLOCK, ClockMarks, EventMarks, Key, Marks, make_event
from resnet_inspect.benchmark.worker.prepare import Ready, captured
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.inplace import in_place
from resnet_inspect.runtime.modules import FUNCTIONS, function
from resnet_inspect.runtime.operations import of_module

WARM_CALLS = 3
PAIRS, SECONDS = 30, 2.0  # at least, of a marked and a plain call
FEW_PAIRS, MAX_SECONDS = 6, 10.0  # enough where calls are long
LEAST_PAIRS = 2  # whatever the time: each of the two calls goes first once

After = Callable[[int, Tensor], None]


def play(ready: Ready, case: Case, plan: Plan, per: str) -> MarkedCalls:
    """Marked and plain calls in turn; ``per`` is stage or layer, a layer being one call of a module or a function.

    The plan's limit on sampling time holds here too, once for the warm-up and once for the calls. Whatever a training
    step does besides forward, loss and backward is ``optimizer_ms``: emptying the gradients and freeing the graph too.

    Raises:
        Unavailable: no mark can be set, or the queue keeps running dry.
    """
    if per == "layer" and case.is_compiled:
        raise Unavailable("a compiled kernel is of many layers")
    if case.kind not in ("cpu", "cuda"):
        raise Unavailable(f"{case.kind} has no events on a stream")
    if case.kind == "cuda" and case.waits_inside:
        raise Unavailable(SCALER)
    if case.is_captured and make_event(external=True) is None:
        raise Unavailable("this torch has no events that a graph can hold")
    for node in ready.graph.nodes[1:]:
        if not _stands_alone(ready.net, node):
            raise Unavailable(f"{node.name} is a function or a module of this code's own, where no mark can be set")
    marks: Marks = (
        ClockMarks() if case.kind == "cpu" else EventMarks(lambda: make_event(case.is_captured), not case.is_captured)
    )
    run = marked(ready, per, case.is_compiled, marks)
    if case.is_captured:
        run, _ = captured(run)
    end = CLOCK() + int(plan.max_time_s * 1e9)
    for _ in range(WARM_CALLS):
        run()
        ready.sync()
        if CLOCK() > end:
            break
    timed = _on_the_clock
    if case.kind == "cuda":
        cycles = stream.cycles_of(2 * max(stream.enqueue(run, ready.sync, WARM_CALLS)) + 1, ready.sync)

        def timed(call: Callable[[], object]) -> float | None:
            return stream.between_events(call, ready.sync, cycles)

    return in_turn(run, ready.run, marks, timed, _count(ready.graph, per), plan.max_time_s)


def in_turn(
    run: Callable[[], object],
    plain: Callable[[], object],
    marks: Marks,
    timed: Callable[[Callable[[], object]], float | None],
    count: int,
    max_s: float,
) -> MarkedCalls:
    """Pairs of a marked and a plain call, each first in half of them, for ``max_s`` seconds at most.

    A pair in which the queue ran dry is passed over.

    Raises:
        Unavailable: more pairs ran dry than did not.
    """
    pairs: list[tuple[dict[Key, float], float, float, float]] = []
    dry, spent = 0, 0.0
    while len(pairs) < LEAST_PAIRS or (spent < max_s and _wanted(len(pairs), spent)):
        order = (plain, run) if len(pairs) % 2 else (run, plain)
        times = {call: timed(call) for call in order}
        reading, marked_ms, plain_ms = marks.read(), times[run], times[plain]
        if reading is None or marked_ms is None or plain_ms is None:
            dry += 1
            if dry > max(len(pairs), LEAST_PAIRS):
                raise Unavailable(DRY)
            continue
        pairs.append((*reading, marked_ms, plain_ms))
        spent += (marked_ms + plain_ms) / 1e3

    def of_parts(phase: str) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(parts.get((phase, i), 0.0) for i in range(count + 1)) for parts, *_ in pairs)

    return MarkedCalls(
        forward_ms=of_parts("forward"),
        backward_ms=of_parts("backward"),
        optimizer_ms=tuple(parts.get(("optimizer", 0), 0.0) for parts, *_ in pairs),
        total_ms=tuple(total for _, total, _, _ in pairs),
        marked_ms=tuple(marked for *_, marked, _ in pairs),
        plain_ms=tuple(plain for *_, plain in pairs),
    )


def _wanted(pairs: int, spent: float) -> bool:
    return pairs < FEW_PAIRS or (spent < MAX_SECONDS and (pairs < PAIRS or spent < SECONDS))


def marked(ready: Ready, per: str, compiled: bool, marks: Marks) -> Callable[[], Any]:
    """The case's call with a mark where each stage or layer begins, forward and backward.

    A stage's backward pass begins when the gradient of its output is complete, so each mark is a hook on an output.
    """
    count = _count(ready.graph, per)
    training = ready.step is not None

    def after(number: int, y: Tensor) -> None:
        if number < count - 1 or training:
            marks.mark(("forward", number + 1))
        if y.requires_grad:
            y.register_hook(lambda _: marks.mark(("backward", number)))  # type: ignore[no-untyped-call]  # torch's own

    everything = range(1, len(ready.graph.nodes))
    net = chain(ready, compiled, after) if per == "stage" else flat(ready.net, ready.graph, everything, after)
    if ready.step is None:

        def infer() -> Tensor:
            marks.begin()
            marks.mark(("forward", 0))
            out = ready.forward(net)
            marks.mark(("end", 0))
            return out

        return infer
    _, backward, step = ready.step

    def entered(x: Tensor) -> Any:
        marks.mark(("forward", 0))
        return net(x)

    def train() -> None:
        marks.begin()
        marks.mark(("optimizer", 0))  # empties the gradients
        loss = ready.forward(entered)
        marks.mark(("backward", count))
        backward(loss)
        marks.mark(("optimizer", 0))
        del loss  # and the graph of the backward pass with it, as where the step is not marked
        step()
        marks.mark(("end", 0))

    return train


def _count(graph: Graph, per: str) -> int:
    return len(graph.stages) if per == "stage" else len(graph.nodes) - 1


def chain(ready: Ready, compiled: bool, after: After) -> Callable[[Tensor], Tensor]:
    """The stages one after the other, each compiled on its own where the case is compiled."""
    nodes = ready.graph.nodes
    positions = groupby(range(1, len(nodes)), lambda i: nodes[i].stage)
    stages: list[Any] = [flat(ready.net, ready.graph, [*inside]) for _, inside in positions]
    if compiled:
        stages = [torch.compile(stage) for stage in stages]

    def forward(x: Tensor) -> Tensor:
        for number, stage in enumerate(stages):
            x = stage(x)
            after(number, x)
        return x

    return forward


def flat(net: nn.Module, graph: Graph, positions: Sequence[int], after: After | None = None) -> fx.GraphModule:
    """The calls at ``positions`` of ``graph`` on the modules of ``net``; they read one value from outside.

    ``after`` gets the number and the output of each call once it has been made.
    """
    overwrites, calls = in_place(graph), fx.Graph()
    values = {graph.nodes[positions[0]].inputs[0]: calls.placeholder("x")}
    for number, position in enumerate(positions):
        node = graph.nodes[position]
        inputs = tuple(values[i] for i in node.inputs)
        if node.module:
            values[position] = calls.call_module(node.module, inputs)
        else:
            target, extra = function(node.op, position in overwrites)
            values[position] = calls.call_function(target, (*inputs, *extra))
        if after is not None:
            calls.call_function(after, (number, values[position]))
    calls.output(values[positions[-1]])
    return fx.GraphModule(net, calls, "Flat")


def _stands_alone(net: nn.Module, node: Node) -> bool:
    """Whether ``flat`` can make the call by itself: by its module, which does nothing else, or by a function."""
    if node.module:
        op = of_module(net.get_submodule(node.module))  # code may call a function on the module's weights instead
        return op is not None and (not node.params or op == node.op)
    return isinstance(node.op, FUNCTIONS)


def _on_the_clock(call: Callable[[], object]) -> float | None:
    start = CLOCK()
    call()
    return (CLOCK() - start) / 1e6
