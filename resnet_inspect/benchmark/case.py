"""One configuration of a benchmark, the grid that a request spans, and the pairs that cannot be."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Annotated

from resnet_inspect.errors import RequestError
from resnet_inspect.typed_json import OPTIONAL, Rule, Size, keyed
from resnet_inspect.units import counted
from resnet_inspect.vocabulary import (
    LAYOUTS,
    MODES,
    RUN_PRECISIONS,
    TASKS,
    Layout,
    Mode,
    Precision,
    RunPrecision,
    Task,
)

ARITHMETIC: dict[RunPrecision, Precision] = {
    "fp32": "fp32", "tf32": "tf32", "bf16": "bf16", "fp16": "fp16", "amp-bf16": "bf16", "amp-fp16": "fp16",
}  # fmt: skip

# Why the device's share of a call is unknown.
DRY = "the queue ran dry: the host is too slow to keep it full, or the call makes more launches than it holds"
SCALER = "the loss scaler of amp-fp16 makes the host wait for the device in every step"

_device: Rule = (re.compile("(cpu|mps|cuda)(:[0-9]+)?").fullmatch, "cpu, mps, cuda or cuda:N")
Device = Annotated[str, _device]

MOST_THREADS = 2**16
MOST_PROCESSES = 64  # of one machine, each a GPU's


@dataclass(frozen=True, slots=True)
class Case:
    """One configuration to measure.

    ``input`` is N, C, H, W. ``threads`` are those of torch's intra-op pool. ``folded``: each BatchNorm that directly
    follows a convolution is folded into it. ``processes`` train together, each on such a batch and, on CUDA, on a GPU
    of its own; None where nobody asked for a number of them.
    """

    model: str
    device: Device
    batch_size: Size
    input: tuple[Size, ...]
    task: Task
    precision: RunPrecision
    layout: Layout
    mode: Mode
    threads: Size
    folded: bool = field(default=False, metadata=keyed("fused"))
    processes: Size | None = field(default=None, metadata=OPTIONAL)

    @property
    def kind(self) -> str:
        """The device without its number: cpu, cuda or mps."""
        return self.device.partition(":")[0]

    @property
    def arithmetic(self) -> Precision:
        """The type in which convolutions compute; autocast runs them in its own."""
        return ARITHMETIC[self.precision]

    @property
    def is_compiled(self) -> bool:
        return "compile" in self.mode

    @property
    def is_captured(self) -> bool:
        """Whether calls replay a CUDA graph."""
        return "graph" in self.mode

    @property
    def waits_inside(self) -> bool:
        """Whether the host waits for the device within a call, which hides the share of each.

        torch's loss scaler asks the device for overflows in every step.
        """
        return self.task == "train" and self.precision == "amp-fp16"

    @property
    def label(self) -> str:
        size = "×".join(map(str, self.input))
        layout = "" if self.layout == "contiguous" else f" {self.layout}"
        folded = " folded" if self.folded else ""
        threads = f" {counted(self.threads, 'thread')}" if self.device == "cpu" else ""
        processes = f" {self.processes} process{'es' * (self.processes > 1)}" if self.processes else ""
        return f"{self.model}{folded} {size} {self.task} {self.precision}{layout} {self.mode}{threads}{processes}"


def grid(
    models: Sequence[tuple[str, tuple[int, ...]]],
    device: str,
    batch_sizes: Sequence[int],
    tasks: Sequence[str],
    precisions: Sequence[str],
    layouts: Sequence[str],
    modes: Sequence[str],
    threads: Sequence[int],
    folded: Sequence[bool] = (False,),
    processes: Sequence[int | None] = (None,),
) -> list[Case]:
    """Every combination; each model comes with the C, H, W of one image.

    Raises:
        RequestError: a pair that cannot run, or a batch without an image.
    """
    if min(batch_sizes) < 1:
        raise RequestError("a batch has at least one image", hint="as --batch-size 1")
    if min(threads) < 1:
        raise RequestError("torch's pool has at least one thread", hint="as --threads 1")
    if any(number is not None and not 1 <= number <= MOST_PROCESSES for number in processes):
        raise RequestError(f"a number of processes is from 1 to {MOST_PROCESSES}", hint="as --processes 1,2")
    if max(threads) > MOST_THREADS:
        raise RequestError(f"no machine has cores for more than {MOST_THREADS:,} threads", hint="as --threads 8")
    cases = [
        Case(name, device, n, (n, *image), task, precision, layout, mode, t, is_folded, together)  # type: ignore[arg-type]  # _refuse checks
        for (name, image), n, task, precision, layout, mode, t, is_folded, together in product(
            models, batch_sizes, tasks, precisions, layouts, modes, threads, folded, processes
        )
    ]
    for case in cases:
        _refuse(case)
    return list(dict.fromkeys(cases))


def _refuse(case: Case) -> None:
    """Raises RequestError for a combination that cannot run."""
    for value, allowed, name in (
        (case.task, TASKS, "task"),
        (case.precision, RUN_PRECISIONS, "precision"),
        (case.layout, LAYOUTS, "layout"),
        (case.mode, MODES, "mode"),
    ):
        if value not in allowed:
            raise RequestError(f"{name} {value!r} is not one of {', '.join(allowed)}")
    on_cuda, training = case.kind == "cuda", case.task == "train"
    if case.is_captured and not on_cuda:
        raise RequestError(
            f"--mode {case.mode} needs a CUDA device", hint=f"use --mode eager or compile on {case.device}"
        )
    if case.precision == "tf32" and not on_cuda:
        raise RequestError(f"--precision tf32 does not exist on {case.device}", hint="use --precision fp32")
    if case.precision == "fp16" and training:
        raise RequestError(
            "fp16 weights do not train: small gradients become zero", hint="use --precision amp-fp16 or bf16"
        )
    if case.precision == "amp-fp16" and training and not on_cuda:
        raise RequestError(f"amp-fp16 does not train on {case.device}", hint="use --precision bf16 or amp-bf16")
    if case.processes and not training:
        raise RequestError("only training steps are measured in several processes", hint="add --task train")
    if case.processes and case.kind == "mps":
        raise RequestError("several processes do not train on mps", hint="use --device cpu")
    if case.folded and training:
        raise RequestError(
            "--folded is for inference: a folded BatchNorm has no batch statistics to train with",
            hint="leave out --folded or --task train",
        )
    if case.is_captured and training:
        raise RequestError("a training step is not captured as a graph", hint="use --mode eager or compile")
