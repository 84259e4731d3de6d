"""How a library writes a net down: what other tools count depends on it, what the net computes does not.

torchvision calls a block's one ReLU three times, timm gives it three; timm's pre-activation nets join norm and ReLU in
a class of their own, which a tool that knows torch's classes by name does not see.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from resnet_inspect.graph import Graph, Node, TensorType
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import ReLU
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d, MaxPool2d


@dataclass(frozen=True, slots=True)
class Call:
    """One operation as it is written.

    ``kind`` is what runs: the kind of ``node`` unless it is written otherwise, or ``Conv2d bias`` and the like for the
    part of it that tools count apart. ``by`` is the class of the module that performs it, empty for a function;
    ``last`` is whether that module is not called again.
    """

    kind: str
    node: Node
    by: str
    last: bool = True


@dataclass(frozen=True, slots=True)
class Writing:
    """A library's ways.

    Attributes:
        relu: a block calls one module each time, has a module a call, or calls a function.
        last_pool: the global pool is adaptive, a pool of the size it meets, or the function of such a pool.
        squeeze_by_pool: the squeeze of an attention module is a pool's, not a mean.
        pads_before_pool: the stem's pool reads an image that a module of its own has padded.
        relu_before_se: a basic block has one ReLU more, between its last norm and the squeeze.
        classes: the modules' classes where they are not torch's own, by kind of operation.
    """

    relu: Literal["shared", "own", "function"] = "own"
    last_pool: Literal["adaptive", "sized", "function"] = "adaptive"
    squeeze_by_pool: bool = False
    pads_before_pool: bool = False
    relu_before_se: bool = False
    classes: Mapping[str, str] = field(default_factory=dict)


NORM_ACT = {"BatchNorm2d": "BatchNormAct2d", "GroupNorm": "GroupNormAct"}
# A zoo entry names the one it is known by; ``build`` writes as torchvision.
WRITINGS: dict[str, Writing] = {
    "torchvision": Writing(relu="shared"),
    "timm": Writing(classes={"GroupNorm": "timm.GroupNorm"}),
    "timm.resnetv2": Writing(classes=NORM_ACT),
    "timm.resnetv2-bit": Writing(pads_before_pool=True, classes={**NORM_ACT, "Conv2d": "StdConv2d"}),
    "timm.byobnet": Writing(classes=NORM_ACT),
    "timm.senet": Writing(relu="shared", relu_before_se=True),
    "pytorchcv": Writing(last_pool="sized", squeeze_by_pool=True),
    "kuangliu": Writing(relu="function", last_pool="function"),
}


def as_written(graph: Graph, writing: str = "torchvision") -> list[Call]:
    """The calls of ``graph`` in the order they run, as the library of that name writes them."""
    how = WRITINGS[writing]
    last_call = {node.module: node.name for node in graph.nodes if node.module}
    calls: list[Call] = []
    for node in graph.nodes[1:]:
        kind, by = _named(node, how)
        if how.pads_before_pool and isinstance(node.op, MaxPool2d):
            node = replace(node, ins=(_padded(node.ins[0], node.op.padding),))
        own = not by or (kind == "ReLU" and how.relu == "own")
        call = Call(kind, node, by, own or last_call.get(node.module) in (None, node.name))
        calls += [call, *_apart(call)]
        if how.relu_before_se and graph.containers.get(node.name.removesuffix(".bn2")) == "BasicBlock":
            calls.append(Call("ReLU", node, "ReLU", last=False))
    return calls


def _named(node: Node, how: Writing) -> tuple[str, str]:
    """The kind of operation, and the class of the module that performs it."""
    kind, module = node.kind, bool(node.module)
    if kind == "Mean" and how.squeeze_by_pool and node.out.shape[2:] == (1, 1):
        return "AdaptiveAvgPool2d", "AdaptiveAvgPool2d"
    if isinstance(node.op, ReLU) and how.relu == "function":
        module = False
    if isinstance(node.op, AdaptiveAvgPool2d) and node.stage == "head" and how.last_pool != "adaptive":
        kind, module = "AvgPool2d", how.last_pool == "sized"
    classifier = node.stage == "head" and isinstance(node.op, Conv2d)  # always a plain one
    return kind, (kind if classifier else how.classes.get(kind, kind)) if module else ""


def _apart(call: Call) -> Iterator[Call]:
    """What tools count apart from the multiply-accumulates of a convolution or linear layer."""
    if call.by == "StdConv2d":
        yield Call("weight standardisation", call.node, "")
    if isinstance(call.node.op, Conv2d | Linear) and call.node.op.bias:
        yield Call(f"{call.kind} bias", call.node, f"{call.by} bias", call.last)


def _padded(image: TensorType, padding: int) -> TensorType:
    n, c, h, w = image.shape
    return TensorType((n, c, h + 2 * padding, w + 2 * padding), image.dtype)
