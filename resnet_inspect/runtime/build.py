"""Graph -> nn.Module in torchvision's module tree: a GraphModule per block, nn.Sequential stages, one top level.

A single flat GraphModule would run too, but would lose ``net.layer4[-1]`` and the hooks on stages and blocks.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import groupby
from operator import getitem

import torch
from torch import fx, nn

from resnet_inspect.graph import Graph
from resnet_inspect.graph.inplace import in_place
from resnet_inspect.runtime.modules import function, module
from resnet_inspect.runtime.undisturbed import same_draws

# The layers whose weight scales a residual branch's output, by block class; ``zero_init_residual`` zeroes the first.
LAST_WEIGHT: dict[str, tuple[str, ...]] = {
    "Bottleneck": ("bn3", "conv3"),
    "BasicBlock": ("bn2", "conv2"),
    "PreActBottleneck": ("conv3",),
    "PreActBasic": ("conv2",),
    "SENetBottleneck": ("bn3", "conv3"),
    "PyramidBottleneck": ("bn4", "conv3"),
    "PyramidBasic": ("bn3", "conv2"),
    "Bottle2neck": ("bn3", "conv3"),
    "ResNestBottleneck": ("bn3", "conv3"),
    "SelectiveKernelBottleneck": ("bn3", "conv3"),
    "SelectiveKernelBasic": ("bn2", "conv2"),
}


def build(graph: Graph, device: str = "cpu", zero_init_residual: bool = False) -> nn.Module:
    """The network in train mode on ``device``, with weights initialised as torchvision.models.resnet does.

    The same seed draws the same weights as torchvision's own constructor. Torch's random state stays as it is: to
    build two networks with different weights, seed torch in between.
    """
    with same_draws(), torch.device(device):
        net = _Writer(graph).container("", range(1, len(graph.nodes)))
        _initialize(graph, net, zero_init_residual)
    return net


class _Writer:
    """Writes the containers of one graph, inner ones first."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.in_place = in_place(graph)
        self.modules: dict[str, nn.Module] = {}  # blocks may share one
        self.last_reader = {i: reader for reader, node in enumerate(graph.nodes) for i in node.inputs}

    def container(self, path: str, positions: Sequence[int]) -> nn.Module:
        """The module at ``path``, which performs the calls at ``positions``."""
        class_name = self.graph.containers[path]
        children = {child: list(inside) for child, inside in groupby(positions, lambda i: self._child(path, i))}
        if class_name == "Sequential":
            return nn.Sequential(
                OrderedDict((name, self._module(path, name, calls)) for name, calls in children.items())
            )
        calls, modules = fx.Graph(), dict[str, nn.Module]()
        values: dict[int, fx.Node] = {}
        for i in self._outside(positions):
            values[i] = calls.placeholder("x" if not values else f"x{len(values)}")
        for child, inside in children.items():
            last = inside[-1]
            inputs = tuple(values[i] for i in self._outside(inside))
            attribute = self._attribute(path, child, last)
            if attribute is None:
                target, extra = function(self.graph.nodes[last].op, last in self.in_place)
                inputs = tuple(values[i] for i in self.graph.nodes[last].inputs)
                values[last] = calls.call_function(target, (*inputs, *extra))
            else:
                if attribute not in modules:
                    modules[attribute] = self._module(path, child, inside)
                called, results = calls.call_module(attribute, inputs), self._results(inside)
                for i, position in enumerate(results):
                    values[position] = calls.call_function(getitem, (called, i)) if len(results) > 1 else called
        outputs = [values[i] for i in self._results(positions)]
        calls.output(outputs[0] if len(outputs) == 1 else tuple(outputs))
        return fx.GraphModule(modules, calls, class_name)

    def _module(self, path: str, child: str, inside: list[int]) -> nn.Module:
        full = f"{path}.{child}" if path else child
        if full in self.graph.containers:
            return self.container(full, inside)
        node = self.graph.nodes[inside[0]]
        if node.module not in self.modules:
            self.modules[node.module] = module(node.op, inside[0] in self.in_place)
        return self.modules[node.module]

    def _attribute(self, path: str, child: str, last: int) -> str | None:
        """The attribute that performs a child's calls, a container or a module; None for a function."""
        if (f"{path}.{child}" if path else child) in self.graph.containers:
            return child
        return self.graph.nodes[last].module.rpartition(".")[2] or None

    def _child(self, path: str, i: int) -> str:
        return self.graph.nodes[i].name[len(path) + 1 if path else 0 :].split(".", 1)[0]

    def _results(self, positions: Sequence[int]) -> list[int]:
        """The positions that calls after these read, in order; the last one at least."""
        return [i for i in positions if i == positions[-1] or self.last_reader.get(i, 0) > positions[-1]]

    def _outside(self, positions: Sequence[int]) -> list[int]:
        """Positions outside ``positions`` that these calls read, in the order of use."""
        inside = set(positions)
        read = (i for position in positions for i in self.graph.nodes[position].inputs)
        return [i for i in dict.fromkeys(read) if i not in inside]


def _initialize(graph: Graph, net: nn.Module, zero_init_residual: bool) -> None:
    """Kaiming-normal convolutions by fan-out; other layers keep torch's default, as in torchvision."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    if zero_init_residual:
        for path, class_name in graph.containers.items():
            names = [name for name in LAST_WEIGHT.get(class_name, ()) if hasattr(net.get_submodule(path), name)]
            if names:
                nn.init.zeros_(net.get_parameter(f"{path}.{names[0]}.weight"))
