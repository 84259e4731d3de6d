"""Which calls write their output over their input, as torchvision's ReLUs and sums do."""

from resnet_inspect.graph.graph import Graph


def in_place(graph: Graph) -> set[int]:
    """Positions of the calls that overwrite their input: no other call reads it, and backward does not need it.

    A module called twice overwrites its input in both calls or in neither. Code has decided for itself.
    """
    if graph.held:
        return {position for position, node in enumerate(graph.nodes) if node.op.inplace}
    users = [0] * len(graph.nodes)
    calls: dict[str, list[int]] = {}
    for position, node in enumerate(graph.nodes):
        calls.setdefault(node.module or node.name, []).append(position)
        for i in node.inputs:
            users[i] += 1

    def may_overwrite(position: int) -> bool:
        node = graph.nodes[position]
        if not node.op.inplace:
            return False
        source = node.inputs[0]
        return users[source] == 1 and not graph.nodes[source].op.saves_output

    return {i for positions in calls.values() if all(map(may_overwrite, positions)) for i in positions}
