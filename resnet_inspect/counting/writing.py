"""How a network is laid out in modules: tools that count modules depend on it, the outputs do not.

A family of specs names its library, which sets the layout. Code has its own, which was traced.

torchvision calls one ReLU module three times in a block, where timm has three modules. timm's pre-activation nets put
norm and ReLU into one class, and a tool that knows torch's classes by name does not see it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from resnet_inspect.graph import Graph, Node, TensorType
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Activation, Input, ReLU
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d, MaxPool2d


@dataclass(frozen=True, slots=True)
class Call:
    """One operation in a library's module layout.

    ``kind`` is the operation that runs: the kind of ``node``, unless the library runs another. Tools count biases
    apart, so that ``Conv2d bias`` is a call of its own. ``by`` is the class of the module that performs the call,
    empty for a function. ``last`` is whether this is the module's last call.
    """

    kind: str
    node: Node
    by: str
    last: bool = True


class Layout(NamedTuple):
    """The calls of a network in a module layout; ``name`` is the library's that has it, or says that it is code's."""

    name: str
    calls: list[Call]


@dataclass(frozen=True, slots=True)
class Writing:
    """How a library lays out modules.

    Attributes:
        relu: a block's ReLUs are one shared module, a module each, or a function.
        last_pool: the global pool is adaptive, or a pool of the size of its input, as a module or as a function.
        squeeze_by_pool: an attention module squeezes by an adaptive pool instead of a mean.
        pads_before_pool: a module pads the image before the stem's pool.
        relu_before_se: a basic block has one more ReLU, between its last norm and the squeeze.
        classes: the modules' classes by kind of operation, where they are not torch's own.
        functions: names of functions by kind of operation, where they are not in torch.nn.functional.
        classes_at: a pattern of the paths of the modules to which ``classes`` applies.
    """

    relu: Literal["shared", "own", "function"] = "own"
    last_pool: Literal["adaptive", "sized", "function"] = "adaptive"
    squeeze_by_pool: bool = False
    pads_before_pool: bool = False
    relu_before_se: bool = False
    classes: Mapping[str, str] = field(default_factory=dict)
    classes_at: str = ""
    functions: Mapping[str, str] = field(default_factory=dict)


NO_CLASSES: Mapping[str, str] = {}
STANDARDISATIONS = {"StdConv2d": "weight standardisation", "ScaledStdConv2d": "scaled weight standardisation"}
NORM_ACT = {"BatchNorm2d": "BatchNormAct2d", "GroupNorm": "GroupNormAct"}
# A zoo family names its library; ``build`` lays modules out as torchvision does.
WRITINGS: dict[str, Writing] = {
    "torchvision": Writing(relu="shared"),
    "torchvision.regnet": Writing(squeeze_by_pool=True),
    "timm": Writing(classes={"GroupNorm": "timm.GroupNorm"}),
    "timm.resnetv2": Writing(classes=NORM_ACT),
    "timm.resnetv2-bit": Writing(pads_before_pool=True, classes={**NORM_ACT, "Conv2d": "StdConv2d"}),
    "timm.nfnet": Writing(classes={"Conv2d": "ScaledStdConv2d"}, classes_at=r"^(?!.*\.se\.)"),
    "timm.byobnet": Writing(classes={**NORM_ACT, "GroupNorm": "LayerNorm2d"}, classes_at=r"^(?!head_norm)"),
    "timm.sknet": Writing(
        classes=NORM_ACT, classes_at=r"^layer.*\.(bn\d|paths_\d_bn)$", functions={"Softmax": "torch.softmax"}
    ),
    "timm.senet": Writing(relu="shared", relu_before_se=True),
    "pytorchcv": Writing(last_pool="sized", squeeze_by_pool=True),
    "kuangliu": Writing(relu="function", last_pool="function"),
}


def as_written(graph: Graph, writing: str = "torchvision") -> list[Call]:
    """The calls of ``graph`` in the order they run, in the module layout of the library ``writing``."""
    layout = WRITINGS[writing]
    last_call = {node.module: node.name for node in graph.nodes if node.module}
    calls: list[Call] = []
    for node in graph.nodes[1:]:
        kind, by = _named(node, layout)
        if layout.pads_before_pool and isinstance(node.op, MaxPool2d):
            node = replace(node, ins=(_padded(node.ins[0], node.op.padding),))
        own = not by or (kind == "ReLU" and layout.relu == "own")
        call = Call(kind, node, by, own or last_call.get(node.module) in (None, node.name))
        calls += [call, *_extra_calls(call)]
        if layout.relu_before_se and graph.containers.get(node.name.removesuffix(".bn2")) == "BasicBlock":
            calls.append(Call("ReLU", node, "ReLU", last=False))
    return calls


def as_traced(graph: Graph, classes: Mapping[str, str] = NO_CLASSES) -> list[Call]:
    """The calls of ``graph`` in the modules that were traced.

    ``classes`` names the class of each module by its path, where it is not the kind of its operation: ``StdConv2d``,
    and ``timm.GroupNorm`` where torch has a class of that name.
    """
    last_call = {node.module: node.name for node in graph.nodes if node.module}
    calls: list[Call] = []
    for node in graph.nodes:
        if isinstance(node.op, Input):
            continue
        kind = node.op.function if isinstance(node.op, Activation) else node.kind
        by = (classes.get(node.module) or graph.containers.get(node.module) or kind) if node.module else ""
        call = Call(kind, node, by, last_call.get(node.module) in (None, node.name))
        calls += [call, *_extra_calls(call)]
    return calls


def _named(node: Node, layout: Writing) -> tuple[str, str]:
    """The kind of operation, and the class of the module that performs it."""
    kind, module = node.kind, bool(node.module)
    if kind == "Mean" and layout.squeeze_by_pool and node.out.shape[2:] == (1, 1):
        return "AdaptiveAvgPool2d", "AdaptiveAvgPool2d"
    if isinstance(node.op, ReLU) and layout.relu == "function":
        module = False
    if isinstance(node.op, AdaptiveAvgPool2d) and node.stage == "head" and layout.last_pool != "adaptive":
        kind, module = "AvgPool2d", layout.last_pool == "sized"
    if isinstance(node.op, Activation):
        kind = node.op.function
    classifier = node.stage == "head" and isinstance(node.op, Conv2d)  # always torch's own class
    if not module:
        return layout.functions.get(kind, kind), ""
    if isinstance(node.op, Conv2d) and node.op.standardized and "Conv2d" not in layout.classes:
        return kind, "ScaledStdConv2d" if node.op.learned else "StdConv2d"  # tools see no Conv2d, as in timm's classes
    own = classifier or not re.search(layout.classes_at, node.module)
    return kind, kind if own else layout.classes.get(kind, kind)


def _extra_calls(call: Call) -> Iterator[Call]:
    """The parts of a convolution or linear layer that tools count apart from its multiply-accumulates."""
    if call.by in STANDARDISATIONS:
        yield Call(STANDARDISATIONS[call.by], call.node, "")
    if isinstance(call.node.op, Conv2d | Linear) and call.node.op.bias:
        yield Call(f"{call.kind} bias", call.node, f"{call.by} bias", call.last)


def _padded(image: TensorType, padding: int) -> TensorType:
    n, c, h, w = image.shape
    return TensorType((n, c, h + 2 * padding, w + 2 * padding), image.dtype)
