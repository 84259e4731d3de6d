"""A run as a Report: what it will cost, and what came of it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from resnet_inspect.hardware.devices import Device
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.training.data import DataSet
from resnet_inspect.training.files import best_of
from resnet_inspect.training.plan import Plan
from resnet_inspect.training.processes import left_out
from resnet_inspect.training.recipe import Recipe
from resnet_inspect.training.run import Epoch, Run
from resnet_inspect.units import counted, percent, significant, text


def planned(run: Run, cost: Plan, data: DataSet, device: Device | None) -> Report:
    """What the run will cost; nothing has run."""
    columns: tuple[Column[tuple[str, object]], ...] = (
        Column("field", "field", lambda row: row[0]),
        Column("value", "value", lambda row: _shown(row[1])),
    )
    fits = _fits(cost, device)
    return Report(
        kind="train-plan",
        model=run.model,
        title=f"{run.model}, {_title(run)}, before it runs",
        facts=(*_cost_facts(run, cost), *_floor_facts(cost, device)),
        tables=(tabulate("recipe", f"recipe {run.recipe_name}", columns, asdict(run.recipe).items()),),
        findings=(*findings(run.recipe), *fits),
        notes=(*_notes(run, cost, data),),
    )


def trained(
    run: Run, cost: Plan, data: DataSet, epochs: Sequence[Epoch], peak_bytes: int | None, folder: str, note: str = ""
) -> Report:
    """What came of the run, next to what was predicted."""
    columns: tuple[Column[Epoch], ...] = (
        Column("epoch", "epoch", lambda epoch: epoch.epoch, "integer"),
        Column("train_loss", "train loss", lambda epoch: epoch.train_loss, "number"),
        Column("test_loss", "test loss", lambda epoch: epoch.test_loss, "number"),
        Column("test_accuracy", "test accuracy", lambda epoch: epoch.test_accuracy, "share"),
        Column("learning_rate", "learning rate", lambda epoch: epoch.learning_rate, "number"),
        Column("train_ms", "time", lambda epoch: 1e3 * epoch.seconds, "ms", optional=True),
        Column("images_per_s", "images/s", lambda epoch: epoch.images_per_s, "rate"),
    )
    best = best_of(epochs)
    measured = None if peak_bytes is None or cost.peak_bytes is None else peak_bytes / cost.peak_bytes
    return Report(
        kind="train",
        model=run.model,
        title=f"{run.model}, {_title(run)}",
        facts=(
            *_cost_facts(run, cost),
            Fact("measured_peak_bytes", "peak memory, measured", peak_bytes, "bytes"),
            Fact("measured_peak_ratio", "measured to predicted", measured, "ratio"),
            *_trained_hours(cost, epochs),
            Fact("best_epoch", "best epoch", best.epoch if best else None, "integer"),
            Fact("best_test_accuracy", "best test accuracy", best.test_accuracy if best else None, "share"),
            Fact("folder", "folder", folder),
        ),
        tables=(tabulate("epochs", "epochs", columns, epochs),),
        findings=(*findings(run.recipe),),
        notes=(*([note] if note else ()), *_notes(run, cost, data), "the best epoch is chosen by the test images"),
    )


def evaluated(run: Run, data: DataSet, path: str, epoch: int, loss: float, accuracy: float) -> Report:
    """How well the weights of a checkpoint classify the test images of ``data``."""
    return Report(
        kind="accuracy",
        model=run.model,
        title=f"{run.model} after epoch {epoch}, on the test images of {data.text}",
        facts=(
            Fact("checkpoint", "checkpoint", path),
            Fact("epoch", "epoch", epoch, "integer"),
            Fact("images", "images", data.test_images, "integer"),
            Fact("test_loss", "test loss", loss, "number"),
            Fact("test_accuracy", "test accuracy", accuracy, "share"),
        ),
    )


def findings(recipe: Recipe) -> Iterator[Finding]:
    """What a recipe does that costs accuracy or that other loops get wrong."""
    if not recipe.shuffle:
        yield Finding(
            "not-shuffled",
            "recipe",
            "every epoch shows the images in the same order, in the same batches",
            "--set-recipe shuffle=true",
        )
    if recipe.reached is not None:
        yield Finding(
            "whole-module",
            "recipe",
            "its source saves the whole module, and reading such a file runs code",
            "last.pt and best.pt of this run hold tensors alone",
        )
        yield Finding(
            "last-not-best",
            "recipe",
            "its source keeps the last epoch, which need not be the best",
            "best.pt of this run holds the best epoch",
        )


def _cost_facts(run: Run, cost: Plan) -> Iterator[Fact]:
    yield Fact("input", "input", (run.recipe.batch_size, *run.image), "shape")
    yield Fact("params", "parameters", cost.params, "count")
    yield Fact("macs", "MACs per image", cost.macs, "count")
    yield Fact("images", "images", cost.images, "integer")
    yield Fact("test_images", "test images", cost.test_images, "integer")
    yield Fact("epochs", "epochs", run.recipe.epochs, "integer")
    if run.world_size > 1:
        yield Fact("world_size", "processes", run.world_size, "integer")
        yield Fact("step_images", "images per step", run.recipe.batch_size * run.world_size, "integer")
    yield Fact("steps_per_epoch", "steps per epoch", cost.steps, "integer")
    yield Fact("epoch_macs", "MACs per epoch", cost.epoch_macs, "count")
    yield Fact("peak_bytes", "peak memory, predicted", cost.peak_bytes, "bytes")
    if cost.train_hours is not None:
        yield Fact("train_hours", "training, predicted", cost.train_hours, "hours")
        yield Fact("test_hours", "testing, predicted", cost.test_hours, "hours")


def _trained_hours(cost: Plan, epochs: Sequence[Epoch]) -> Iterator[Fact]:
    """What training took, next to what was predicted."""
    hours = sum(epoch.seconds for epoch in epochs) / 3600
    yield Fact("measured_train_hours", "training, measured", hours, "hours")
    if cost.train_hours:
        yield Fact("measured_hours_ratio", "measured to predicted", hours / cost.train_hours, "ratio")


def _floor_facts(cost: Plan, device: Device | None) -> Iterator[Fact]:
    if device is not None:
        yield Fact("device", "device", device.name)
        yield Fact("epoch_floor_ms", "floor of an epoch's forward passes", cost.epoch_floor_ms, "ms")


def _fits(cost: Plan, device: Device | None) -> Iterator[Finding]:
    if device and device.memory_bytes and cost.peak_bytes and cost.peak_bytes > device.memory_bytes:
        needed = text(cost.peak_bytes, "bytes")
        yield Finding("no-room", device.name, f"a step needs {needed}, more than it has", "lower --batch-size")


def _notes(run: Run, cost: Plan, data: DataSet) -> Iterator[str]:
    yield "MACs per epoch: forward passes and both gradients of every training image; testing comes on top"
    if cost.passes is not None:
        yield (
            f"hours: a step takes {significant(cost.passes)} forward passes of the profile, as many as it has their "
            "MACs; loading images, normalizing and the optimizer make it longer"
        )
    if cost.doubt:
        yield cost.doubt
    yield from _group_notes(run, data)
    if run.precision.startswith("amp-"):
        yield "peak memory is predicted for fp32; autocast keeps other tensors"
    if run.recipe.reached is not None:
        yield f"the recipe's source reports a test accuracy of {percent(run.recipe.reached, 2)} on CIFAR-10"
    if data.kind == "fake":
        yield "made-up images have random labels: their test accuracy is chance"


def _group_notes(run: Run, data: DataSet) -> Iterator[str]:
    """What several processes do otherwise than one."""
    recipe, size = run.recipe, run.world_size
    if size == 1:
        return
    yield (
        f"a step takes {recipe.batch_size * size} images, {size} times those of one process; the learning rate is not "
        f"scaled with them: --set-recipe lr={size * recipe.lr:g} would do that"
    )
    yield "each process normalizes by its own images; running statistics are the first process's"
    if rest := left_out(data.images, recipe.batch_size, size):
        yield f"each epoch leaves out {counted(rest, 'image')}: fewer than the processes"


def _title(run: Run) -> str:
    return f"recipe {run.recipe_name} on {run.data}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, tuple) else "–" if value is None else str(value)
