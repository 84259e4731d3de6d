"""What a published number counted where it is not what we count, recounted to explain the difference."""

from dataclasses import replace

from resnet_inspect.counting.convention import count
from resnet_inspect.counting.conventions import FVCORE, MMENGINE
from resnet_inspect.counting.published import Published
from resnet_inspect.counting.writing import as_written
from resnet_inspect.graph import Graph
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Add
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.zoo import Variant

# variant -> the complexity it was designed to have
NOMINAL = {"resnext101_32x4d": (1, "resnet101"), "resnext101_64x4d": (2, "resnet101")}


def counted_otherwise(published: Published, graph: Graph) -> tuple[float, str]:
    """What the source counted instead of our ``graph``, and that said in words."""
    found = zoo.find(published.variant)
    match published.why:
        case "v1":
            return _macs(_v1(found)), "the paper's v1 strides in the first 1×1"
        case "v1+additions":
            v1 = _v1(found)
            return _macs(v1) + _additions(v1), "v1 strides, and the residual additions are counted too"
        case "additions":
            return _macs(graph) + _additions(graph), "the residual additions are counted too"
        case "mmengine":
            return count(MMENGINE, as_written(graph)).total, "norms, ReLUs, pools and biases are counted too"
        case "fvcore":
            return count(FVCORE, as_written(graph)).total, "fvcore's total: norms and the last pool are counted too"
        case "nominal":
            times, reference = NOMINAL[published.variant]
            return times * _macs(_own(zoo.find(reference))), f"nominal: {times} × {reference}, not counted"
        case "slipped point":
            return _params(graph) / 10, "a misprint: the decimal point slipped"
        case "convolutions":
            return _weights(graph), "the norms' parameters are left out"
        case "":
            return (_params(graph) if published.quantity == "params" else _macs(graph)), ""


def _own(found: Variant) -> Graph:
    """The variant on one image of its own size."""
    spec = found.spec
    return lower(spec, found.name, (1, spec.in_channels, spec.input_size, spec.input_size))


def _v1(found: Variant) -> Graph:
    return _own(replace(found, spec=replace(found.spec, stride_on="1x1")))


def _macs(graph: Graph) -> int:
    return sum(node.macs for node in graph.nodes)


def _params(graph: Graph) -> int:
    return sum(node.params for node in graph.weight_owners())


def _weights(graph: Graph) -> int:
    return sum(node.params for node in graph.weight_owners() if isinstance(node.op, Conv2d | Linear))


def _additions(graph: Graph) -> int:
    return sum(node.out.numel for node in graph.nodes if isinstance(node.op, Add))
