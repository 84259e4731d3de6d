"""A net as it is told: each stage's distinct blocks, once each, with the two paths through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from resnet_inspect.explainer.speech import Voice
from resnet_inspect.graph import Graph, Node, TensorType
from resnet_inspect.graph.facts.blocks import ATTENTION_NAMES, block_name, blocks_by_stage, projecting
from resnet_inspect.graph.facts.work import Work, block_of, stage_of, sum_of, work_by
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import BatchNorm2d, GroupNorm
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d
from resnet_inspect.language import marked
from resnet_inspect.resnet.spec import ResNetSpec

BESIDE = ("downsample", "subsample", "pad")  # what the calls of a shortcut are named
# The values of BLOCK_NAMES, for the catalogue.
NAMES = (
    marked("bottleneck"),
    marked("basic block"),
    marked("pre-activation bottleneck"),
    marked("pre-activation basic block"),
)
PER_BLOCK = {"bottleneck": 3, "basic": 2}


@dataclass(frozen=True, slots=True)
class Kind:
    """Equal blocks of one stage. ``places`` are theirs in the stage, from 0; ``nodes`` are the first one's."""

    stage: str
    places: tuple[int, ...]
    nodes: tuple[Node, ...]
    name: str
    projects: bool

    @property
    def path(self) -> str:
        return f"{self.stage}.{self.places[0]}"

    def called(self, node: Node) -> str:
        """The node's name inside the block."""
        return node.name[len(self.path) + 1 :]

    @property
    def source(self) -> TensorType:
        return self.nodes[0].ins[0]

    @property
    def out(self) -> TensorType:
        return self.nodes[-1].out

    @property
    def residual(self) -> tuple[Node, ...]:
        """What changes the shape on the residual path, attention apart."""
        return tuple(
            node
            for node in self.nodes
            if isinstance(node.op, Conv2d | AvgPool2d | BlurPool2d)
            and not self.called(node).startswith((*BESIDE, "se."))
        )

    @property
    def convs(self) -> tuple[Node, ...]:
        return tuple(node for node in self.residual if isinstance(node.op, Conv2d))

    @property
    def spatial(self) -> tuple[Node, Conv2d]:
        """The first 3×3 and its operation."""
        return next((node, op) for node in self.convs if isinstance(op := node.op, Conv2d) and op.kernel_size == 3)

    @property
    def shortcut(self) -> tuple[Node, ...]:
        """What stands on the shortcut, norms and places held by nothing apart."""
        return tuple(
            node
            for node in self.nodes
            if self.called(node).startswith(BESIDE) and node.kind not in ("BatchNorm2d", "GroupNorm", "Identity")
        )

    @property
    def attention(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if self.called(node).startswith("se."))

    @property
    def width(self) -> int:
        """Channels of a bottleneck's 3×3, or of a basic block's first."""
        return self.convs[0].out.shape[1]

    @property
    def stride(self) -> int:
        return prod(stride_of(node) for node in self.residual)

    @property
    def signature(self) -> tuple[int, ...]:
        """(C, width, C_out, stride) of a bottleneck, (C, C_out, stride) of a basic block."""
        width = (self.width,) if len(self.convs) == PER_BLOCK["bottleneck"] else ()
        return (self.source.shape[1], *width, self.out.shape[1], self.stride)

    @property
    def params(self) -> int:
        return sum({node.module: node.params for node in self.nodes if node.module}.values())

    @property
    def macs(self) -> int:
        return sum(node.macs for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Net:
    """What a lesson speaks of; ``kinds`` and ``works`` are by stage."""

    spec: ResNetSpec
    graph: Graph
    kinds: dict[str, list[Kind]]
    works: dict[str, Work]
    total: Work

    @property
    def first(self) -> Kind:
        return next(iter(self.kinds.values()))[0]

    @property
    def usual(self) -> Kind:
        """The block that a lesson shows: the one the first stage repeats, or its only one."""
        return next(iter(self.kinds.values()))[-1]

    @property
    def blocks(self) -> int:
        return sum(len(kind.places) for kinds in self.kinds.values() for kind in kinds)

    def nodes(self, stage: str) -> list[Node]:
        return [node for node in self.graph.nodes if node.stage == stage]


def net_of(spec: ResNetSpec, graph: Graph) -> Net:
    works = work_by(graph, stage_of)
    nodes: dict[str, list[Node]] = {}
    for node in graph.nodes[1:]:
        nodes.setdefault(block_of(node), []).append(node)
    with_convolution = projecting(graph)
    kinds = {
        stage: _kinds(graph, stage, blocks, nodes, with_convolution)
        for stage, blocks in blocks_by_stage(graph).items()
        if blocks
    }
    return Net(spec, graph, kinds, works, sum_of(works))


def named(kind: Kind, say: Voice) -> str:
    """``SE bottleneck``: the attention's name is one in every language."""
    attention, _, rest = kind.name.partition(" ")
    return f"{attention} {say(rest)}" if attention in ATTENTION_NAMES.values() else say(kind.name)


def stride_of(node: Node) -> int:
    match node.op:
        case Conv2d() | AvgPool2d() | BlurPool2d():
            return node.op.stride
    return 1


def norms(nodes: Sequence[Node]) -> list[int]:
    """Channels of each normalisation."""
    return [node.out.shape[1] for node in nodes if isinstance(node.op, BatchNorm2d | GroupNorm)]


def _kinds(
    graph: Graph, stage: str, blocks: list[str], nodes: dict[str, list[Node]], with_convolution: set[str]
) -> list[Kind]:
    """Blocks of equal calls on equal shapes are one kind, in the order of their first."""
    places: dict[tuple[object, ...], list[int]] = {}
    for place, block in enumerate(blocks):
        key = tuple((node.op, node.out.shape) for node in nodes[block])
        places.setdefault((nodes[block][0].ins[0].shape, *key), []).append(place)
    found = []
    for at in places.values():
        block = blocks[at[0]]
        kind = block_name(graph, block)
        found.append(Kind(stage, tuple(at), tuple(nodes[block]), kind, block in with_convolution))
    return found
