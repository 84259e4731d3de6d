"""Other people's counters, really run on a built module, and what torchvision publishes."""

import warnings
from copy import deepcopy
from importlib.metadata import version

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from resnet_inspect.errors import MachineError
from resnet_inspect.graph import Graph
from resnet_inspect.runtime.build import build


def versions() -> dict[str, str]:
    """Installed version of each counter."""
    return {tool: version(tool) for tool in ("torch", "fvcore", "thop", "torchvision")}


def measure(graph: Graph) -> dict[str, int]:
    """What each tool says of a forward pass of the built network: ``fvcore``, ``fvcore_activations``, ``thop``,
    ``thop_params``, ``torch`` (FLOPs), ``torch_params``.

    Each sees a copy of its own in eval mode: thop leaves totals in the modules, fvcore in train mode moves statistics.

    Raises:
        MachineError: the machine has not the memory for it.
    """
    try:
        net, x = build(graph), torch.randn(graph.input.shape)
        with torch.no_grad():
            return {
                "torch_params": sum(p.numel() for p in net.parameters()),
                **_torch(deepcopy(net).eval(), x),
                **_fvcore(deepcopy(net).eval(), x),
                **_thop(deepcopy(net).eval(), x),
            }
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise MachineError(f"not enough memory to run {graph.name}", hint="give a smaller --input") from None
        raise


def published(name: str) -> dict[str, tuple[int, float]]:
    """torchvision's own metadata: weights -> parameters and GMACs at 224; empty for a net it does not have."""
    if name not in models.list_models(module=models):
        return {}
    return {w.name: (w.meta["num_params"], w.meta["_ops"]) for w in models.get_model_weights(name)}


def _torch(net: nn.Module, x: torch.Tensor) -> dict[str, int]:
    with FlopCounterMode(display=False) as counter:
        net(x)
    return {"torch": counter.get_total_flops()}


def _fvcore(net: nn.Module, x: torch.Tensor) -> dict[str, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fvcore imports what its own dependencies deprecated
        from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis
    flops, activations = FlopCountAnalysis(net, x), ActivationCountAnalysis(net, x)
    for analysis in (flops, activations):
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    return {"fvcore": int(flops.total()), "fvcore_activations": int(activations.total())}


def _thop(net: nn.Module, x: torch.Tensor) -> dict[str, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # thop compares versions by the deprecated distutils
        from thop import profile
    macs, params = profile(net, inputs=(x,), verbose=False)
    return {"thop": int(macs), "thop_params": int(params)}
