"""What a run will cost, before it runs."""

from dataclasses import dataclass

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
from resnet_inspect.training.run import Run


@dataclass(frozen=True, slots=True)
class Plan:
    """The cost of a run.

    Attributes:
        macs: of a forward pass of one image.
        epoch_macs: of an epoch's training steps, both gradients included; testing comes on top.
        peak_bytes: of a step in fp32 from the second on, with the averaged weights where the recipe keeps some; None
            where the net's code does not tell.
        epoch_floor_ms: the least time of an epoch's forward passes on a device.
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
    doubt: str = ""


def plan(source: Source, one: Graph, run: Run, data: DataSet, device: Device | None) -> Plan:
    """What ``run`` will cost, on ``device`` if there is one; ``one`` is the net of ``source`` on one image.

    Raises:
        RequestError: the net has another number of classes than the data.
        ShapeError: a BatchNorm sees one value a channel in a batch, or in the last of an epoch.
    """
    _refuse_other_classes(one, source, data)
    recipe = run.recipe
    batch = source.graph((recipe.batch_size, *run.image))
    whole, rest = divmod(data.images, recipe.batch_size)
    doubt, peak, macs = "", None, None
    try:
        if whole:
            refuse_to_train(batch)
        if rest:
            refuse_to_train(source.graph((rest, *run.image)))
        macs = sum(training_flops(batch).values()) // 2 * data.images // recipe.batch_size
        peak = _peak_bytes(batch, run)
    except ShapeError:
        raise
    except RequestError as error:
        doubt = error.message
    work = work_of(one)
    floor = None
    if device is not None:
        floor = floors_ms(batch, device, ARITHMETIC[run.precision])[0] * data.images / recipe.batch_size
    return Plan(
        work.params, work.macs, data.images, data.test_images, whole + bool(rest), macs, peak, floor, doubt
    )  # fmt: skip


def _peak_bytes(batch: Graph, run: Run) -> int:
    peak = memory_peak(batch, "train", "fp32", run.recipe.optimizer, run.recipe.momentum)[1]
    copies = peak.weight_bytes + peak.buffer_bytes if run.recipe.ema_decay else 0
    return peak.peak_bytes + copies


def _refuse_other_classes(graph: Graph, source: Source, data: DataSet) -> None:
    outputs = graph.output.shape[-1]
    if outputs != data.classes:
        option = "--set" if source.spec_fields else "--kwargs"
        raise RequestError(
            f"{source.name} has {outputs} outputs, {data.text} has {data.classes} classes",
            hint=f"{option} num_classes={data.classes}",
        )
