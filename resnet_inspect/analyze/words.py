"""What the parts of a graph are called in a report."""

from collections import Counter
from collections.abc import Iterable

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pool import AvgPool2d, MaxPool2d

BLOCK_NAMES = {
    "Bottleneck": "bottleneck",
    "BasicBlock": "basic block",
    "PreActBottleneck": "pre-activation bottleneck",
    "PreActBasic": "pre-activation basic block",
}
ATTENTION_NAMES = {"SEModule": "SE", "EcaModule": "ECA", "CbamModule": "CBAM"}


def alias(stage: str) -> str:
    """The stage's name in table 1 of the ResNet paper: conv1, conv2_x, ..."""
    if stage.startswith("layer"):
        return f"conv{int(stage[5:]) + 1}_x"
    return {"stem": "conv1", "head": "fc"}[stage]


def blocks_by_stage(graph: Graph) -> dict[str, list[str]]:
    """Paths of the residual blocks of each stage; stem and head have none."""
    blocks: dict[str, list[str]] = {stage: [] for stage in graph.stages}
    for path in graph.containers:
        stage, _, index = path.partition(".")
        if stage.startswith("layer") and index.isdigit():
            blocks[stage].append(path)
    return blocks


def block_name(graph: Graph, block: str) -> str:
    """``SE bottleneck``: the block's kind and its attention, if any."""
    kind = BLOCK_NAMES[graph.containers[block]]
    attention = graph.containers.get(f"{block}.se")
    return f"{ATTENTION_NAMES[attention]} {kind}" if attention else kind


def projects(graph: Graph, block: str) -> bool:
    """Whether the block's shortcut has a convolution."""
    return f"{block}.downsample" in graph.containers


def made_of(graph: Graph, blocks: list[str]) -> str:
    """``bottleneck ×3, first one projects``."""
    kinds = Counter(block_name(graph, block) for block in blocks)
    text = ", ".join(f"{kind} ×{n}" for kind, n in kinds.items())
    projecting = [block for block in blocks if projects(graph, block)]
    if not projecting:
        return text
    if len(projecting) == len(blocks):
        return f"{text}, {'each' if len(blocks) > 1 else 'it'} projects"
    if projecting == blocks[:1]:
        return f"{text}, first one projects"
    return f"{text}, {len(projecting)} project"


def calls(nodes: Iterable[Node]) -> str:
    """``7×7 conv /2, max pool /2``: the calls of a stem or head that change the shape."""
    return ", ".join(filter(None, map(_call, nodes)))


def _call(node: Node) -> str:
    match node.op:
        case Conv2d(kernel_size=k, stride=s):
            return f"{k}×{k} conv" + (f" /{s}" if s > 1 else "")
        case MaxPool2d(stride=s):
            return "max pool" + (f" /{s}" if s > 1 else "")
        case AvgPool2d(stride=s):
            return f"avg pool /{s}"
    return {"AdaptiveAvgPool2d": "avg pool", "Linear": "fc", "BlurPool2d": "blur /2"}.get(node.kind, "")
