"""How a call of torch moves a value's view of the image: the window that slides over rows, and over columns."""

import re
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from resnet_inspect.graph.ops.base import ONE_PIXEL, Window

Windows = tuple[Window, Window] | None

SLIDING = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.LPPool2d, nn.Conv3d, nn.MaxPool3d, nn.AvgPool3d)
RESIZING = re.compile("getitem|interpolate|upsample|pool|pixel|shuffle|conv_?transpose2d", re.IGNORECASE)
ARGUMENTS = {"conv2d": (None, 3, 4, 5), "max_pool2d": (1, 2, 3, 4), "avg_pool2d": (1, 2, 3, None)}


def windows_of_module(module: nn.Module, x: Tensor, out: Tensor) -> Windows:
    if isinstance(module, SLIDING):
        kernel: Any = module.kernel_size
        settings = (module.stride, getattr(module, "padding", 0), getattr(module, "dilation", 1))
        return _windows(kernel, *settings)
    return _by_shape(type(module).__name__, x, out)


def windows_of_function(name: str, args: Sequence[Any], x: Tensor, out: Tensor) -> Windows:
    """As of a module; ``args`` by position."""
    places = ARGUMENTS.get(name)
    if places is None:
        return _by_shape(name, x, out)
    kernel, stride, padding, dilation = (args[i] if i is not None and i < len(args) else None for i in places)
    if kernel is None:
        kernel = tuple(args[1].shape[2:])
    return _windows(kernel, stride or (1 if name == "conv2d" else kernel), padding or 0, dilation or 1)


def _windows(kernel: Any, stride: Any, padding: Any, dilation: Any) -> Windows:
    rows, columns = (
        _window(k, s, p, d) for k, s, p, d in zip(*map(_pair, (kernel, stride, padding, dilation)), strict=True)
    )
    return rows, columns


def _window(kernel: int, stride: int, padding: int | str, dilation: int) -> Window:
    extent = dilation * (kernel - 1) + 1
    if isinstance(padding, str):
        padding = {"valid": 0, "same": (extent - 1) // 2}[padding]
    return extent, stride, padding


def _pair(size: Any) -> tuple[Any, Any]:
    """The last two of ``size``, which one number gives for all; the first of three is along a video's frames."""
    return (size, size) if isinstance(size, int | str) else (tuple(size) * 2)[-2:]


def _by_shape(name: str, x: Tensor, out: Tensor) -> Windows:
    """A window by the resolutions before and after: as large as its stride where it shrinks the map.

    Layouts with channels first or last are told apart by which two extents change.
    """
    reduces = out.numel() < x.numel()
    if x.dim() != 4 or out.dim() != 4 or not (reduces or RESIZING.search(name)):
        return ONE_PIXEL, ONE_PIXEL
    first = 1 if x.shape[3] == out.shape[3] and x.shape[1] != out.shape[1] else 2
    sizes = [*zip(x.shape[first : first + 2], out.shape[first : first + 2], strict=True)]
    if reduces and all(after == 1 for _, after in sizes) and any(before > 1 for before, _ in sizes):
        return None
    if not RESIZING.search(name):
        return ONE_PIXEL, ONE_PIXEL
    rows, columns = (_by_size(before, after) for before, after in sizes)
    return rows, columns


def _by_size(before: int, after: int) -> Window:
    if after > before and after % before == 0:
        return 1, -(after // before), 0
    if before >= 2 * after > 0:
        return round(before / after), round(before / after), 0
    return ONE_PIXEL
