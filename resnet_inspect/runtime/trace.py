"""nn.Module -> Graph: the calls of one forward pass, on tensors without data.

The trace records what runs, so a forward may loop and branch. A module of torch.nn with an operation becomes one call.
For any other module, the functions that its forward calls are recorded. A call that no operation names becomes a node
by what torch tells of it.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from threading import RLock
from typing import Any, TextIO

import torch
from torch import Tensor, nn

from resnet_inspect.errors import InspectError, TraceError
from resnet_inspect.graph import Graph, TensorType
from resnet_inspect.runtime.any_call import tensors_in
from resnet_inspect.runtime.calls import Calls
from resnet_inspect.runtime.gradients import CallsWithGradients, with_backward
from resnet_inspect.runtime.input_hint import input_hint
from resnet_inspect.runtime.stages import staged
from resnet_inspect.runtime.twin import twin
from resnet_inspect.runtime.undisturbed import same_draws

_ONE_AT_A_TIME = RLock()  # stdout is the process's: two threads would restore each other's
META, CPU = torch.device("meta"), torch.device("cpu")
NEEDS_DATA = "its forward needs data"
RAN = "it ran on the CPU on random numbers, and other images may cost more or less"
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)
Inputs = Mapping[int | str, TensorType]


def trace(net: nn.Module, inputs: Sequence[int] | Inputs, name: str) -> Graph:
    """The calls of ``net`` in eval mode on a batch of that shape, or on ``inputs`` by position or by keyword.

    ``net`` does not change. Where the pass needs data, it runs on the CPU, on random numbers and zeros for integers.

    Raises:
        TraceError: ``net`` fails, or returns no tensor that it computes from its input.
    """
    while (inner := getattr(net, "module" if isinstance(net, WRAPPERS) else "_orig_mod", None)) is not None:
        net = inner  # torch.compile wraps a net, too
    _refuse_without_sizes(net, name)
    types: Inputs = inputs if isinstance(inputs, Mapping) else {0: TensorType(tuple(inputs))}
    calls = CallsWithGradients(twin(net).eval(), name)
    try:
        graph = _graph(calls, types, META)
    except TraceError as on_meta:
        if any(parameter.is_meta for parameter in net.parameters()):
            raise
        calls = CallsWithGradients(twin(net, keeps_data=True).eval(), name)
        try:
            graph = _graph(calls, types, CPU)
        except TraceError as on_cpu:
            raise (on_meta if _needs_buffers(on_cpu) else on_cpu) from None
        return replace(graph, untrainable=NEEDS_DATA, notes=(f"{name}: {NEEDS_DATA}; {RAN}",))
    with torch.inference_mode(False), torch.enable_grad():
        return with_backward(
            graph, calls.released, twin(net).eval(), lambda calls: _run(calls, types, StringIO(), META)
        )


def _graph(calls: CallsWithGradients, types: Inputs, device: torch.device) -> Graph:
    name, net = calls.name, calls.net
    try:
        with torch.no_grad():
            out = _run(calls, types, sys.stderr, device)
    except InspectError:
        raise
    except Exception as error:  # the user's code may raise anything
        where = calls.scope or type(net).__name__
        hint = input_hint(net, types, calls.scope, len(calls.builder.nodes) == len(types), error)
        if "meta" in str(error):
            hint = "register every tensor with register_buffer and every list of modules as nn.ModuleList"
        raise TraceError(
            f"{name}: {where} fails on {', '.join(map(str, types.values()))}: {_first_line(error)}",
            hint=hint,
        ) from error
    results = tuple(dict.fromkeys(calls.position_of[id(x)] for x in tensors_in(out) if id(x) in calls.position_of))
    if not results:
        raise TraceError(
            f"{name} returns {type(out).__name__} without a tensor that it computes from its input",
            hint="name what makes a net whose forward returns its result",
        )
    calls.write_unused()
    nodes = calls.builder.nodes
    last = len(nodes) - 1
    held = calls.held | dict.fromkeys(calls.position_of.values(), last)
    containers = calls.builder.containers
    return Graph(
        name,
        tuple(staged(nodes, containers)),
        containers,
        held,
        unseen=calls.unseen,
        results=() if results == (last,) else results,
        frozen=frozenset(key for key, value in net.named_parameters() if not value.requires_grad),
    )


def _run(calls: Calls, types: Inputs, prints: TextIO, device: torch.device) -> Any:
    with _ONE_AT_A_TIME, redirect_stdout(prints), same_draws(), device, calls.watching():
        inputs = {place: _filled(each) for place, each in types.items()}
        for place, x in inputs.items():
            name = "input" if len(inputs) == 1 else f"input_{place}"
            calls.stands_for(x, calls.builder.input(types[place], name))
        by_position = [x for place, x in inputs.items() if isinstance(place, int)]
        return calls.net(*by_position, **{place: x for place, x in inputs.items() if isinstance(place, str)})


def _filled(type: TensorType) -> Tensor:
    """Zeros, or random numbers from 0 to 1, on the device that is set."""
    dtype = getattr(torch, type.dtype)
    return torch.rand(type.shape, dtype=dtype) if dtype.is_floating_point else torch.zeros(type.shape, dtype=dtype)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _refuse_without_sizes(net: nn.Module, name: str) -> None:
    for key, value in net.named_parameters():
        if isinstance(value, nn.parameter.UninitializedParameter):
            raise TraceError(
                f"{name}: {key} has no size before the first batch", hint="call the net once after constructing it"
            )


def _needs_buffers(error: TraceError) -> bool:
    """Whether the pass on the CPU failed only as tensors that the net does not register stay where they are."""
    return "meta" in error.message
