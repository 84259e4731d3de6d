"""The outline of a lesson: the distinct blocks of each stage, with the layers on their two paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph import Graph, Node, TensorType
from resnet_inspect.graph.facts.blocks import ATTENTION_NAMES, block_name, blocks_by_stage, projecting, row_of
from resnet_inspect.graph.facts.work import Work, stage_of, sum_of, work_by
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import BatchNorm2d, GroupNorm
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d
from resnet_inspect.language import marked
from resnet_inspect.resnet.spec import ResNetSpec

SHORTCUT_NAMES = ("downsample", "subsample", "pad")  # how the names of a shortcut's calls begin inside a block
# The block names that ``name_kind`` translates; the catalogue of translations finds them here.
TRANSLATED_NAMES = (
    marked("bottleneck"),
    marked("basic block"),
    marked("pre-activation bottleneck"),
    marked("pre-activation basic block"),
    marked("half-width bottleneck"),
    marked("pyramid bottleneck"),
    marked("pyramid basic block"),
    marked("Res2Net bottleneck"),
    marked("ResNeSt bottleneck"),
    marked("selective-kernel bottleneck"),
    marked("selective-kernel basic block"),
)
CONVOLUTIONS = {"bottleneck": 3, "basic": 2, "senet": 3}


@dataclass(frozen=True, slots=True)
class BlockKind:
    """Equal blocks of one stage: ``places`` are their positions in it, from 0; ``nodes`` are the nodes of the first.

    ``path_of_residual`` are those on the way from the block's input to its sum, of parallel ways the first.
    """

    stage: str
    places: tuple[int, ...]
    nodes: tuple[Node, ...]
    path_of_residual: tuple[Node, ...]
    name: str
    projects: bool

    @property
    def path(self) -> str:
        return f"{self.stage}.{self.places[0]}"

    def name_inside(self, node: Node) -> str:
        """``conv1`` for the node ``layer1.0.conv1``."""
        return node.name[len(self.path) + 1 :]

    @property
    def source(self) -> TensorType:
        return self.nodes[0].ins[0]

    @property
    def out(self) -> TensorType:
        return self.nodes[-1].out

    @property
    def residual(self) -> tuple[Node, ...]:
        """The convolutions and pools of the residual path, without attention."""
        return tuple(node for node in self.path_of_residual if isinstance(node.op, Conv2d | AvgPool2d | BlurPool2d))

    @property
    def convs(self) -> tuple[Node, ...]:
        return tuple(node for node in self.residual if isinstance(node.op, Conv2d))

    @property
    def spatial(self) -> tuple[Node, Conv2d]:
        """The node of the first 3×3 and its operation."""
        return next((node, op) for node in self.convs if isinstance(op := node.op, Conv2d) and op.kernel_size == 3)

    @property
    def shortcut(self) -> tuple[Node, ...]:
        """The calls of the shortcut that compute something, without norms and identities."""
        return tuple(
            node
            for node in self.nodes
            if self.name_inside(node).startswith(SHORTCUT_NAMES)
            and node.kind not in ("BatchNorm2d", "GroupNorm", "Identity")
        )

    @property
    def attention(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if self.name_inside(node).startswith("se."))

    @property
    def width(self) -> int:
        """Channels that the last convolution reads: a bottleneck's width, a basic block's planes."""
        return self.convs[-1].ins[0].shape[1]

    @property
    def stride(self) -> int:
        return prod(stride_of(node) for node in self.residual)

    @property
    def signature(self) -> tuple[int, ...]:
        """(C, width, C_out, stride) of a bottleneck, (C, C_out, stride) of a basic block."""
        width = (self.width,) if len(self.convs) == CONVOLUTIONS["bottleneck"] else ()
        return (self.source.shape[1], *width, self.out.shape[1], self.stride)

    @property
    def params(self) -> int:
        return sum({node.module: node.params for node in self.nodes if self.owns(node)}.values())

    def owns(self, node: Node) -> bool:
        """Whether the node's weights are the block's own, and not shared with an earlier block."""
        return node.module.startswith(f"{self.path}.")

    @property
    def macs(self) -> int:
        return sum(node.macs for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Outline:
    """A net as a lesson explains it; ``kinds`` and ``works`` are by stage."""

    spec: ResNetSpec
    graph: Graph
    kinds: dict[str, list[BlockKind]]
    works: dict[str, Work]
    total: Work

    @property
    def first(self) -> BlockKind:
        return next(iter(self.kinds.values()))[0]

    @property
    def usual(self) -> BlockKind:
        """The example block of a lesson: the block that the first stage repeats, or its only one."""
        return next(iter(self.kinds.values()))[-1]

    @property
    def blocks(self) -> int:
        return sum(len(kind.places) for kinds in self.kinds.values() for kind in kinds)

    def nodes(self, stage: str) -> list[Node]:
        return [node for node in self.graph.nodes if node.stage == stage]


def outline(spec: ResNetSpec, graph: Graph) -> Outline:
    """Outlines ``graph``, which is ``spec`` lowered."""
    works = work_by(graph, stage_of)
    nodes: dict[str, list[Node]] = {}
    block_of = row_of(graph, "block")
    for node in graph.nodes[1:]:
        nodes.setdefault(block_of(node), []).append(node)
    projections = projecting(graph)
    kinds = {
        stage: _group_equal(graph, stage, blocks, nodes, projections)
        for stage, blocks in blocks_by_stage(graph).items()
        if blocks
    }
    return Outline(spec, graph, kinds, works, sum_of(works))


def name_kind(kind: BlockKind, say: Speaker) -> str:
    """``SE bottleneck``: the name of the attention stays the same in every language."""
    attention, _, rest = kind.name.partition(" ")
    return f"{attention} {say(rest)}" if attention in ATTENTION_NAMES.values() else say(kind.name)


def stride_of(node: Node) -> int:
    match node.op:
        case Conv2d() | AvgPool2d() | BlurPool2d():
            return node.op.stride
    return 1


def norm_channels(nodes: Sequence[Node]) -> list[int]:
    """The channels of each normalisation among ``nodes``."""
    return [node.out.shape[1] for node in nodes if isinstance(node.op, BatchNorm2d | GroupNorm)]


def _path_of_residual(graph: Graph, block: str) -> list[Node]:
    """The calls from the sum of ``block`` back to its input, in the order they run."""
    inside = f"{block}."
    total = max(i for i, node in enumerate(graph.nodes) if node.name == f"{inside}add")
    path, position = [], graph.nodes[total].inputs[0]
    while (node := graph.nodes[position]).name.startswith(inside):
        path.append(node)
        position = node.inputs[0]
    return path[::-1]


def _group_equal(
    graph: Graph, stage: str, blocks: list[str], nodes: dict[str, list[Node]], projections: set[str]
) -> list[BlockKind]:
    """Groups blocks with equal calls on equal shapes, in the order of the first block of each group."""
    places: dict[tuple[object, ...], list[int]] = {}
    for place, block in enumerate(blocks):
        key = tuple((node.op, node.out.shape) for node in nodes[block])
        places.setdefault((nodes[block][0].ins[0].shape, *key), []).append(place)
    kinds = []
    for equal in places.values():
        first = blocks[equal[0]]
        name = block_name(graph, first)
        path = tuple(_path_of_residual(graph, first))
        kinds.append(BlockKind(stage, tuple(equal), tuple(nodes[first]), path, name, first in projections))
    return kinds
