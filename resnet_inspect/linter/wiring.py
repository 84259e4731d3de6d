"""Rules on the order of the layers: a bias that is cancelled, a norm, activation or projection that is missing."""

from collections.abc import Iterator

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.blocks import blocks_by_stage
from resnet_inspect.graph.facts.module_tree import enclosing
from resnet_inspect.graph.ops.gate import Cat, Conv1d, Reshape, Sigmoid
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import (
    Activation,
    Add,
    BatchNorm2d,
    Clone,
    Dropout,
    GroupNorm,
    Identity,
    ReLU,
    Scale,
)
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d, GlobalPool, MaxPool2d
from resnet_inspect.graph.ops.reshape import Flatten, Pad, Slice, Subsample
from resnet_inspect.linter.rule import SMALL_IMAGE, Hit, Subject, name_span
from resnet_inspect.units import text

# Calls that are linear in inference, or choose among values: between two convolutions they are no activation.
LINEAR_WITHOUT_NORM = (AvgPool2d, BlurPool2d, Clone, Dropout, Identity, MaxPool2d, Pad, Scale, Subsample)
LINEAR = (BatchNorm2d, GroupNorm, *LINEAR_WITHOUT_NORM)
# Calls of a residual branch that neither are linear nor can normalise.
NEITHER = (Activation, Add, Cat, Conv1d, Flatten, GlobalPool, ReLU, Reshape, Sigmoid, Slice)
AFTER_A_POOL = (Linear, Conv2d, Flatten, Reshape, Dropout, Identity)  # where a norm has no place any more


def cancelled_bias(subject: Subject) -> Iterator[Hit]:
    """A bias that BatchNorm cancels

    BatchNorm subtracts each channel's mean over the batch. A bias of the convolution before it adds
    the same value to the whole channel. So the bias is part of that mean and disappears with it.

    In training, the output does not depend on such a bias at all, and its gradient is zero. In eval
    mode the running mean replaces the batch's mean. It contains the same bias, so `running_mean -
    bias` without the bias gives the same net. BatchNorm's own `bias`, added after the scale, does
    the work. In a pre-activation net the bias may first travel along identity shortcuts; every norm
    that it reaches cancels it. GroupNorm takes the mean of many channels, so there a bias survives.

    Biases cost little (4,736 of ResNet-18's 11.7 M parameters). But each adds an argument to a
    call, a state to the optimizer and an entry to every checkpoint. Write `nn.Conv2d(...,
    bias=False)` wherever BatchNorm follows, as Ioffe and Szegedy advise (arXiv:1502.03167, section
    3.2) and torchvision does. Keep the bias where no BatchNorm follows, or where BatchNorm is
    folded into the convolution.
    """
    graph = subject.graph
    biased = [node for node in graph.nodes if isinstance(node.op, Conv2d) and node.op.bias]
    cancelled = find_cancelled_shifts(graph)
    idle = [node for i, node in enumerate(graph.nodes) if cancelled[i] and isinstance(node.op, Conv2d) and node.op.bias]
    if idle:
        params = sum(node.out.shape[1] for node in idle)
        values = {"count": f"{len(idle)}", "all": f"{len(biased)}", "params": text(params, "integer")}
        yield Hit(name_span([node.name for node in idle]), values)


def _find_readers(graph: Graph) -> list[list[int]]:
    """For each node, the positions of the nodes that read its output."""
    positions: list[list[int]] = [[] for _ in graph.nodes]
    for position, node in enumerate(graph.nodes):
        for i in node.inputs:
            positions[i].append(position)
    return positions


def find_cancelled_shifts(graph: Graph) -> list[bool]:
    """For each node, whether a constant added to a channel of its output changes nothing that follows.

    That holds if each reader is a BatchNorm, or passes the constant on to BatchNorms alone: a sum, or a pool without
    zero padding. In a pre-activation net the constant travels along the identities to the last norm.
    """
    reading = _find_readers(graph)
    cancelled = [False] * len(graph.nodes)
    for i in reversed(range(len(graph.nodes))):
        cancelled[i] = bool(reading[i]) and all(
            isinstance(graph.nodes[j].op, BatchNorm2d) or (_passes_shift(graph.nodes[j]) and cancelled[j])
            for j in reading[i]
        )
    return cancelled


def _passes_shift(node: Node) -> bool:
    match node.op:
        case (
            Add()
            | Identity()
            | MaxPool2d()
            | AvgPool2d()
            | BlurPool2d()
            | Subsample()
            | Pad(right=0, bottom=0, before=0)
        ):
            return True
    return False


def no_stem_activation(subject: Subject) -> Iterator[Hit]:
    """No activation after the stem

    The stem's convolution and the first convolution of the first block follow each other without a
    ReLU. A convolution is linear, a norm at inference is too, and a chain of linear maps is one
    linear map. Only the max pool, where there is one, separates the two. Without it, a larger
    kernel in the first convolution could do all that the second does.

    He et al. 2015 (arXiv:1512.03385, section 3.4) put a norm after each convolution and an
    activation after the norm. A pre-activation net has both at the start of its first block.
    Nothing reports a missing activation: shapes, parameters and MACs stay the same.

    Put a ReLU after the stem's norm. It has no parameters and no MACs.
    """
    graph, reading = subject.graph, _find_readers(subject.graph)
    spec = subject.spec
    setting = "stem_act=true" if spec and spec.has_stem_norm_act else "stem_norm_act=true"
    if spec and spec.stem_bare:
        setting = "stem_bare=0"
    for i, node in enumerate(graph.nodes):
        if node.stage == "stem" and isinstance(node.op, Conv2d):
            follower = _find_next_convolution(graph, reading, i)
            if follower is not None:
                yield Hit(node.name, {"next": graph.nodes[follower].name, "setting": setting})


