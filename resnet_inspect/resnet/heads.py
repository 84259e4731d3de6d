"""Heads: each function makes the last map class scores, or features where the spec has no classes."""

from collections.abc import Callable

from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d
from resnet_inspect.graph.ops.reshape import Flatten
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


# spec.head -> function that writes it; the function gets the channels of the last map
HEADS: dict[str, Callable[[Builder, ResNetSpec, int], None]] = {
    "fc": fully_connected,
    "conv": convolution,
    "mlp": perceptron,
}
