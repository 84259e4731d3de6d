"""What torch finds of a net that another library constructs, to hold a Graph against."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from resnet_inspect.counting.conventions import TORCH
from resnet_inspect.counting.count import count
from resnet_inspect.counting.writing import as_written
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import stage_of, work_by, work_of

Shape = tuple[int, ...]


class Run(NamedTuple):
    """One forward pass: the output of each stage and of the net, elements of all convolution outputs, FLOPs."""

    shapes: Mapping[str, Shape]
    activations: int
    flops: int


def run(net: nn.Module, stages: Mapping[str, nn.Module], shape: Shape) -> Run:
    """Run ``net`` on meta; FLOPs as FlopCounterMode counts them. Hooks see each convolution and linear layer."""
    shapes: dict[str, Shape] = {}
    activations = 0

    def adds(_module: nn.Module, _inputs: object, out: Tensor) -> None:
        nonlocal activations
        activations += out.numel()

    layers = [module for module in net.modules() if isinstance(module, nn.Conv2d | nn.Conv1d | nn.Linear)]
    hooks = [layer.register_forward_hook(adds) for layer in layers]
    for name, module in stages.items():
        hook = module.register_forward_hook(lambda _m, _i, out, name=name: shapes.__setitem__(name, tuple(out.shape)))
        hooks.append(hook)
    try:
        with FlopCounterMode(display=False) as counter:
            shapes["head"] = tuple(net(torch.empty(shape, device="meta")).shape)
    finally:
        for hook in hooks:
            hook.remove()
    return Run(shapes, activations, counter.get_total_flops())


def of_graph(graph: Graph) -> Run:
    """What ``run`` should give for the same net."""
    shapes = {stage: work.output.shape for stage, work in work_by(graph, stage_of).items() if stage != "stem"}
    return Run(shapes, work_of(graph).activations, count(TORCH, as_written(graph)).total)


def tensors(net: nn.Module) -> list[Shape]:
    """The shapes of all weights and buffers of ``net``, sorted."""
    return sorted(tuple(value.shape) for value in (*net.parameters(), *net.buffers()))


def tensors_of_graph(graph: Graph) -> list[Shape]:
    """The shapes of all weights and buffers of ``graph``, sorted."""
    owners = {node.module: node.op for node in graph.nodes if node.module}
    return sorted(shape for op in owners.values() for shape in (*op.params().values(), *op.buffers().values()))
