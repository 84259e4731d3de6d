"""Names that reports give to the parts of a graph."""

from collections import Counter
from collections.abc import Callable, Container, Iterable
from functools import cache
from operator import attrgetter

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.module_tree import blocks_in, enclosing, list_of_blocks, module_tree
from resnet_inspect.graph.facts.work import stage_of
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import Add
from resnet_inspect.graph.ops.pool import AvgPool2d, MaxPool2d
from resnet_inspect.graph.ops.torch_call import TorchCall
from resnet_inspect.vocabulary import Depth

BLOCK_NAMES = {
    "Bottleneck": "bottleneck",
    "BasicBlock": "basic block",
    "PreActBottleneck": "pre-activation bottleneck",
    "PreActBasic": "pre-activation basic block",
    "SENetBottleneck": "half-width bottleneck",
    "PyramidBottleneck": "pyramid bottleneck",
    "PyramidBasic": "pyramid basic block",
    "Bottle2neck": "Res2Net bottleneck",
    "ResNestBottleneck": "ResNeSt bottleneck",
    "SelectiveKernelBottleneck": "selective-kernel bottleneck",
    "SelectiveKernelBasic": "selective-kernel basic block",
}
# Stages of a spec with layers outside their blocks, which one block does not outnumber.
FRAMES = ("CrossStage", "ResidualStage")
PAPER_NAMES = {
    "stem": "conv1",
    "layer1": "conv2_x",
    "layer2": "conv3_x",
    "layer3": "conv4_x",
    "layer4": "conv5_x",
    "head": "fc",
}
ATTENTION_NAMES = {
    "SEModule": "SE",
    "EcaModule": "ECA",
    "CbamModule": "CBAM",
    "GlobalContext": "GC",
    "DIAAttention": "DIA",
}


def alias(stage: str) -> str | None:
    """The stage's name in table 1 of the ResNet paper (conv1, conv2_x, ...), if it has one there."""
    return PAPER_NAMES.get(stage)


def blocks_by_stage(graph: Graph) -> dict[str, list[str]]:
    """Paths of each stage's blocks: the modules that its list repeats. Stem and head have none."""
    root, blocks_of_list = module_tree(graph), cache(list_of_blocks)

    def blocks_of(stage: str) -> list[str]:
        framed = graph.containers.get(stage) in FRAMES
        if named := [path for path in graph.containers if framed and _is_block_of(graph, stage, path)]:
            return named
        parent, module = root.find(stage.rpartition(".")[0]), root.find(stage)
        listed = blocks_of_list(parent) if parent else []
        blocks = [block for block in listed if graph.nodes[block.calls[0]].stage == stage]
        return [block.path for block in blocks or (blocks_in(module) if module else [])]

    return {stage: [] if stage in ("stem", "head") else blocks_of(stage) for stage in graph.stages}


def _is_block_of(graph: Graph, stage: str, path: str) -> bool:
    return path.startswith(f"{stage}.") and graph.containers[path] in BLOCK_NAMES


def row_of(graph: Graph, depth: Depth) -> Callable[[Node], str]:
    """The row of each call in a table with a row for each stage, block or call.

    In a table of blocks, stem, head and stages without blocks have one row each. A call of a stage outside its blocks
    belongs to the largest module around it that holds no block.
    """
    if depth == "stage":
        return stage_of
    if depth == "layer":
        return attrgetter("name")
    blocks = blocks_by_stage(graph)
    divided = {outer for stage, paths in blocks.items() for path in (stage, *paths) for outer in enclosing(path)}
    divided |= {stage for stage in blocks if blocks[stage] and stage not in blocks[stage]}

    def block_of(node: Node) -> str:
        if not blocks.get(node.stage):  # the input is in no stage
            return node.stage
        own = node.module if node.name.startswith(node.module or "-") else node.name  # blocks may share modules
        return next((path for path in (*enclosing(own), own) if path not in divided), node.name)

    return block_of


def block_name(graph: Graph, block: str) -> str:
    """The block's attention, if any, and its kind, as ``SE bottleneck``; in traced code, its class name."""
    kind = graph.containers.get(block, "Sequential")
    attention = ATTENTION_NAMES.get(graph.containers.get(f"{block}.se", ""))
    return f"{attention} {BLOCK_NAMES.get(kind, kind)}" if attention else BLOCK_NAMES.get(kind, kind)


def projecting(graph: Graph) -> set[str]:
    """Paths of the blocks whose shortcut has a convolution.

    The shortcut is the branch of the block's last sum that has fewer convolutions.
    """
    last = {node.name.rpartition(".")[0]: node for node in graph.nodes if isinstance(node.op, Add)}
    return {path for path, node in last.items() if min(_convolutions(graph, i, f"{path}.") for i in node.inputs)}


def _convolutions(graph: Graph, position: int, inside: str) -> int:
    """Convolutions on the path from the call at ``position`` back to the block's input."""
    count = 0
    while (node := graph.nodes[position]).name.startswith(inside):
        count += isinstance(node.op, Conv2d)
        if not node.inputs:
            break
        position = node.inputs[0]
    return count


def made_of(graph: Graph, blocks: list[str], with_convolution: Container[str]) -> str:
    """The blocks by kind and number, as ``bottleneck ×3, first one projects``."""
    kinds = Counter(block_name(graph, block) for block in blocks)
    text = ", ".join(f"{kind} ×{n}" for kind, n in kinds.items())
    project = [block for block in blocks if block in with_convolution]
    if not project:
        return text
    if len(project) == len(blocks):
        return f"{text}, {'each' if len(blocks) > 1 else 'it'} projects"
    if project == blocks[:1]:
        return f"{text}, first one projects"
    return f"{text}, {len(project)} project"


def calls(nodes: Iterable[Node]) -> str:
    """The calls of a stem or head that change the shape, as ``7×7 conv /2, max pool /2``."""
    return ", ".join(filter(None, map(_call, nodes)))


def _call(node: Node) -> str:
    match node.op:
        case Conv2d(kernel_size=k, stride=s):
            return f"{k}×{k} conv" + (f" /{s}" if s > 1 else "")
        case MaxPool2d(stride=s):
            return "max pool" + (f" /{s}" if s > 1 else "")
        case TorchCall(function=kind, multiplies=products, weighs=True) if products:
            return kind
        case AvgPool2d(stride=s):
            return f"avg pool /{s}"
    return {
        "AdaptiveAvgPool2d": "avg pool",
        "Linear": "fc",
        "BlurPool2d": "blur /2",
        "ScaledDotProductAttention": "attention",
    }.get(node.kind, "")
