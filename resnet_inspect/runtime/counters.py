"""Other people's counters, really run on a built module, and what torchvision publishes.

Each sees a copy of its own in eval mode: thop leaves totals in the modules, fvcore in train mode moves statistics. As a
program, it runs one package's counters in this process, which some of them patch for good.
"""

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Callable
from copy import deepcopy
from importlib.metadata import version

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from resnet_inspect.errors import MachineError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet.fields import from_mapping
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime.build import build

Totals = dict[str, int]


def versions() -> dict[str, str]:
    """Installed version of each counter that the package depends on."""
    return {tool: version(tool) for tool in ("torch", "fvcore", "thop", "torchvision")}


def measure(graph: Graph) -> Totals:
    """What torch, fvcore and thop say of a forward pass of the built network, and its parameters by torch.

    Raises:
        MachineError: the machine has not the memory for it.
    """
    try:
        net, x = build(graph), torch.randn(graph.input.shape)
        said = {"torch_params": sum(p.numel() for p in net.parameters())}
        for package in ("torch", "fvcore", "thop"):
            said |= run(package, net, x)
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise MachineError(f"not enough memory to run {graph.name}", hint="give a smaller --input") from None
        raise
    return said


def run(package: str, net: nn.Module, x: Tensor) -> Totals:
    """The totals of a package's counters for ``net`` on the batch ``x``, by the names of their conventions."""
    totals: Totals = {}
    for count in PACKAGES[package]:
        # Some import what their own dependencies deprecated, some print.
        with warnings.catch_warnings(), torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            totals |= count(deepcopy(net).eval(), x)
    return totals


def published(name: str) -> dict[str, tuple[int, float]]:
    """torchvision's own metadata: weights -> parameters and GMACs at 224; empty for a net it does not have."""
    if name not in models.list_models(module=models):
        return {}
    return {w.name: (w.meta["num_params"], w.meta["_ops"]) for w in models.get_model_weights(name)}


def _torch(net: nn.Module, x: Tensor) -> Totals:
    with FlopCounterMode(display=False) as counter:
        net(x)
    return {"torch": counter.get_total_flops()}


def _fvcore(net: nn.Module, x: Tensor) -> Totals:
    from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis

    flops, activations = FlopCountAnalysis(net, x), ActivationCountAnalysis(net, x)
    for analysis in (flops, activations):
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    return {"fvcore": int(flops.total()), "fvcore_activations": int(activations.total())}


def _thop(net: nn.Module, x: Tensor) -> Totals:
    from thop import profile

    macs, params = profile(net, inputs=(x,), verbose=False)
    return {"thop": int(macs), "thop_params": int(params)}


def _ptflops(name: str, backend: str, functional: bool = True) -> Callable[[nn.Module, Tensor], Totals]:
    def count(net: nn.Module, x: Tensor) -> Totals:
        from ptflops import get_model_complexity_info

        macs, _ = get_model_complexity_info(
            net,
            tuple(x.shape[1:]),
            as_strings=False,
            print_per_layer_stat=False,
            verbose=False,
            backend=backend,
            input_constructor=lambda _: x,  # a batch given by keyword would be taken for one image
            backend_specific_config={"count_functional": functional},
        )
        return {name: int(macs)}

    return count


def _torchinfo(net: nn.Module, x: Tensor) -> Totals:
    from torchinfo import summary

    return {"torchinfo": int(summary(net, input_data=x, verbose=0).total_mult_adds)}


def _calflops(net: nn.Module, x: Tensor) -> Totals:
    from calflops import calculate_flops

    flops, macs, _ = calculate_flops(net, args=[x], print_results=False, output_as_string=False)
    return {"calflops_flops": int(flops), "calflops_macs": int(macs)}


def _deepspeed(net: nn.Module, x: Tensor) -> Totals:
    from deepspeed.profiling.flops_profiler import get_model_profile

    flops, macs, _ = get_model_profile(net, args=[x], print_profile=False, as_string=False, warm_up=0)
    return {"deepspeed_flops": int(flops), "deepspeed_macs": int(macs)}


def _flopth(net: nn.Module, x: Tensor) -> Totals:
    from flopth import flopth

    flops, _ = flopth(net, inputs=(x,), bare_number=True)
    return {"flopth": int(flops)}


PACKAGES: dict[str, tuple[Callable[[nn.Module, Tensor], Totals], ...]] = {
    "torch": (_torch,),
    "fvcore": (_fvcore,),
    "thop": (_thop,),
    "ptflops": (
        _ptflops("ptflops", "pytorch"),
        _ptflops("ptflops_nofunc", "pytorch", functional=False),
        _ptflops("ptflops_aten", "aten"),
    ),
    "torchinfo": (_torchinfo,),
    "calflops": (_calflops,),
    "deepspeed": (_deepspeed,),
    "flopth": (_flopth,),
}


def main(package: str) -> None:
    """Read spec and image from stdin as JSON, write the totals of the package's counters to stdout as JSON."""
    job = json.load(sys.stdin)
    n, c, h, w = job["image"]
    graph = lower(from_mapping(ResNetSpec(), job["spec"]), "net", (n, c, h, w))
    print(json.dumps(run(package, build(graph), torch.randn(graph.input.shape))))


if __name__ == "__main__":
    main(sys.argv[1])
