"""Which stage each call of traced code belongs to."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.pointwise import Add


def staged(nodes: Sequence[Node]) -> Iterator[Node]:
    """The calls with their stages: a stage contains blocks, and a block computes a sum.

    Calls before the first stage are the stem, calls after the last stage the head. Any other call belongs to the stage
    before it.
    """
    blocks = [node.name.rpartition(".")[0] for node in nodes if isinstance(node.op, Add)]
    holders = {block.rpartition(".")[0] or block for block in blocks if block}
    stages = [holder for holder in holders if not any(holder.startswith(f"{outer}.") for outer in holders)]

    def own(node: Node) -> str:
        if not stages:
            return node.name.partition(".")[0]
        return next((stage for stage in stages if node.name.startswith(f"{stage}.")), "")

    last = max((i for i, node in enumerate(nodes) if own(node)), default=0)
    stage = "stem"
    for i, node in enumerate(nodes):
        stage = "head" if i > last else own(node) or stage
        yield replace(node, stage=stage if i else "")
