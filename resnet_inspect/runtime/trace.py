"""nn.Module -> Graph: the calls of one forward pass, on tensors without data.

The trace records what runs, so a forward may loop and branch. A module of torch.nn with an operation becomes one call.
For any other module, the functions that its forward calls are recorded. A call that no operation names becomes a node
by what torch tells of it.
"""

import sys
from contextlib import redirect_stdout
from io import StringIO
from threading import RLock
from typing import Any, TextIO

import torch
from torch import nn

from resnet_inspect.errors import InspectError, TraceError
from resnet_inspect.graph import Graph, TensorType
from resnet_inspect.runtime.any_call import tensors_in
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
        TraceError: ``net`` fails, or returns no tensor that it computes from its input.
    """
    while (inner := getattr(net, "module" if isinstance(net, WRAPPERS) else "_orig_mod", None)) is not None:
        net = inner  # torch.compile wraps a net, too
    _refuse_without_sizes(net, name)
    calls = CallsWithGradients(_copy(net), name)
    try:
        with torch.no_grad():
            out = _run(calls, image, sys.stderr)
    except InspectError:
        raise
    except Exception as error:  # the user's code may raise anything
        where = calls.scope or type(net).__name__
        hint = "register every tensor with register_buffer and every list of modules as nn.ModuleList"
        raise TraceError(
            f"{name}: {where} fails on {'×'.join(map(str, image))}: {_first_line(error)}",
            hint=hint if "meta" in str(error) else "",
        ) from error
    results = tuple(dict.fromkeys(calls.position_of[id(x)] for x in tensors_in(out) if id(x) in calls.position_of))
    if not results:
        raise TraceError(
            f"{name} returns {type(out).__name__} without a tensor that it computes from its input",
            hint="name what makes a net whose forward returns its result",
        )
    calls.write_unused()
    nodes = calls.builder.nodes
    held = dict.fromkeys(calls.position_of.values(), len(nodes) - 1)
    containers = calls.builder.containers
    graph = Graph(
        name,
        tuple(staged(nodes, containers)),
        containers,
        calls.held | held,
        unseen=calls.unseen,
        results=() if results == (len(nodes) - 1,) else results,
        frozen=frozenset(key for key, value in net.named_parameters() if not value.requires_grad),
    )
    with torch.inference_mode(False), torch.enable_grad():
        return with_backward(graph, calls.released, _copy(net), lambda calls: _run(calls, image, StringIO()))


def _copy(net: nn.Module) -> nn.Module:
    """What a pass runs, and may change."""
    return twin(net).eval()


def _run(calls: Calls, image: Image, prints: TextIO) -> Any:
    with _ONE_AT_A_TIME, redirect_stdout(prints), same_draws(), META, calls.watching():
        x = torch.empty(image)
        calls.stands_for(x, calls.builder.input(TensorType(image)))
        return calls.net(x)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _refuse_without_sizes(net: nn.Module, name: str) -> None:
    for key, value in net.named_parameters():
        if isinstance(value, nn.parameter.UninitializedParameter):
            raise TraceError(
                f"{name}: {key} has no size before the first batch", hint="call the net once after constructing it"
            )
