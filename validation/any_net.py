"""Which nets of timm and torchvision are answered, and do two instruments agree on each?

    python validation/any_net.py [--library timm] [--every 1] [--offset 0] [-o validation/any_net.csv]

For each name: whether the parameters equal the module's, and MACs with and without learned weights equal half of what
FlopCounterMode counts on the meta device. Where it fails there, both run on the CPU.
"""

import argparse
import csv
import inspect
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from resnet_inspect.errors import InspectError
from resnet_inspect.graph import TensorType
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.runtime import code, trace

LIBRARIES = ("torchvision", "timm")


class Answer(NamedTuple):
    """A row of the table; ``verdict`` is empty where both instruments agree."""

    model: str
    input: str = ""
    params: int = 0
    macs: int = 0
    macs_without_weights: int = 0
    flopcounter_macs: int = 0
    stages: int = 0
    calls: int = 0
    seconds: float = 0.0
    verdict: str = ""
    notes: str = ""


def ask(name: str) -> Answer:
    """What the Graph and torch say of a net, made on the meta device or, where that fails, on the CPU."""
    try:
        with torch.device("meta"):
            return _ask(name)
    except Exception:  # code may raise anything on a device without data
        try:
            return _ask(name)
        except InspectError as error:
            return Answer(name, verdict=f"refused: {_first_line(error)}")
        except Exception as error:  # and a constructor anything anywhere
            return Answer(name, verdict=f"not made: {_first_line(error)}")


def _ask(name: str) -> Answer:
    net = code.make(name).eval().requires_grad_(False)  # FlopCounterMode fails on some gradients
    image = (1, *code.image_of(net, name))
    inputs = [image] * _required(net)
    began = time.perf_counter()
    torch.manual_seed(0)
    graph = trace.trace(net, {place: TensorType(each) for place, each in enumerate(inputs)}, name)
    seconds = time.perf_counter() - began
    work = work_of(graph)
    params, flops = sum(p.numel() for p in net.parameters()), _flops(net, inputs, "cpu" if graph.notes else "meta")
    differences = [f"parameters {params}"] if work.params != params else []
    if flops != 2 * (work.macs + work.macs_without_weights):
        differences.append("MACs: " + ", ".join(f"{path} {more / 2:+.0f}" for path, more in graph.unseen.items()))
    return Answer(
        name,
        " ".join("x".join(map(str, each)) for each in inputs),
        work.params,
        work.macs,
        work.macs_without_weights,
        flops // 2,
        len(graph.stages),
        len(graph.nodes),
        round(seconds, 2),
        "; ".join(differences),
        "; ".join(graph.notes),
    )


def _required(net: nn.Module) -> int:
    """The images that ``forward`` asks for: RAFT compares two."""
    parameters = inspect.signature(net.forward).parameters.values()
    return max(1, sum(each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD for each in parameters))


def _flops(net: nn.Module, inputs: Sequence[tuple[int, ...]], device: str) -> int:
    """FlopCounterMode's count, on the random images that a pass on the CPU has seen."""
    torch.manual_seed(0)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net.to(device)(*(torch.rand(each, device=device) for each in inputs))
    return int(counter.get_total_flops())


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def names(library: str) -> Iterator[str]:
    if library == "timm":
        import timm

        yield from (f"timm:{name}" for name in timm.list_models())
    else:
        from torchvision import models

        yield from (f"torchvision:{name}" for name in models.list_models())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", choices=LIBRARIES, action="append")
    parser.add_argument("--every", type=int, default=1, help="ask each n-th name")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("-o", "--output", default="-")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.backends.mha.set_fastpath_enabled(False)  # FlopCounterMode counts nothing in it
    chosen = [name for library in asked.library or LIBRARIES for name in names(library)][asked.offset :: asked.every]
    tally: Counter[str] = Counter()
    with open(asked.output, "w", newline="", encoding="utf-8") if asked.output != "-" else sys.stdout as file:
        table = csv.writer(file)
        table.writerow(Answer._fields)
        for name in chosen:
            answer = ask(name)
            tally["equal" if not answer.verdict else answer.verdict.partition(":")[0]] += 1
            table.writerow(answer)
            file.flush()
    print(", ".join(f"{count} {verdict}" for verdict, count in tally.most_common()), file=sys.stderr)
    return 0 if set(tally) <= {"equal"} else 1


if __name__ == "__main__":
    sys.exit(main())
