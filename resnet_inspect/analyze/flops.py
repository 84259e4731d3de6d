"""Where the arithmetic is: by stage, and by kind of operation."""

from collections.abc import Callable
from typing import Literal, get_args

from resnet_inspect.analyze.summary import counting_note, share
from resnet_inspect.counting.conventions import CONV_FC, count, training_flops
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.report import Column, Fact, Finding, Report, Row, Table

Task = Literal["infer", "train"]
TASKS: tuple[Task, ...] = get_args(Task)

COUNTS = (Column("macs", "MACs", "count"), Column("flops", "FLOPs", "count"), Column("share", "%", "share"))


def flops(graph: Graph, task: Task = "infer") -> Report:
    """MACs and FLOPs of a forward pass, or of a training step's forward and backward as FlopCounterMode counts them."""
    findings: tuple[Finding, ...] = ()
    if task == "train":
        steps = training_flops(graph.nodes, as_torch=True)
        note = (
            "a training step as torch's FlopCounterMode counts it: every convolution again for the gradient of its "
            "weights and again for that of its input, which the image does not need"
        )
        findings = _overcounted(graph, sum(steps.values()))
    else:
        steps = {i: 2 * node.macs for i, node in enumerate(graph.nodes) if type(node.op) in CONV_FC.rules}
        note = counting_note(graph, sum(steps.values()) // 2)
    total = sum(steps.values())
    uncounted = count(CONV_FC, graph.nodes[1:]).uncounted
    return Report(
        kind="flops",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}" + (", one training step" if task == "train" else ""),
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            Fact("task", "task", task),
            Fact("macs", "MACs", total // 2, "count"),
            Fact("flops", "FLOPs", total, "count"),
        ),
        tables=(
            _table("stages", "stage", "by stage", graph, steps, lambda node: node.stage),
            _table("ops", "op", "by kind of operation", graph, steps, kind_of),
        ),
        findings=findings,
        notes=(note, f"not counted, having no multiply-accumulates: {', '.join(uncounted)}"),
    )


def _overcounted(graph: Graph, flops: int) -> tuple[Finding, ...]:
    """Where FlopCounterMode counts more than is computed, what is computed."""
    computed = sum(training_flops(graph.nodes).values())
    if computed == flops:
        return ()
    said = (
        f"FlopCounterMode counts the weight gradient of a grouped convolution once a group; computed are {computed:,}"
    )
    return (Finding("overcounted", "FLOPs", f"{said} FLOPs"),)


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
    rows: list[Row] = [(name, calls[name], work // 2, work, share(work, total)) for name, work in sums.items()]
    columns = (Column(column, column), Column("calls", "calls", "integer"), *COUNTS)
    return Table(key, title, columns, tuple(rows), ("total", sum(calls.values()), total // 2, total, None))
