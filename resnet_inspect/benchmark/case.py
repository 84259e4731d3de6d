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
class Config:
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
) -> list[Config]:
    """Every combination, models given with the C, H, W of one image.

    Raises:
        RequestError: a pair that cannot run, or a batch without an image.
    """
    if min(batch_sizes) < 1:
        raise RequestError("a batch has at least one image", hint="as --batch-size 1")
    if min(threads) < 1:
        raise RequestError("torch's pool has at least one thread", hint="as --threads 1")
    configs = [
        Config(name, device, n, (n, *image), task, precision, layout, mode, t, folded)
        for (name, image), n, task, precision, layout, mode, t, folded in product(
            models, batch_sizes, tasks, precisions, layouts, modes, threads, fused
        )
    ]
    for config in configs:
        _refuse(config)
    return list(dict.fromkeys(configs))


def _refuse(config: Config) -> None:
    cuda = config.device.startswith("cuda")
    for value, known, name in (
        (config.task, TASKS, "task"),
        (config.precision, RUN_PRECISIONS, "precision"),
        (config.layout, LAYOUTS, "layout"),
        (config.mode, MODES, "mode"),
    ):
        if value not in known:
            raise RequestError(f"{name} {value!r} is not one of {', '.join(known)}")
    if not cuda and "graph" in config.mode:
        raise RequestError(
            f"--mode {config.mode} needs a CUDA device", hint="use --mode eager or compile on " + config.device
        )
    if not cuda and config.precision == "tf32":
        raise RequestError(f"--precision tf32 does not exist on {config.device}", hint="use --precision fp32")
    if config.task == "train" and config.precision == "fp16":
        raise RequestError(
            "fp16 weights do not train: their small gradients are zero", hint="use --precision amp-fp16 or bf16"
        )
    if not cuda and config.task == "train" and config.precision == "amp-fp16":
        raise RequestError(
            f"{config.precision} does not train on {config.device}", hint="use --precision bf16 or amp-bf16"
        )
    if config.fused and config.task == "train":
        raise RequestError(
            "--fused is for inference: a folded BatchNorm has no batch statistics to train with",
            hint="leave out one of --fused and --task train",
        )
    if config.task == "train" and "graph" in config.mode:
        raise RequestError("a training step is not captured as a graph", hint="use --mode eager or compile")
