"""What a run will cost, before it runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resnet_inspect.benchmark.case import ARITHMETIC
from resnet_inspect.counting.training import training_flops
from resnet_inspect.errors import RequestError, ShapeError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import memory_peak
from resnet_inspect.graph.facts.training import refuse_to_train
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.hardware.devices import Device
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.sources.source import Source
from resnet_inspect.training.data import DataSet
from resnet_inspect.training.processes import left_out, steps_of
from resnet_inspect.training.run import Run

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Profile


@dataclass(frozen=True, slots=True)
class Plan:
    """The cost of a run.

    Attributes:
        macs: of a forward pass of one image.
        epoch_macs: of an epoch's training steps over all processes, both gradients included; testing comes on top.
        peak_bytes: of a process's step in fp32 from the second on, with the averaged weights where the recipe keeps
            some, and among several processes with DistributedDataParallel's buckets, which hold the gradients once
            more; None where the net's code does not tell.
        epoch_floor_ms: the least time of an epoch's forward passes on a device.
        train_hours: of all epochs by a profile's forward pass: a step takes ``passes`` of them, as many as it has their
            MACs. None without a profile, or where ``doubt`` says why. Testing takes ``test_hours`` more.
        doubt: why a number is missing.
    """

    params: int
    macs: int
    images: int
    test_images: int
    steps: int
    epoch_macs: int | None
    peak_bytes: int | None
    epoch_floor_ms: float | None
    train_hours: float | None = None
    test_hours: float | None = None
    passes: float | None = None
    doubt: str = ""


def plan(
    source: Source, one: Graph, run: Run, data: DataSet, device: Device | None, profile: "Profile | None" = None
) -> Plan:  # fmt: skip
    """What ``run`` will cost, on ``device`` if there is one; ``one`` is the net of ``source`` on one image.

    ``profile`` predicts times of the machine that it is of.

    Raises:
        RequestError: the net has another number of classes than the data, or there are more processes than images.
        ShapeError: a BatchNorm sees one value a channel in a batch, or in the last of an epoch.
    """
    _refuse_other_classes(one, source, data)
    recipe, size = run.recipe, run.world_size
    if data.images < size:
        raise RequestError(
            f"{size} processes are more than the {data.images} images of {data.text}", hint="start fewer processes"
        )
    batch = source.graph((recipe.batch_size, *run.image))
    whole, rest = divmod(data.images, recipe.batch_size * size)
    images = data.images - left_out(data.images, recipe.batch_size, size)
    doubt, peak, macs = "", None, None
    hours: tuple[float | None, float | None, float | None] = None, None, None
    try:
        if whole:
            refuse_to_train(batch)
        if rest >= size:
            refuse_to_train(source.graph((rest // size, *run.image)))
        macs = sum(training_flops(batch).values()) // 2 * images // recipe.batch_size
        peak = _peak_bytes(batch, run)
    except ShapeError:
        raise
    except RequestError as error:
        doubt = error.message
    if profile is not None and macs is not None:
        prediction = profile.predict(batch)
        doubt = f"no time is predicted: {prediction.reason}" if prediction.reason else doubt
        hours = _hours(prediction.ms, work_of(batch).macs, images, macs, run, data)
    work = work_of(one)
    floor = None
    if device is not None:
        floor = floors_ms(batch, device, ARITHMETIC[run.precision])[0] * images / recipe.batch_size / size
    steps = steps_of(data.images, recipe.batch_size, size)
    return Plan(work.params, work.macs, data.images, data.test_images, steps, macs, peak, floor, *hours, doubt)


def _hours(
    ms: float | None, batch_macs: int, images: int, epoch_macs: int, run: Run, data: DataSet
) -> tuple[float | None, float | None, float | None]:
    """Hours of training and of testing, and the forward passes of a step; ``ms`` are those of one pass."""
    if ms is None:
        return None, None, None
    passes = epoch_macs * run.recipe.batch_size / (images * batch_macs)
    each = ms / 3.6e6 * run.recipe.epochs / run.recipe.batch_size / run.world_size  # hours an image
    return passes * images * each, data.test_images * each, passes


def _peak_bytes(batch: Graph, run: Run) -> int:
    peak = memory_peak(batch, "train", "fp32", run.recipe.optimizer, run.recipe.momentum)[1]
    copies = peak.weight_bytes + peak.buffer_bytes if run.recipe.ema_decay else 0
    return peak.peak_bytes + copies + (peak.weight_bytes if run.world_size > 1 else 0)


def _refuse_other_classes(graph: Graph, source: Source, data: DataSet) -> None:
    outputs = graph.output.shape[-1]
    if outputs != data.classes:
        option = "--set" if source.spec_fields else "--kwargs"
        raise RequestError(
            f"{source.name} has {outputs} outputs, {data.text} has {data.classes} classes",
            hint=f"{option} num_classes={data.classes}",
        )
