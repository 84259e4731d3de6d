"""Rows that have the name of a module, against a forward hook on that module, its parameters and torch's own FLOPs.

``python tests/stage_rows.py [PART]`` asks every net of timm and torchvision with PART in its name that can be traced.
"""

import sys
import warnings
from collections.abc import Iterator

import timm
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from resnet_inspect.counting.conventions import TORCH
from resnet_inspect.counting.count import count
from resnet_inspect.counting.writing import as_written
from resnet_inspect.errors import InspectError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.blocks import row_of
from resnet_inspect.graph.facts.work import work_by
from resnet_inspect.runtime.code import image_of
from resnet_inspect.runtime.trace import trace

LIBRARIES = {"timm": timm.list_models(), "torchvision": models.list_models(module=models)}


def make(library: str, name: str) -> nn.Module:
    """A net of timm's or torchvision's without data; torchvision's RegNets look at their data while they are made."""
    if library == "timm":
        with torch.device("meta"):
            return timm.create_model(name)  # type: ignore[no-any-return]  # timm is not typed
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("cpu" if "regnet" in name else "meta"):
        return models.get_model(name, **options).to("meta")  # type: ignore[no-any-return]  # torchvision is not typed


def traced(net: nn.Module, name: str) -> Graph:
    """``net`` on one image of its own size, without the heads that only training uses."""
    for auxiliary in ("aux1", "aux2", "AuxLogits"):
        if hasattr(net, auxiliary):
            setattr(net, auxiliary, None)
    return trace(net.eval(), (1, *image_of(net)), name)


def disagreements(net: nn.Module, graph: Graph) -> tuple[int, list[str]]:
    """How many rows by stage and by block are modules that return a tensor, and where such a row is not its module."""
    modules = dict(net.named_modules())
    shapes: dict[str, tuple[int, ...]] = {}

    def watch(path: str, out: object) -> None:
        if isinstance(out, Tensor):
            shapes[path] = tuple(out.shape)

    hooks = [m.register_forward_hook(lambda _, __, out, path=p: watch(path, out)) for p, m in modules.items()]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.empty(graph.input.shape, device="meta"))
    for hook in hooks:
        hook.remove()
    flops = {name.partition(".")[2]: sum(parts.values()) for name, parts in counter.get_flop_counts().items()}
    rows, wrong = 0, []
    for depth in ("stage", "block"):
        row = row_of(graph, depth)
        calls: dict[str, list[object]] = {}
        for call in as_written(graph):
            calls.setdefault(row(call.node), []).append(call)
        for name, work in work_by(graph, row).items():
            if name not in shapes:
                continue
            rows += 1
            params = sum(p.numel() for p in modules[name].parameters())
            ours = (work.output.shape, work.params, count(TORCH, calls[name]).total)
            theirs = (shapes[name], params, flops.get(name, 0))
            if ours != theirs:
                wrong.append(f"{graph.name} {name}: {ours}, by a hook {theirs}")
    return rows, wrong


def _ask(part: str) -> Iterator[str]:
    nets = rows = 0
    for library, names in LIBRARIES.items():
        for name in names:
            if part not in name:
                continue
            try:
                net = make(library, name)
                graph = traced(net, name)
            except (InspectError, RuntimeError):
                continue
            found, wrong = disagreements(net, graph)
            nets, rows = nets + 1, rows + found
            yield from wrong
    yield f"{rows} rows of {nets} nets"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in _ask(*(sys.argv[1:] or [""])):
        print(line, flush=True)
