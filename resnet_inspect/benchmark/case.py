"""One configuration of a benchmark, the grid that a request spans, and the pairs that cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from resnet_inspect.errors import RequestError
from resnet_inspect.units import counted
from resnet_inspect.vocabulary import LAYOUTS, MODES, RUN_PRECISIONS, TASKS

# Why the device's share of a call is unknown.
DRY = "the queue ran dry: the host is too slow to keep it full, or the call makes more launches than it holds"
SCALER = "the loss scaler of amp-fp16 makes the host wait for the device in every step"


@dataclass(frozen=True, slots=True)
class Case:
    """What runs; ``input`` is N, C, H, W, ``threads`` those of torch's intra-op pool.

    ``fused``: with every BatchNorm that directly follows a convolution folded into it.
    """

    model: str
    device: str
    batch_size: int
    input: tuple[int, ...]
    task: str
    precision: str
    layout: str
    mode: str
    threads: int
    fused: bool = False

    @property
    def waits_inside(self) -> bool:
        """Whether the host waits for the device within a call, so that neither's share can be told: torch's loss scaler
        asks the device for overflows in every step."""
        return self.task == "train" and self.precision == "amp-fp16"

    @property
    def label(self) -> str:
        size = "×".join(map(str, self.input))
        layout = "" if self.layout == "contiguous" else f" {self.layout}"
        fused = " fused" if self.fused else ""
        threads = f" {counted(self.threads, 'thread')}" if self.device == "cpu" else ""
        return f"{self.model}{fused} {size} {self.task} {self.precision}{layout} {self.mode}{threads}"


def grid(
    models: Sequence[tuple[str, tuple[int, ...]]],
    device: str,
    batch_sizes: Sequence[int],
    tasks: Sequence[str],
    precisions: Sequence[str],
    layouts: Sequence[str],
    modes: Sequence[str],
    threads: Sequence[int],
    fused: Sequence[bool] = (False,),
) -> list[Case]:
    """Every combination, models given with the C, H, W of one image.

    Raises:
        RequestError: a pair that cannot run, or a batch without an image.
    """
    if min(batch_sizes) < 1:
        raise RequestError("a batch has at least one image", hint="as --batch-size 1")
    if min(threads) < 1:
        raise RequestError("torch's pool has at least one thread", hint="as --threads 1")
    cases = [
        Case(name, device, n, (n, *image), task, precision, layout, mode, t, folded)
        for (name, image), n, task, precision, layout, mode, t, folded in product(
            models, batch_sizes, tasks, precisions, layouts, modes, threads, fused
        )
    ]
    for case in cases:
        _refuse(case)
    return list(dict.fromkeys(cases))


def _refuse(case: Case) -> None:
    cuda = case.device.startswith("cuda")
    for value, known, name in (
        (case.task, TASKS, "task"),
        (case.precision, RUN_PRECISIONS, "precision"),
        (case.layout, LAYOUTS, "layout"),
        (case.mode, MODES, "mode"),
    ):
        if value not in known:
            raise RequestError(f"{name} {value!r} is not one of {', '.join(known)}")
    if not cuda and "graph" in case.mode:
        raise RequestError(
            f"--mode {case.mode} needs a CUDA device", hint="use --mode eager or compile on " + case.device
        )
    if not cuda and case.precision == "tf32":
        raise RequestError(f"--precision tf32 does not exist on {case.device}", hint="use --precision fp32")
    if case.task == "train" and case.precision == "fp16":
        raise RequestError(
            "fp16 weights do not train: their small gradients are zero", hint="use --precision amp-fp16 or bf16"
        )
    if not cuda and case.task == "train" and case.precision == "amp-fp16":
        raise RequestError(f"{case.precision} does not train on {case.device}", hint="use --precision bf16 or amp-bf16")
    if case.fused and case.task == "train":
        raise RequestError(
            "--folded is for inference: a folded BatchNorm has no batch statistics to train with",
            hint="leave out one of --folded and --task train",
        )
    if case.task == "train" and "graph" in case.mode:
        raise RequestError("a training step is not captured as a graph", hint="use --mode eager or compile")
