"""Recount a network the way the source of a published number counted, to explain the difference."""

from dataclasses import replace

from resnet_inspect.counting.conventions import FVCORE, MMENGINE
from resnet_inspect.counting.count import count
from resnet_inspect.counting.published import Published
from resnet_inspect.counting.writing import as_written
from resnet_inspect.graph import Graph
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Add
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.zoo import Variant

# variant -> the complexity that it was designed to have, in multiples of another variant's MACs
NOMINAL = {"resnext101_32x4d": (1, "resnet101"), "resnext101_64x4d": (2, "resnet101")}


def recount(published: Published, graph: Graph) -> tuple[float, str]:
    """The source's count of ``graph``, and how it counts in words; no words where it counts as we do."""
    variant = zoo.find(published.variant)
    match published.why:
        case "v1":
            return _macs(_v1(variant)), "v1 as in the paper, with strides in the first 1×1"
        case "v1+additions":
            v1 = _v1(variant)
            return _macs(v1) + _additions(v1), "v1, and residual additions count too"
        case "additions":
            return _macs(graph) + _additions(graph), "residual additions count too"
        case "mmengine":
            return count(MMENGINE, as_written(graph)).total, "norms, ReLUs, pools and biases count too"
        case "fvcore":
            return count(FVCORE, as_written(graph)).total, "fvcore's total: norms and the last pool count too"
        case "nominal":
            times, reference = NOMINAL[published.variant]
            return times * _macs(_at_own_size(zoo.find(reference))), f"nominal, not counted: {times} × {reference}"
        case "slipped point":
            return _params(graph) / 10, "a misprint: the decimal point slipped"
        case "convolutions":
            return _weights(graph), "without the norms' parameters"
        case "":
            return (_params(graph) if published.quantity == "params" else _macs(graph)), ""


def _at_own_size(variant: Variant) -> Graph:
    """The variant lowered for one image of its own size."""
    spec = variant.spec
    return lower(spec, variant.name, (1, spec.in_channels, spec.input_size, spec.input_size))


def _v1(variant: Variant) -> Graph:
    return _at_own_size(replace(variant, spec=replace(variant.spec, stride_on="1x1")))


def _macs(graph: Graph) -> int:
    return sum(node.macs for node in graph.nodes)


def _params(graph: Graph) -> int:
    return sum(node.params for node in graph.weight_owners())


def _weights(graph: Graph) -> int:
    return sum(node.params for node in graph.weight_owners() if isinstance(node.op, Conv2d | Linear))


def _additions(graph: Graph) -> int:
    return sum(node.out.numel for node in graph.nodes if isinstance(node.op, Add))
