"""nn.Module -> Graph: the calls of one forward pass, on tensors without data.

The trace records what runs, so a forward may loop and branch. A module of torch.nn with an operation becomes one call.
For any other module, the functions that its forward calls are recorded. A call without an operation is an error that
names it.
"""

import sys
from collections import OrderedDict
from contextlib import redirect_stdout
from io import StringIO
from math import prod
from threading import RLock
from typing import TextIO

import torch
from torch import Tensor, nn

from resnet_inspect.errors import InspectError, TraceError
from resnet_inspect.graph import Graph, TensorType
from resnet_inspect.runtime.calls import Calls
from resnet_inspect.runtime.gradients import CallsWithGradients, with_backward
from resnet_inspect.runtime.stages import staged
from resnet_inspect.runtime.twin import twin
from resnet_inspect.runtime.undisturbed import same_draws

Image = tuple[int, int, int, int]
_ONE_AT_A_TIME = RLock()  # stdout is the process's: two threads would restore each other's
META = torch.device("meta")
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def trace(net: nn.Module, image: Image, name: str) -> Graph:
    """The calls of ``net`` in eval mode on a batch of images N, C, H, W; ``net`` itself does not change.

    Raises:
        TraceError: ``net`` fails, makes a call without an operation, has parameters that no call uses, or returns
            something other than its last result.
    """
    while (inner := getattr(net, "module" if isinstance(net, WRAPPERS) else "_orig_mod", None)) is not None:
        net = inner  # torch.compile wraps a net, too
    _refuse_types(net, name)
    calls = CallsWithGradients(_copy(net), name)
    try:
        with torch.no_grad():
            out = _run(calls, image, sys.stderr)
    except InspectError:
        raise
    except Exception as error:  # the user's code may raise anything
        if calls.refusal:
            raise calls.refusal from None
        where = calls.scope or type(net).__name__
        hint = "register every tensor with register_buffer and every list of modules as nn.ModuleList"
        raise TraceError(
            f"{name}: {where} fails on {'×'.join(map(str, image))}: {_first_line(error)}",
            hint=hint if "meta" in str(error) else "",
        ) from error
    if calls.refusal:
        raise calls.refusal
    nodes = calls.builder.nodes
    if calls.position_of.get(id(out)) != len(nodes) - 1:
        result = type(out).__name__ if not isinstance(out, Tensor) else "a tensor that it did not compute last"
        raise TraceError(
            f"{name} returns {result}", hint="wrap it in a module whose forward returns one tensor, as net(x)['out']"
        )
    held = dict.fromkeys(calls.position_of.values(), len(nodes) - 1)
    containers = calls.builder.containers
    graph = Graph(name, tuple(staged(nodes, containers)), containers, calls.held | held, unseen=calls.unseen)
    _refuse_unused(graph, calls.net)
    with torch.inference_mode(False), torch.enable_grad():
        return with_backward(graph, calls.released, _copy(net), lambda calls: _run(calls, image, StringIO()))


def _copy(net: nn.Module) -> nn.Module:
    """What a pass runs, and may change."""
    copied = twin(net).eval()
    # A call's weights need a module with a name.
    return nn.Sequential(OrderedDict({type(net).__name__: copied})) if copied._parameters else copied


def _run(calls: Calls, image: Image, prints: TextIO) -> Tensor:
    with _ONE_AT_A_TIME, redirect_stdout(prints), same_draws(), META, calls.watching():
        x = torch.empty(image)
        calls.stands_for(x, calls.builder.input(TensorType(image)))
        out: Tensor = calls.net(x)
    return out


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _refuse_types(net: nn.Module, name: str) -> None:
    """Refuse parameters without a size, and any that are not fp32, in which a Graph counts."""
    for key, value in net.named_parameters():
        if isinstance(value, nn.parameter.UninitializedParameter):
            raise TraceError(
                f"{name}: {key} has no size before the first batch", hint="call the net once after constructing it"
            )
        if value.is_floating_point() and value.dtype != torch.float32:
            raise TraceError(
                f"{name}: {key} is {str(value.dtype).removeprefix('torch.')}, not float32",
                hint="give the net in float32; --precision sets the type in which it runs",
            )


def _refuse_unused(graph: Graph, net: nn.Module) -> None:
    """Refuse parameters that the calls do not account for: the count would be wrong."""
    weights = graph.weights()
    unused = [key for key, _ in net.named_parameters() if key not in weights]
    total, counted = sum(p.numel() for p in net.parameters()), sum(map(prod, weights.values()))
    if not unused and total != counted:
        raise TraceError(
            f"{graph.name} has {total:,} parameters, but its calls use {counted:,}",
            hint="two modules share a weight; call one module twice instead",
        )
    if unused:
        more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
        raise TraceError(
            f"{graph.name}: no call uses the parameters {', '.join(unused[:3])}{more}",
            hint="remove them, as in net.aux = None",
        )
