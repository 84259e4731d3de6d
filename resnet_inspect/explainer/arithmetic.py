"""Formulas written out with their numbers, as on a blackboard: ``36,864·56·56 = 115,605,504``."""

from collections.abc import Iterable, Sequence
from math import prod

from resnet_inspect.graph import Node, TensorType
from resnet_inspect.graph.ops.gate import Conv1d
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.units import text


def integer(value: int) -> str:
    return text(value, "integer")


def shape(type: TensorType) -> str:
    """``64×56×56``: channels × height × width of one image."""
    return text(type.shape[1:], "shape")


def side(size: int, kernel: int, stride: int, padding: int, out: int) -> str:
    """The side that a window makes of ``size``: ``⌊(224 + 2·3 − 7) / 2⌋ + 1 = 112``."""
    padded = f"{size} + 2·{padding} − {kernel}" if padding else f"{size} − {kernel}"
    return f"{padded} + 1 = {out}" if stride == 1 else f"⌊({padded}) / {stride}⌋ + 1 = {out}"


def sides(node: Node, kernel: int, stride: int, padding: int) -> list[str]:
    """The formulas of height and width; only one where both are equal."""
    ins, outs = node.ins[0].shape[2:], node.out.shape[2:]
    worked = [side(n, kernel, stride, padding, out) for n, out in zip(ins, outs, strict=True)]
    return list(dict.fromkeys(worked))


def weights(node: Node) -> str:
    """``k·k·C·C_out``, plus ``C_out`` for a bias and for a gain; C is the number of channels that each group reads."""
    match node.op:
        case Conv2d(in_channels=c, out_channels=out, kernel_size=k, groups=groups):
            return f"{k}·{k}·{c // groups}·{out}" + f" + {out}" * (len(node.op.params()) - 1)
        case Linear(in_features=c, out_features=out, bias=bias):
            return f"{c}·{out}" + (f" + {out}" if bias else "")
        case Conv1d(in_channels=c, out_channels=out, kernel_size=k):
            return f"{k}·{c}·{out}"
    return f"2·{node.out.shape[1]}"


def count_weights(node: Node) -> int:
    """The number of weights, without the bias."""
    return prod(node.op.params()["weight"])


def work(nodes: Iterable[Node]) -> str:
    """MACs as weights times positions: ``16,384·56·56 + (36,864 + 65,536)·28·28``."""
    at: dict[str, list[str]] = {}
    for node in nodes:
        if node.macs:
            at.setdefault(positions(node), []).append(integer(count_weights(node)))
    return " + ".join(
        f"({' + '.join(counts)})·{where}" if len(counts) > 1 else f"{counts[0]}·{where}" for where, counts in at.items()
    )


def positions(node: Node) -> str:
    """The positions at which each weight is used once: ``56·56``, or ``2·56·56`` in a batch of 2."""
    batch, *rest = node.out.shape
    match node.op:
        case Conv2d():
            extents = rest[1:]
        case Conv1d():
            extents = rest[-1:]
        case _:
            extents = []
    return "·".join(map(str, [batch, *extents] if batch > 1 or not extents else extents))


def multiples(values: Sequence[tuple[int, int]]) -> str:
    """``75,008 + 2·70,400 = 215,808`` for (1, 75008) and (2, 70400); a single value stands alone."""
    total = sum(times * value for times, value in values)
    terms = [integer(value) if times == 1 else f"{integer(times)}·{integer(value)}" for times, value in values]
    return integer(total) if terms == [integer(total)] else f"{' + '.join(terms)} = {integer(total)}"


def scales_and_shifts(channels: Sequence[int]) -> str:
    """The parameters of norms, a scale and a shift per channel: ``2·(64 + 64 + 256) = 768``."""
    inner = " + ".join(map(str, channels))
    worked = f"2·({inner})" if len(channels) > 1 else f"2·{inner}"
    return f"{worked} = {integer(2 * sum(channels))}"


def kernel(node: Node) -> str:
    """The weights of a convolution alone, without its bias: ``3·3·64·64``."""
    return weights(node).partition(" + ")[0]
