"""The operations a ResNet is made of, one frozen dataclass each, named as in torch."""

from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.linear import Conv1d, Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Add, BatchNorm2d, GroupNorm, Identity, Input, Mul, ReLU, Sigmoid
from resnet_inspect.graph.ops.pool import (
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    AvgPool2d,
    BlurPool2d,
    Max,
    MaxPool2d,
    Mean,
    Subsample,
)
from resnet_inspect.graph.ops.reshape import Cat, Flatten, Pad, Reshape

__all__ = [
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "Add",
    "AvgPool2d",
    "BatchNorm2d",
    "BlurPool2d",
    "Cat",
    "Conv1d",
    "Conv2d",
    "Flatten",
    "GroupNorm",
    "Identity",
    "Input",
    "Linear",
    "Max",
    "MaxPool2d",
    "Mean",
    "Mul",
    "Op",
    "Pad",
    "ReLU",
    "Reshape",
    "Sigmoid",
    "Subsample",
]
