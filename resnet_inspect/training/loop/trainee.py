"""A net in training: its weights, their average, the optimizer, and one step."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from resnet_inspect.benchmark.worker.prepare import DTYPES, FORMATS
from resnet_inspect.benchmark.worker.requested_memory import requested_on_cpu, requested_on_cuda
from resnet_inspect.kwargs import read_kwargs
from resnet_inspect.resnet.fields import from_mapping
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime import code
from resnet_inspect.runtime.any_call import tensors_in
from resnet_inspect.runtime.build import build
from resnet_inspect.runtime.undisturbed import same_draws
from resnet_inspect.training.loop.group import Group
from resnet_inspect.training.recipe import Recipe, lr_factor
from resnet_inspect.training.run import Run
from resnet_inspect.typed_json import JsonObject

GOLDEN = 0x9E3779B9  # 2^32 over the golden ratio, so that the seeds of few processes and runs are all different


class Trainee:
    """The net of a run on a device, and what changes with each of its steps."""

    def __init__(self, run: Run, device: torch.device, group: Group) -> None:
        self.run, self.device, self.group = run, device, group
        layout = FORMATS[run.layout]
        self.net = make(run.source, run.model, run.image).to(device).to(memory_format=layout)
        decay = run.recipe.ema_decay
        self.average = AveragedModel(self.net, multi_avg_fn=_Average(decay), use_buffers=True) if decay else None
        wrapped = group.wrap(self.net, device)
        self.called: Any = torch.compile(wrapped) if run.mode == "compile" else wrapped
        self.optimizer = _optimizer(self.net, run.recipe)
        self.scaler = torch.amp.GradScaler(device.type, enabled=run.precision == "amp-fp16")

    @property
    def evaluated(self) -> nn.Module:
        """The net that is tested and kept: the averaged one, where there is one."""
        return self.net if self.average is None else self.average.module

    def step(
        self, images: torch.Tensor, labels: torch.Tensor, number: int, steps_per_epoch: int, total: int
    ) -> torch.Tensor:
        """Forward, backward and optimizer in step ``number`` of the run; returns the loss.

        ``total`` counts the images of all processes. The mean of their losses is the mean over these images.
        """
        recipe = self.run.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.lr * lr_factor(recipe, number, steps_per_epoch)
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.run, self.device):
            loss = F.cross_entropy(first_output(self.called(images)), labels, label_smoothing=recipe.label_smoothing)
            if len(images) * self.group.place.size != total:
                loss = loss * (len(images) * self.group.place.size / total)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch's own
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update_parameters(self.net)
        return loss.detach()

    def agree(self) -> None:
        """Take the first process's running statistics: each process normalizes by those of its own images."""
        for net in self._nets():
            self.group.share_buffers(net)

    def measured_step(self, images: torch.Tensor, *rest: Any) -> tuple[torch.Tensor, int | None]:
        """As ``step``, and the peak of the bytes that it has: None where no allocator tells."""
        self.optimizer.zero_grad(set_to_none=True)
        states = [t for s in self.optimizer.state.values() for t in s.values() if isinstance(t, torch.Tensor)]
        weights = [tensor for net in self._nets() for tensor in (*net.parameters(), *net.buffers())]
        resident = sum(tensor.numel() * tensor.element_size() for tensor in (*weights, *states, images))
        losses: list[torch.Tensor] = []

        def call() -> None:
            losses.append(self.step(images, *rest))

        if self.device.type == "cuda":
            peak = requested_on_cuda(call, self.device).peak_bytes
        elif self.device.type == "cpu" and self.run.mode == "eager":
            with _quiet_profiler():
                peak = requested_on_cpu(call).peak_bytes
        else:
            return self.step(images, *rest), None
        return losses[0], resident + peak

    def _nets(self) -> list[nn.Module]:
        return [self.net] if self.average is None else [self.net, self.average]

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])


class _Average:
    """The exponential moving average of weights and buffers; its decay grows, so that a short run is averaged, too.

    min(decay, (1 + n)/(10 + n)) after n averages is TensorFlow's ``ExponentialMovingAverage``.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay

    @torch.no_grad()
    def __call__(self, averages: Any, values: Any, averaged: Any) -> None:
        n = int(averaged)
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - min(self.decay, (1 + n) / (10 + n)))
        else:  # BatchNorm's counts of batches
            torch._foreach_copy_(averages, values)


def make(source: JsonObject, model: str, image: tuple[int, ...]) -> nn.Module:
    """The net that a run's ``source`` describes, with weights drawn from torch's generator."""
    if "spec" in source:
        channels, height, width = image
        return build(lower(from_mapping(ResNetSpec(), source["spec"]), model, (1, channels, height, width)))
    return code.make(source["code"], read_kwargs(source.get("kwargs", ())))


def first_output(out: Any) -> torch.Tensor:
    """The first tensor of what a net returns: a dictionary, a list or a dataclass may hold several."""
    return out if isinstance(out, torch.Tensor) else next(tensors_in(out))


def autocast(run: Run, device: torch.device) -> Any:
    kind = run.precision.removeprefix("amp-")
    return torch.autocast(device.type, dtype=DTYPES[kind]) if kind in DTYPES else nullcontext()


@contextmanager
def own_state(run: Run, device: torch.device) -> Iterator[None]:
    """Draw from the run's seed, in its precision; afterwards torch and Python are as they were."""
    convolutions, products = torch.backends.cudnn, torch.backends.cuda.matmul
    allowed = convolutions.allow_tf32, products.allow_tf32
    with same_draws(), torch.random.fork_rng([device] if device.type == "cuda" else []):
        convolutions.allow_tf32 = products.allow_tf32 = run.precision == "tf32"
        seed(run.seed)
        try:
            yield
        finally:
            convolutions.allow_tf32, products.allow_tf32 = allowed


@contextmanager
def _quiet_profiler() -> Iterator[None]:
    """Kineto, torch's profiler, writes its own log to stderr unless a level is set before it starts."""
    name = "KINETO_LOG_LEVEL"
    before = os.environ.get(name)
    os.environ[name] = "99"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def seed(number: int, rank: int = 0) -> None:
    """Seed what a process draws from; on a CPU, torch's generator reads the lower 32 bits alone."""
    number += rank * GOLDEN
    random.seed(number)
    torch.manual_seed(number)


def _optimizer(net: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Norms and biases have one dimension, and no weight decay unless the recipe says so."""
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    decayed = [parameter for parameter in trained if recipe.decay_norms or parameter.ndim > 1]
    spared = [parameter for parameter in trained if not (recipe.decay_norms or parameter.ndim > 1)]
    groups = [
        {"params": parameters, "weight_decay": decay}
        for parameters, decay in ((decayed, recipe.weight_decay), (spared, 0.0))
        if parameters
    ]
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, lr=recipe.lr)
    return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum)
