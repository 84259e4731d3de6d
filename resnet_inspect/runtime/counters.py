"""Run other people's counters on a built module, and read what torchvision publishes.

Each counter gets a copy of its own in eval mode: thop leaves totals in the modules, and fvcore in train mode changes
the statistics of BatchNorm. ``python -m resnet_inspect.runtime.counters PACKAGE`` runs one package's counters in a
process of their own, because some patch torch for good.
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

from resnet_inspect.counting.packages import PACKAGES
from resnet_inspect.errors import MachineError
from resnet_inspect.graph import Graph
from resnet_inspect.kwargs import read_kwargs
from resnet_inspect.resnet.fields import from_mapping
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime import code
from resnet_inspect.runtime.build import build
from resnet_inspect.runtime.undisturbed import undisturbed
from resnet_inspect.typed_json import JsonObject

Totals = dict[str, int]


def versions() -> dict[str, str]:
    """Installed version of each counter that the package depends on."""
    return {tool: version(tool) for tool in ("torch", "fvcore", "thop", "torchvision")}


def measure(graph: Graph, module: nn.Module | None = None) -> tuple[Totals, dict[str, str]]:
    """The totals of torch, fvcore and thop for a forward pass of ``module``, and its parameters by torch.

    Without a module it is the built network. The second mapping says why a tool fails on code.

    Raises:
        MachineError: the network does not fit into memory. RuntimeError: a tool fails on a built network.
    """
    totals: Totals = {}
    failed: dict[str, str] = {}
    with undisturbed():
        try:
            net, x = module if module is not None else build(graph), torch.randn(graph.input.shape)
            totals["torch_params"] = sum(p.numel() for p in net.parameters())
            for package in ("torch", "fvcore", "thop"):
                try:
                    totals |= run(package, net, x)
                except Exception as error:  # the user's code may raise anything
                    if module is None or _is_out_of_memory(error):
                        raise
                    failed[package] = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        except (RuntimeError, MemoryError) as error:
            if _is_out_of_memory(error):
                raise MachineError(f"not enough memory to run {graph.name}", hint="give a smaller --input") from None
            raise
    return totals, failed


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "allocate memory" in str(error)


def run(package: str, net: nn.Module, x: Tensor) -> Totals:
    """The totals of a package's counters for ``net`` on the batch ``x``, by the names of their conventions."""
    runner: Callable[[nn.Module, Tensor], Totals] = globals()[PACKAGES[package].runner]
    # Some packages import what their dependencies have deprecated, some print.
    with warnings.catch_warnings(), torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return runner(deepcopy(net).eval(), x)


def published(name: str, side: int) -> dict[str, tuple[int, float]]:
    """torchvision's own metadata: weights -> parameters and GMACs, of weights for images of ``side`` pixels.

    Empty for a net that it does not have.
    """
    if name not in models.list_models(module=models):
        return {}
    weights = [w for w in models.get_model_weights(name) if w.transforms.keywords.get("crop_size") == side]
    return {w.name: (w.meta["num_params"], w.meta["_ops"]) for w in weights}


def run_torch(net: nn.Module, x: Tensor) -> Totals:
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # it counts nothing in the kernel of a whole attention block
    try:
        with FlopCounterMode(display=False) as counter:
            net(x)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return {"torch": counter.get_total_flops()}


def run_fvcore(net: nn.Module, x: Tensor) -> Totals:
    from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis

    flops, activations = FlopCountAnalysis(net, x), ActivationCountAnalysis(net, x)
    for analysis in (flops, activations):
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    return {"fvcore": int(flops.total()), "fvcore_activations": int(activations.total())}


def run_thop(net: nn.Module, x: Tensor) -> Totals:
    from thop import profile

    macs, params = profile(net, inputs=(x,), verbose=False)
    return {"thop": int(macs), "thop_params": int(params)}


def run_ptflops(net: nn.Module, x: Tensor) -> Totals:
    from ptflops import get_model_complexity_info

    def macs(backend: str, functional: bool = True) -> int:
        total, _ = get_model_complexity_info(
            deepcopy(net),
            tuple(x.shape[1:]),
            as_strings=False,
            print_per_layer_stat=False,
            verbose=False,
            backend=backend,
            input_constructor=lambda _: x,  # ptflops takes a batch given by keyword for one image
            backend_specific_config={"count_functional": functional},
        )
        return int(total)

    return {
        "ptflops": macs("pytorch"),
        "ptflops_nofunc": macs("pytorch", functional=False),
        "ptflops_aten": macs("aten"),
    }


def run_torchinfo(net: nn.Module, x: Tensor) -> Totals:
    from torchinfo import summary

    return {"torchinfo": int(summary(net, input_data=x, verbose=0).total_mult_adds)}


def run_calflops(net: nn.Module, x: Tensor) -> Totals:
    from calflops import calculate_flops

    flops, macs, _ = calculate_flops(net, args=[x], print_results=False, output_as_string=False)
    return {"calflops_flops": int(flops), "calflops_macs": int(macs)}


def run_deepspeed(net: nn.Module, x: Tensor) -> Totals:
    from deepspeed.profiling.flops_profiler import get_model_profile

    flops, macs, _ = get_model_profile(net, args=[x], print_profile=False, as_string=False, warm_up=0)
    return {"deepspeed_flops": int(flops), "deepspeed_macs": int(macs)}


def run_flopth(net: nn.Module, x: Tensor) -> Totals:
    from flopth import flopth

    flops, _ = flopth(net, inputs=(x,), bare_number=True)
    return {"flopth": int(flops)}


def main(package: str) -> None:
    """Read a net's source and a batch's shape as JSON from stdin, write the package's totals as JSON to stdout."""
    job = json.load(sys.stdin)
    print(json.dumps(run(package, _make(job), torch.randn(job["image"]))))


def _make(job: JsonObject) -> nn.Module:
    if "code" in job:
        return code.make(job["code"], read_kwargs(job.get("kwargs", ())))
    n, c, h, w = job["image"]
    return build(lower(from_mapping(ResNetSpec(), job["spec"]), "net", (n, c, h, w)))


if __name__ == "__main__":
    main(sys.argv[1])
