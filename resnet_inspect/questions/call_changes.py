"""What differs between two nets as they run, where they are not two specs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.module_tree import enclosing
from resnet_inspect.units import counted


def align(a: Graph, b: Graph) -> tuple[Graph, Graph]:
    """Both nets with a call's stage replaced where the other net has no such stage.

    It is then the longest path of a module around the call that holds others in both nets, if there is one.
    """
    paths = a.containers.keys() & b.containers.keys() - {""}
    stages = {*a.stages} & {*b.stages}

    def row_of(node: Node) -> str:
        if not node.stage or node.stage in stages:
            return node.stage
        common = [path for path in enclosing(node.module or node.name) if path in paths]
        return common[-1] if common else node.stage

    def aligned(graph: Graph) -> Graph:
        if stages.issuperset(graph.stages):
            return graph
        return replace(graph, nodes=tuple([replace(node, stage=row_of(node)) for node in graph.nodes]))

    return aligned(a), aligned(b)


def changed_calls(before: Iterable[Node], after: Iterable[Node]) -> list[str]:
    """``Conv2d 9 → 12`` for each kind of call that one has more of; else how many calls have other sizes."""
    a, b = Counter(map(_look, before)), Counter(map(_look, after))
    if a == b:
        return []
    kinds_a, kinds_b = _by_kind(a), _by_kind(b)
    changes = [
        f"{kind} {kinds_a[kind]} → {kinds_b[kind]}" for kind in kinds_a | kinds_b if kinds_a[kind] != kinds_b[kind]
    ]
    return changes or [f"{counted((a - b).total(), 'call')} of other sizes"]


def _look(node: Node) -> tuple[object, ...]:
    """What a call computes, whatever its name and wherever it writes."""
    return node.kind, node.op.detail, node.ins, node.out, tuple(node.op.params().values())


def _by_kind(calls: Counter[tuple[object, ...]]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for (kind, *_), times in calls.items():
        kinds[str(kind)] += times
    return kinds
