"""A case made ready to run: the network, its input, and the callables that the sampler times."""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from resnet_inspect.benchmark.case import Case
from resnet_inspect.graph import Graph
from resnet_inspect.graph.fold import fold
from resnet_inspect.runtime.any_call import tensors_in
from resnet_inspect.runtime.build import build
from resnet_inspect.runtime.folded import folded

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
REFERENCE_IMAGES = 2


@dataclass(slots=True)
class Ready:
    """A case that can be timed.

    Attributes:
        run: makes one call and returns before a GPU is done.
        sync: waits for the device.
        reference: outputs of strict fp32 for the first images.
        forward: the call's forward pass, loss included, with its argument in the network's place.
        step: forward, backward and optimizer of a training step.
        captured_ms: the first call, where it came before the timed path because a graph was captured.
        compiled_graphs: graphs that torch.compile had made when the calls were warm.
        together: the processes that make each call, where they are several.
    """

    run: Callable[[], Any]
    sync: Callable[[], None]
    net: nn.Module
    graph: Graph
    reference: torch.Tensor
    forward: Callable[[Any], torch.Tensor]
    optimizer: torch.optim.Optimizer | None = None
    step: tuple[Callable[[], Any], Callable[[Any], Any], Callable[[], None]] | None = None
    captured_ms: float | None = None
    compiled_graphs: int = 0
    together: object = None


def prepare(
    case: Case,
    graph: Graph,
    seed: int,
    code: nn.Module | None = None,
    wrap: Callable[[nn.Module], nn.Module] = lambda net: net,
) -> Ready:
    """The network of ``case`` on random input, with calibrated BatchNorm statistics.

    ``code`` is the network of ``graph``, where it is code; otherwise the network is built. ``wrap`` gives what is
    called in its place.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(case.threads)
    device = torch.device(case.device)
    if device.type == "cuda":
        torch.cuda.set_device(device)
        if case.precision == "tf32" and torch.cuda.get_device_capability(device)[0] < 8:
            raise NotImplementedError(f"{torch.cuda.get_device_name(device)} has no TF32: use --precision fp32")
    _allow_tf32(case.precision == "tf32")
    torch.backends.cudnn.benchmark = True
    net = (build(graph) if code is None else code).to(device)
    x = torch.randn(case.input, device=device)
    _calibrate(net, x)
    net.eval()
    with torch.inference_mode():
        reference = _strictly(lambda: _first_output(net(x[:REFERENCE_IMAGES])).float())
    if case.folded:
        fewer = fold(graph)
        net, graph = folded(net, graph, fewer), fewer
    dtype = DTYPES.get(case.precision)
    if dtype is not None:
        net, x = net.to(dtype), x.to(dtype)
    net = net.to(memory_format=FORMATS[case.layout])
    x = x.to(memory_format=FORMATS[case.layout])
    context: Callable[[], AbstractContextManager[Any]] = nullcontext
    if case.precision.startswith("amp-"):
        context = partial(torch.autocast, device.type, dtype=DTYPES[case.precision.removeprefix("amp-")])
    wrapped = wrap(net)
    called: Any = torch.compile(wrapped) if case.is_compiled else wrapped
    waits: dict[str, Callable[[], None]] = {
        "cuda": partial(torch.cuda.synchronize, device),
        "mps": torch.mps.synchronize,
    }

    def infer(called: Any) -> torch.Tensor:
        with context():
            return _first_output(called(x))

    sync = waits.get(device.type, _nothing)
    ready = Ready(partial(infer, called), sync, net, graph, reference, infer)
    if case.task == "train":
        _train(ready, called, x, context, graph.output.shape[-1], case.precision == "amp-fp16")
    elif case.is_captured:
        ready.run, ready.captured_ms = captured(ready.run)
    return ready


def agreement(ready: Ready, case: Case) -> tuple[bool, float | None]:
    """Whether the outputs of the timed path are finite, and their relative L2 distance from strict fp32.

    For a training step: whether loss and gradients are finite. The weights have moved, so there is no distance; nor is
    there one from outputs that are all zero.
    """
    if ready.step is not None:
        forward, backward, _ = ready.step
        loss = forward()
        backward(loss)
        gradients = [p.grad for p in ready.net.parameters() if p.grad is not None]
        return bool(torch.isfinite(loss)) and all(bool(torch.isfinite(g).all()) for g in gradients), None
    with torch.no_grad():
        out = ready.run().float()
    ready.sync()
    finite = bool(torch.isfinite(out).all())
    images = len(ready.reference)
    error = float((out[:images] - ready.reference).norm() / ready.reference.norm())
    return finite, error if math.isfinite(error) else None


def _train(
    ready: Ready,
    called: Any,
    x: torch.Tensor,
    context: Callable[[], AbstractContextManager[Any]],
    classes: int,
    scaled: bool,
) -> None:
    """A step of forward, loss, backward and SGD with momentum 0.9; amp-fp16 scales the loss."""
    ready.net.train()
    y = torch.randint(0, classes, (len(x),), device=x.device)
    optimizer = torch.optim.SGD(ready.net.parameters(), lr=1e-4, momentum=0.9)
    scaler = torch.amp.GradScaler(x.device.type, enabled=scaled)

    def forward(called: Any) -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        with context():
            return F.cross_entropy(_first_output(called(x)), y)

    def backward(loss: torch.Tensor) -> None:
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch's own

    def step() -> None:
        scaler.step(optimizer)
        scaler.update()

    def run() -> None:
        backward(forward(called))
        step()

    ready.run, ready.forward = run, forward
    ready.optimizer, ready.step = optimizer, (partial(forward, called), backward, step)


def _first_output(out: Any) -> torch.Tensor:
    """The first tensor of what a net returns: a dictionary, a list or a dataclass may hold several."""
    return out if isinstance(out, torch.Tensor) else next(tensors_in(out))


def _calibrate(net: nn.Module, x: torch.Tensor) -> None:
    """One train-mode forward at momentum 0.1.

    With untouched statistics a deep random net overflows fp16; with exact ones it amplifies rounding.
    """
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    images = x if len(x) >= 2 else torch.cat([x, torch.randn_like(x)])
    if norms:
        with torch.no_grad():
            net.train()(images[:8])


def _strictly(call: Callable[[], torch.Tensor]) -> torch.Tensor:
    """The call without TF32."""
    allowed = torch.backends.cudnn.allow_tf32
    _allow_tf32(False)
    try:
        return call()
    finally:
        _allow_tf32(allowed)


def _allow_tf32(allowed: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed


def captured(infer: Callable[[], torch.Tensor]) -> tuple[Callable[[], torch.Tensor], float]:
    """``infer`` as a CUDA graph, and the milliseconds of its first call.

    It is captured after a warm-up on a side stream, as torch's documentation asks. The replay keeps ``infer`` alive,
    with the input and weights that the graph reads in place.
    """
    cuda: Any = torch.cuda  # whose streams have no types
    side = cuda.Stream()
    side.wait_stream(cuda.current_stream())
    with cuda.stream(side), torch.inference_mode():
        start = time.perf_counter_ns()
        infer()
        cuda.synchronize()
        first_ms = (time.perf_counter_ns() - start) / 1e6
        for _ in range(2):
            infer()
    cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph), torch.inference_mode():
        out = infer()

    def replay(_keep: Callable[[], torch.Tensor] = infer) -> torch.Tensor:
        graph.replay()
        return out

    return replay, first_ms


def _nothing() -> None:
    pass