def _find_next_convolution(graph: Graph, reading: list[list[int]], start: int) -> int | None:
    """The first convolution that the output of ``start`` reaches through linear calls and pools alone."""
    ahead = list(reading[start])
    while ahead:
        i = ahead.pop(0)
        if isinstance(graph.nodes[i].op, Conv2d):
            return i
        if isinstance(graph.nodes[i].op, LINEAR):
            ahead += reading[i]
    return None


def missing_projection(subject: Subject) -> Iterator[Hit]:
    """A shortcut without a projection where the shape changes

    A sum needs two tensors of the same shape. Where a block changes the shape, its shortcut must
    change it too. Shortcut B does so with a 1×1 convolution. Shortcut A has no weights: it drops
    pixels and fills the new channels with zeros. A cannot reduce the channels; such a net cannot be
    built at all.

    In the zero channels the block has no residual to learn. He et al. 2015 (arXiv:1512.03385, table
    3) report 24.52% top-1 error with B and 25.03% with A for ResNet-34. A bottleneck's first block
    goes from 64 to 256 channels, so three quarters of its shortcut would be zeros.

    Project where the shape changes. For images under 64 pixels the paper keeps A, so that its nets
    have as many parameters as the plain nets that it compares them with. There the rule reports
    only shortcuts that are mostly zeros. A pyramid net widens in every block and is padded by design.
    """
    if subject.spec and subject.spec.order == "pyramid":
        return
    graph = subject.graph
    padded = [
        node
        for node in graph.nodes
        if isinstance(node.op, Pad) and any(node.op.channels) and subject.is_on_shortcut(node)
    ]
    if not padded:
        return
    share = max(1 - node.ins[0].shape[1] / node.out.shape[1] for node in padded)
    if share <= 0.5 and min(subject.image) < SMALL_IMAGE:
        return
    params, macs = subject.extra_cost_of(subject.change(shortcut="B"))
    values = {"share": text(share, "share"), "params": params, "macs": macs}
    yield Hit(name_span([node.name.rpartition(".")[0] or node.name for node in padded]), values)


def missing_norm(subject: Subject) -> Iterator[Hit]:
    """A residual branch without normalisation

    Each block adds its branch to its input. Without a norm in the branch, the variance of the sum
    grows with every block. It doubles where both addends have the same variance: a thousandfold
    after ten blocks. With He's initialisation, activations and gradients leave the range that
    trains.

    With BatchNorm a branch starts as a small correction. De and Smith (arXiv:2002.10444) show that
    BatchNorm scales the branch down by the square root of the depth, which lets deep nets train.

    Give each branch a norm: BatchNorm, or GroupNorm for small batches (with 2 images, its error is
    10.6% lower: arXiv:1803.08494). To do without norms, scale the branches as Fixup
    (arXiv:1901.09321) or NF-ResNets (arXiv:2101.08692) do. A net whose BatchNorms are folded into
    its convolutions is fine as long as it is not trained.
    """
    blocks = [block for names in blocks_by_stage(subject.graph).values() for block in names]
    inside: dict[str, list[Node]] = {block: [] for block in blocks}
    for node in subject.graph.nodes:
        for path in enclosing(node.name):
            if path in inside:
                inside[path].append(node)
    residual = [block for block in blocks if any(isinstance(node.op, Add) for node in inside[block])]
    bare = [block for block in residual if not any(_may_normalise(subject, node) for node in inside[block])]
    if bare:
        yield Hit(name_span(bare), {"count": f"{len(bare)}", "all": f"{len(residual)}"})


def _may_normalise(subject: Subject, node: Node) -> bool:
    """Whether it normalises a branch, or does what no operation of this package does, as a norm written by hand."""
    if subject.is_in_gate(node) or subject.is_on_shortcut(node):
        return False
    if isinstance(node.op, Conv2d | Linear):
        return node.op.standardized
    return not isinstance(node.op, (*LINEAR_WITHOUT_NORM, *NEITHER))


def unfinished_preactivation(subject: Subject) -> Iterator[Hit]:
    """A last sum without normalisation

    In a pre-activation net, norm and ReLU come before the convolutions, so a block outputs a bare
    sum. The next block's norm takes it up, but no block follows the last one. Without a final norm,
    the pool averages values of both signs, on a scale that has grown with every block.

    He et al. 2016 (arXiv:1603.05027, appendix) put norm and ReLU after the last sum, before the
    pool. The PreActResNet of kuangliu/pytorch-cifar omits them, and many have copied it.

    Add them: two parameters per channel of the last stage.
    """
    for position, node in enumerate(subject.graph.nodes):
        if node.stage == "head" and isinstance(node.op, GlobalPool):
            last = subject.graph.nodes[node.inputs[0]]
            followers = [subject.graph.nodes[i].op for i in _find_readers(subject.graph)[position]]
            if isinstance(last.op, Add) and all(isinstance(op, AFTER_A_POOL) for op in followers):
                yield Hit(last.name, {"pool": node.name, "params": text(2 * last.out.shape[1], "integer")})
