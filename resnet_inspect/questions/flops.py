"""MACs and FLOPs by stage and by kind of operation."""

from collections.abc import Callable
from typing import NamedTuple

from resnet_inspect.counting.conventions import TORCH
from resnet_inspect.counting.training import training_flops
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.gradients import backward_calls
from resnet_inspect.graph.facts.training import refuse_to_train
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pool import BlurPool2d
from resnet_inspect.graph.ops.torch_call import TorchCall
from resnet_inspect.questions.summary import counting_notes
from resnet_inspect.questions.training import training_notes
from resnet_inspect.questions.unseen import unseen_notes
from resnet_inspect.report import Column, Fact, Finding, Report, Table, tabulate
from resnet_inspect.units import Value, share
from resnet_inspect.vocabulary import Task


class Part(NamedTuple):
    """The calls of a stage or of a kind of operation, and their FLOPs."""

    name: str
    calls: int
    flops: int


def flops(graph: Graph, task: Task = "infer") -> Report:
    """MACs and FLOPs of a forward pass, or of a training step's forward and backward.

    Raises:
        ShapeError: a BatchNorm sees one value per channel, with which torch cannot train.
    """
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...]
    without = sum(node.macs_without_weights for _, node in graph.calls)
    if task == "train":
        refuse_to_train(graph)
        steps = training_flops(graph)
        if not any(isinstance(node.op, TorchCall) and node.op.multiplies for node in graph.nodes):
            torch_flops = sum(training_flops(graph, TORCH).values())
            facts = (Fact("flopcountermode_flops", "FlopCounterMode", torch_flops, "count"),)
            findings = _miscounted(graph, torch_flops - sum(steps.values()))
        notes = (
            "a training step: forward, the gradient of the weights and the gradient of the input each cost the same; "
            "the image needs no gradient",
            *training_notes(graph),
        )
        if without:
            notes += ("attention's products and fixed filters, which have no learned weight, come on top",)
    else:
        steps = {i: 2 * node.macs for i, node in graph.calls if node.macs}
        facts = (Fact("macs_without_weights", "MACs without weights", without, "count"),) if without else ()
        notes = tuple(counting_notes(graph, sum(steps.values()) // 2, without))
    total = sum(steps.values())
    return Report(
        kind="flops",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}" + (", one training step" if task == "train" else ""),
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            Fact("task", "task", task),
            Fact("macs", "MACs", total // 2, "count"),
            Fact("flops", "FLOPs", total, "count"),
            *facts,
        ),
        tables=(
            _table("stages", "stage", "by stage", graph, steps, lambda node: node.stage),
            _table("ops", "op", "by kind of operation", graph, steps, kind_of),
            _uncounted(graph),
        ),
        findings=findings,
        notes=(*notes, *unseen_notes(graph)),
    )


def _miscounted(graph: Graph, difference: int) -> tuple[Finding, ...]:
    """A finding that explains FlopCounterMode's number for a training step, where it is not ours."""
    if not difference:
        return ()
    fixed = any(isinstance(node.op, BlurPool2d) for node in graph.nodes)
    weighted = [graph.nodes[i].op for i, gradients in backward_calls(graph).items() if gradients.of_weight]
    grouped = any(isinstance(op, Conv2d) and op.groups > 1 for op in weighted)
    reasons = ["the weight gradient of a grouped convolution once per group"] if grouped else []
    reasons += ["fixed filters"] if fixed else []
    message = f"torch's FlopCounterMode gives {difference:,} more: it counts {' and '.join(reasons)}"
    return (Finding("known difference", "FLOPs", message),)


def _uncounted(graph: Graph) -> Table:
    """The operations without MACs, and how many elements they work on."""
    calls: dict[str, int] = {}
    elements: dict[str, int] = {}
    for _, node in graph.calls:
        work = node.op.elementwise(node.ins, node.out)
        if work:
            calls[node.kind] = calls.get(node.kind, 0) + 1
            elements[node.kind] = elements.get(node.kind, 0) + work
    columns: tuple[Column[str], ...] = (
        Column("op", "op", lambda kind: kind),
        Column("calls", "calls", lambda kind: calls[kind], "integer"),
        Column("elements", "elements", lambda kind: elements[kind], "count"),
    )
    return tabulate("uncounted", "not counted: no multiply-accumulates with learned weights", columns, elements)


def kind_of(node: Node) -> str:
    """``Conv2d 3×3, 32 groups``: what decides how fast a multiply-accumulate runs."""
    match node.op:
        case Conv2d(kernel_size=k, groups=g):
            return f"Conv2d {k}×{k}" + (f", {g} groups" if g > 1 else "")
    return node.kind


def _table(
    key: str, column: str, title: str, graph: Graph, steps: dict[int, int], group: Callable[[Node], str]
) -> Table:
    sums: dict[str, int] = {}
    calls: dict[str, int] = {}
    for position, work in steps.items():
        name = group(graph.nodes[position])
        sums[name] = sums.get(name, 0) + work
        calls[name] = calls.get(name, 0) + 1
    total = sum(sums.values())
    columns: tuple[Column[Part], ...] = (
        Column(column, column, lambda part: part.name),
        Column("calls", "calls", lambda part: part.calls, "integer"),
        Column("macs", "MACs", lambda part: part.flops // 2, "count"),
        Column("flops", "FLOPs", lambda part: part.flops, "count"),
        Column("share", "%", lambda part: share(part.flops, total), "share"),
    )
    parts = [Part(name, calls[name], flops) for name, flops in sums.items()]
    totals: dict[str, Value] = {column: "total", "calls": sum(calls.values()), "macs": total // 2, "flops": total}
    return tabulate(key, title, columns, parts, totals)
