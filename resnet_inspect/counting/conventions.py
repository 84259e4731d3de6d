"""How work is counted: a convention is a table from kinds of operation to rules.

A kind without a rule is not counted by that tool, and a count says which those were; a rule that gives 0 is a tool's
own declared zero. The rules of fvcore, thop and torch were read off the tools, in eval mode, at the versions named.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Literal

from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.gate import Conv1d, Mean
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import BatchNorm2d, GroupNorm, ReLU
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d, AvgPool2d, BlurPool2d, MaxPool2d

Rule = Callable[[Node], int]


@dataclass(frozen=True, slots=True)
class Convention:
    """A tool's or a field's way to count; ``unit`` is what one of its counts stands for."""

    name: str
    unit: Literal["MAC", "FLOP", "element"]
    version: str
    doc: str
    rules: Mapping[type[Op], Rule]


@dataclass(slots=True)
class Count:
    """A total, its parts by kind of operation, and the kinds for which the convention has no rule."""

    total: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    uncounted: dict[str, int] = field(default_factory=dict)


def count(convention: Convention, nodes: Iterable[Node]) -> Count:
    """The work of ``nodes`` as ``convention`` counts it; ``uncounted`` maps a kind to its number of calls."""
    result = Count()
    for node in nodes:
        rule = convention.rules.get(type(node.op))
        if rule is None:
            result.uncounted[node.kind] = result.uncounted.get(node.kind, 0) + 1
            continue
        work = rule(node)
        result.parts[node.kind] = result.parts.get(node.kind, 0) + work
        result.total += work
    return result


def _macs(node: Node) -> int:
    return node.macs


def _twice_macs(node: Node) -> int:
    return 2 * node.macs


def _macs_and_biases(node: Node) -> int:
    return node.macs + (node.out.numel if "bias" in node.op.params() else 0)


def _outputs(node: Node) -> int:
    return node.out.numel


def _inputs(times: int) -> Rule:
    return lambda node: times * node.ins[0].numel


def _blur_macs(node: Node) -> int:
    """The fixed 3×3 filter runs as a depthwise convolution, which a counter of calls cannot tell from a learned one."""
    return 9 * node.out.numel


def _global_mean(node: Node) -> int:
    """An addition an element and a division a mean."""
    return (prod(node.ins[0].shape[2:]) + 1) * node.out.numel


CONV_FC = Convention(
    "conv_fc",
    "MAC",
    "",
    "multiply-accumulates of convolutions and linear layers with learned weights: what papers call FLOPs",
    {Conv2d: _macs, Conv1d: _macs, Linear: _macs},
)
FVCORE = Convention(
    "fvcore",
    "MAC",
    "0.1.5.post20221221",
    "FlopCountAnalysis: MACs, and elements of norms and adaptive pools",
    {
        Conv2d: _macs,
        Conv1d: _macs,
        Linear: _macs,
        BatchNorm2d: _inputs(2),
        GroupNorm: _inputs(5),
        AdaptiveAvgPool2d: _inputs(1),
        BlurPool2d: _blur_macs,
    },
)
FVCORE_ACTIVATIONS = Convention(
    "fvcore_activations",
    "element",
    "0.1.5.post20221221",
    "ActivationCountAnalysis: output elements of any convolution or linear layer, learned or not",
    {Conv2d: _outputs, Conv1d: _outputs, Linear: _outputs, BlurPool2d: _outputs},
)
THOP = Convention(
    "thop",
    "MAC",
    "0.1.1.post2209072238",
    "profile: MACs, four operations an element of BatchNorm, additions of average pools; ReLU and max pool as zero",
    {
        Conv2d: _macs,
        Conv1d: _macs,
        Linear: _macs,
        BatchNorm2d: _inputs(4),
        AvgPool2d: lambda node: node.out.numel,
        AdaptiveAvgPool2d: _global_mean,
        ReLU: _inputs(0),
        MaxPool2d: _inputs(0),
    },
)
TORCH = Convention(
    "torch",
    "FLOP",
    "2.15.0",
    "FlopCounterMode: two FLOPs a multiply-accumulate of any convolution or matrix product, learned or not",
    {
        Conv2d: _twice_macs,
        Conv1d: _twice_macs,
        Linear: _twice_macs,
        BlurPool2d: lambda node: 2 * _blur_macs(node),
    },
)
# What mmpretrain's tables were made with; ptflops without its functional operations counts alike.
MMENGINE = Convention(
    "mmengine",
    "MAC",
    "mmcv 1.x",
    "get_model_complexity_info: MACs and biases, two operations an element of a norm, one of ReLU and of pools",
    {
        Conv2d: _macs_and_biases,
        Linear: _macs_and_biases,
        BatchNorm2d: _inputs(2),
        GroupNorm: _inputs(2),
        ReLU: _inputs(1),
        MaxPool2d: _inputs(1),
        AvgPool2d: _inputs(1),
        AdaptiveAvgPool2d: _inputs(1),
        Mean: _inputs(1),  # mmpretrain writes the squeeze of SE as a pool
    },
)


def training_flops(nodes: tuple[Node, ...], convention: Convention = CONV_FC) -> dict[int, int]:
    """FLOPs of a training step of each call with MACs, by its position: forward, and the two gradients of backward.

    A convolution costs as much again for its weights' gradient and as much for its input's, which the image does not
    need. With ``TORCH``, as FlopCounterMode (2.15) counts: a fixed filter has an input's gradient too, and the weights'
    gradient of a grouped convolution is taken for that of a full one, and so counted ``groups`` times.
    """
    steps: dict[int, int] = {}
    for position, node in enumerate(nodes):
        rule = convention.rules.get(type(node.op))
        if rule is None:
            continue
        forward = rule(node) if convention.unit == "FLOP" else 2 * rule(node)
        weights = int(bool(node.op.params()))
        if convention is TORCH and isinstance(node.op, Conv2d):
            weights = node.op.groups
        reads_image = node.inputs[0] == 0
        steps[position] = forward * (1 + weights + (not reads_image))
    return steps
