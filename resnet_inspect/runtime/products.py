"""Multiply-accumulates of torch's functions and modules, by formulas of their own: no count of torch's is asked."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor, nn

Formula = Callable[[Sequence[Any], Tensor], int]  # of a call's arguments and output


def _elements(shape: Sequence[int]) -> int:
    return prod(shape)


def _convolution(args: Sequence[Any], out: Tensor) -> int:
    """Each output is a sum over a filter, Cin/groups · kernel."""
    return out.numel() * _elements(args[1].shape[1:])


def _transposed(args: Sequence[Any], out: Tensor) -> int:
    """Each input goes into a filter's outputs, Cout/groups · kernel."""
    return int(args[0].numel()) * _elements(args[1].shape[1:])


def _linear(args: Sequence[Any], out: Tensor) -> int:
    return out.numel() * int(args[1].shape[-1])


def _product(args: Sequence[Any], out: Tensor) -> int:
    return out.numel() * int(args[0].shape[-1])


def _reversed_product(args: Sequence[Any], out: Tensor) -> int:
    return out.numel() * int(args[1].shape[-1])


def _added_product(args: Sequence[Any], out: Tensor) -> int:
    return _product(args[1:], out)


def _attention(args: Sequence[Any], out: Tensor) -> int:
    """Each query meets each key, and the weight of each pair its value."""
    query, key, value = args[:3]
    return _elements(query.shape[:-1]) * int(key.shape[-2]) * int(query.shape[-1] + value.shape[-1])


def _bilinear(args: Sequence[Any], out: Tensor) -> int:
    """One product of both inputs and the weight, for each weight and position."""
    return _elements(out.shape[:-1]) * _elements(args[2].shape)


FUNCTIONS: Mapping[str, Formula] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed),
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot"), _product),
    **dict.fromkeys(("addmm", "addbmm", "baddbmm", "addmv"), _added_product),
    "rmatmul": _reversed_product,
    "linear": _linear,
    "scaled_dot_product_attention": _attention,
    "bilinear": _bilinear,
}


def products_of_function(name: str, args: Sequence[Any], out: Tensor) -> int | None:
    """The multiply-accumulates of a call of ``name``; None where no formula stands here."""
    formula = FUNCTIONS.get(name)
    if name == "einsum" and len(args) == 3 and isinstance(args[0], str):
        return _einsum(args[0], args[1:])
    return formula(args, out) if formula else None


def _einsum(equation: str, operands: Sequence[Tensor]) -> int | None:
    """The product of all indices' extents, for two operands; None with an ellipsis."""
    if "." in equation:
        return None
    letters = "".join(equation.replace(" ", "").partition("->")[0].split(","))
    extents = [size for operand in operands for size in operand.shape]
    return _elements([*dict(zip(letters, extents, strict=True)).values()])


def products_of_module(module: nn.Module, args: Sequence[Any], out: Tensor) -> int | None:
    """The multiply-accumulates of a call of a module of torch.nn; None where no formula stands here."""
    match module:
        case nn.modules.conv._ConvTransposeNd():
            return _transposed((args[0], module.weight), out)
        case nn.modules.conv._ConvNd():
            return _convolution((args[0], module.weight), out)
        case nn.Linear():
            return _linear((args[0], module.weight), out)
        case nn.Bilinear():
            return _bilinear((*args[:2], module.weight), out)
        case nn.RNNBase():  # each step reads every matrix once
            matrices = sum(weight.numel() for weight in module.parameters() if weight.dim() == 2)
            steps = _elements(args[0].shape[:-1])
            return steps * matrices
        case nn.RNNCellBase():
            return _elements(args[0].shape[:-1]) * (module.weight_ih.numel() + module.weight_hh.numel())
    return None
