"""Each operation's output type against torch's own, on the meta device."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import TensorType
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.gate import Conv1d, Mul, Reshape
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Add, BatchNorm2d, GroupNorm
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d, MaxPool2d
from resnet_inspect.graph.ops.reshape import Pad, Subsample
from resnet_inspect.graph.ops.weighing import MatMul
from resnet_inspect.runtime.modules import function, module

small = st.integers(1, 40)
windows = st.tuples(st.integers(1, 7), st.integers(1, 3))


def torchs_shape(op: Op, *shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape torch gives, or None where it refuses, or in older versions gives an image without a pixel."""
    inputs = [torch.empty(shape, device="meta") for shape in shapes]
    try:
        with torch.device("meta"):
            out = module(op, False)(*inputs)
    except RuntimeError:
        return None
    return tuple(out.shape) if out.numel() else None


def our_shape(op: Op, *shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return op.infer(*map(TensorType, shapes)).shape
    except ShapeError:
        return None


@settings(deadline=None)
@given(small, small, windows, st.integers(0, 3), st.integers(1, 3))
def test_a_convolution_is_as_large_as_torchs(h: int, w: int, window: tuple[int, int], pad: int, dilation: int) -> None:
    op = Conv2d(3, 5, *window, pad, dilation)
    assert our_shape(op, (2, 3, h, w)) == torchs_shape(op, (2, 3, h, w))


@settings(deadline=None, max_examples=300)
@given(small, small, windows, st.integers(0, 3), st.booleans())
def test_a_max_pool_is_as_large_as_torchs(h: int, w: int, window: tuple[int, int], pad: int, ceil: bool) -> None:
    op = MaxPool2d(*window, min(pad, window[0] // 2), ceil)
    assert our_shape(op, (2, 3, h, w)) == torchs_shape(op, (2, 3, h, w))


@settings(deadline=None, max_examples=300)
@given(small, small, windows, st.booleans())
def test_an_average_pool_is_as_large_as_torchs(h: int, w: int, window: tuple[int, int], ceil: bool) -> None:
    op = AvgPool2d(*window, ceil)
    assert our_shape(op, (2, 3, h, w)) == torchs_shape(op, (2, 3, h, w))


@settings(deadline=None)
@given(small, small, st.integers(1, 3))
def test_blur_and_subsampling_are_as_large_as_torchs(h: int, w: int, stride: int) -> None:
    shape = (2, 4, h, w)
    assert our_shape(BlurPool2d(4, stride), shape) == torchs_shape(BlurPool2d(4, stride), shape)
    take, arguments = function(Subsample(stride), False)
    assert our_shape(Subsample(stride), shape) == tuple(take(torch.empty(shape), *arguments).shape)
    pad, arguments = function(Pad((1, 2), right=1, bottom=3), False)
    assert our_shape(Pad((1, 2), right=1, bottom=3), shape) == tuple(pad(torch.empty(shape), *arguments).shape)


@pytest.mark.parametrize(
    "op",
    [
        Conv2d(6, 4, 3, groups=2, bias=True),
        Conv2d(6, 4, 1),
        Conv1d(1, 1, 5),
        Linear(7, 3),
        Linear(7, 3, bias=False),
        BatchNorm2d(5),
        GroupNorm(2, 6),
    ],
    ids=repr,
)
def test_weights_have_torchs_names_and_shapes(op: Op) -> None:
    theirs: nn.Module = module(op, False)
    assert {name: tuple(p.shape) for name, p in theirs.named_parameters()} == dict(op.params())
    assert {name: tuple(b.shape) for name, b in theirs.named_buffers()} == dict(op.buffers())


@pytest.mark.parametrize(
    ("op", "shapes", "message"),
    [
        (Conv2d(3, 8, 3), [(1, 4, 8, 8)], "expects 3 channels, got 4"),
        (Conv2d(3, 8, 3), [(1, 3, 8)], "4 dimensions"),
        (Conv2d(3, 8, 7), [(1, 3, 6, 9)], "kernel 7 does not fit an input of extent 6"),
        (MaxPool2d(3, 2), [(1, 3, 2, 2)], "window 3"),
        (Linear(8, 2), [(1, 9)], "expects 8 features, got 9"),
        (BatchNorm2d(8), [(1, 9, 2, 2)], "expects 8 channels, got 9"),
        (GroupNorm(32, 48), [(1, 48, 2, 2)], "32 groups cannot split 48 channels"),
        (Conv2d(8, 8, 3, groups=3), [(1, 8, 4, 4)], "3 groups cannot split 8 channels to 8"),
        (MatMul(), [(1, 2, 3), (1, 2, 3)], "are no factors of a product"),
        (Conv1d(1, 1, 3), [(1, 2, 9)], "expects 1 channel, got 2"),
        (Add(), [(1, 3, 4, 4), (1, 3, 1, 1)], "the two branches differ: 1×3×4×4"),
        (Mul(), [(1, 3, 4, 4), (1, 2, 1, 1)], "does not broadcast"),
        (Reshape((4, 1)), [(1, 3, 4)], "cannot reshape 1×3×4 to N×4×1"),
        (BlurPool2d(3), [(1, 3, 1, 9)], "reflect padding"),
    ],
)
def test_an_impossible_input_is_refused_in_words(op: Op, shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        op.infer(*map(TensorType, shapes))
