"""One configuration made ready to run: the network, its input, and the callables that the sampler times."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from resnet_inspect.graph import Graph
from resnet_inspect.measure.config import Config
from resnet_inspect.runtime.build import build

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
REFERENCE_IMAGES = 2


@dataclass(slots=True)
class Ready:
    """``run`` makes one call and returns before a GPU is done; ``sync`` waits for it.

    ``error`` is the relative L2 distance of the outputs from strict fp32, ``finite`` whether they are numbers.
    """

    run: Callable[[], object]
    sync: Callable[[], None]
    net: nn.Module
    optimizer: torch.optim.Optimizer | None
    finite: bool
    error: float
    step: tuple[Callable[[], Any], Callable[[Any], Any], Callable[[], None]] | None = None


def prepare(config: Config, graph: Graph, seed: int) -> Ready:
    """Build the network of ``graph`` for ``config``, on random input, with BatchNorm statistics calibrated."""
    torch.manual_seed(seed)
    torch.set_num_threads(config.threads)
    device = torch.device(config.device)
    strict = config.precision != "tf32"
    torch.backends.cuda.matmul.allow_tf32 = not strict
    torch.backends.cudnn.allow_tf32 = not strict
    torch.backends.cudnn.benchmark = True
    net = build(graph).to(device)
    x = torch.randn(config.input, device=device)
    _calibrate(net, x)
    net.eval()
    with torch.inference_mode():
        reference = _strictly(lambda: net(x[:REFERENCE_IMAGES]).float())
    dtype = DTYPES.get(config.precision)
    if dtype is not None:
        net, x = net.to(dtype), x.to(dtype)
    net = net.to(memory_format=FORMATS[config.layout])
    x = x.to(memory_format=FORMATS[config.layout])
    if config.precision.startswith("amp-"):
        amp = DTYPES[config.precision.removeprefix("amp-")]

        def context() -> AbstractContextManager[Any]:
            return torch.autocast(device.type, dtype=amp)
    else:
        context = nullcontext
    with torch.inference_mode(), context():
        out = net(x[:REFERENCE_IMAGES]).float()
    finite = bool(torch.isfinite(out).all())
    error = float((out - reference).norm() / reference.norm()) if finite else float("inf")
    called: Any = torch.compile(net) if "compile" in config.mode else net
    sync: Callable[[], None] = (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else _nothing
    if config.task == "train":
        return _training(net, called, x, context, sync, finite, error)

    def infer() -> object:
        with context():
            return called(x)

    run = _captured(infer) if "graph" in config.mode else infer
    return Ready(run, sync, net, None, finite, error)


def _training(
    net: nn.Module,
    called: Any,
    x: torch.Tensor,
    context: Callable[[], AbstractContextManager[Any]],
    sync: Callable[[], None],
    finite: bool,
    error: float,
) -> Ready:
    """A step of forward, loss, backward and SGD with momentum 0.9."""
    net.train()
    with torch.no_grad():
        classes = net(x).shape[-1]
    y = torch.randint(0, classes, (len(x),), device=x.device)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)

    def forward() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        with context():
            return F.cross_entropy(called(x), y)

    def backward(loss: torch.Tensor) -> None:
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own

    def run() -> None:
        backward(forward())
        optimizer.step()

    def step() -> None:
        optimizer.step()

    return Ready(run, sync, net, optimizer, finite, error, (forward, backward, step))


def _calibrate(net: nn.Module, x: torch.Tensor) -> None:
    """One train-mode forward at momentum 0.1: with untouched statistics a random deep net overflows fp16, with exact
    ones it amplifies rounding."""
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    images = x if len(x) >= 2 else torch.cat([x, torch.randn_like(x)])
    if norms:
        with torch.no_grad():
            net.train()(images[:8])


def _strictly(call: Callable[[], torch.Tensor]) -> torch.Tensor:
    """The call without TF32."""
    allowed = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        return call()
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = allowed


def _captured(infer: Callable[[], object]) -> Callable[[], object]:
    """``infer`` as a CUDA graph, captured after a warm-up on a side stream as torch's documentation asks."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's own
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side), torch.inference_mode():
        for _ in range(3):
            infer()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph), torch.inference_mode():
        infer()
    return graph.replay


def _nothing() -> None:
    pass
