"""Heads: each function makes the last map class scores, or features where the spec has no classes."""

from collections.abc import Callable
from functools import partial

from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d
from resnet_inspect.graph.ops.reshape import Flatten, Slice
from resnet_inspect.resnet.choices import HEAD_CHANNELS
from resnet_inspect.resnet.layers import activation, norm
from resnet_inspect.resnet.spec import ResNetSpec


def fully_connected(b: Builder, spec: ResNetSpec, features: int) -> None:
    """Pool, fully connected layer."""
    b.module("avgpool", AdaptiveAvgPool2d())
    b.call("flatten", Flatten())
    if spec.num_classes:
        b.module("fc", Linear(features, spec.num_classes))


def convolution(b: Builder, spec: ResNetSpec, features: int) -> None:
    """Pool, 1×1 convolution, as timm's resnetv2."""
    b.module("avgpool", AdaptiveAvgPool2d())
    if spec.num_classes:
        b.module("fc", Conv2d(features, spec.num_classes, 1, bias=True))
    b.call("flatten", Flatten())


def perceptron(b: Builder, spec: ResNetSpec, features: int) -> None:
    """Pool, norm, a layer of half as many features with its activation, fully connected layer."""
    b.module("avgpool", AdaptiveAvgPool2d())
    norm(b, spec, "head_norm")
    b.call("flatten", Flatten())
    b.module("hidden", Linear(features, features // 2))
    activation(b, spec, "hidden_act")
    if spec.num_classes:
        b.module("fc", Linear(features // 2, spec.num_classes))


def attention_pool(b: Builder, spec: ResNetSpec, features: int) -> None:
    """Attention over the positions and their mean, whose row is then the features (CLIP, arXiv:2103.00020).

    As timm's, every position is a query, and the classifier reads every row.
    """
    b.within("attnpool", "AttentionPool2d", partial(_attention_pool, b, spec, features))
    b.call("token", Slice(0, 1))
    b.call("flatten", Flatten())


def _attention_pool(b: Builder, spec: ResNetSpec, features: int) -> int:
    from resnet_inspect.graph.ops.gate import Cat, Mean, Reshape  # few nets need them, and they are slow to define
    from resnet_inspect.graph.ops.positions import PositionEmbedding, ScaledDotProductAttention, Transpose

    height, width = b.type(b.last).shape[2:]
    side = spec.input_size * height // b.nodes[0].out.shape[2]
    length, heads = height * width + 1, features // HEAD_CHANNELS
    b.call("rows", Reshape((features, height * width)))
    rows = b.call("transpose", Transpose(1, 2))
    b.call("cat", Cat(), b.call("mean", Mean((1,)), rows), rows)
    x = b.module("positions", PositionEmbedding(side * side + 1, features))
    parts = []
    for name in ("q", "k", "v"):
        b.module(f"{name}_proj", Linear(features, features), x)
        b.call(f"{name}_heads", Reshape((length, heads, HEAD_CHANNELS)))
        parts.append(b.call(name, Transpose(1, 2)))
    b.call("attention", ScaledDotProductAttention(), *parts)
    b.call("together", Transpose(1, 2))
    y = b.call("out", Reshape((length, features)))
    return b.module("c_proj", Linear(features, spec.num_classes)) if spec.num_classes else y


# spec.head -> function that writes it; the function gets the channels of the last map
HEADS: dict[str, Callable[[Builder, ResNetSpec, int], None]] = {
    "fc": fully_connected,
    "conv": convolution,
    "mlp": perceptron,
    "attention": attention_pool,
}
