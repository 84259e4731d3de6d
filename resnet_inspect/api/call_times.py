"""The times of a network's calls: those of a Record, of a profile, or the least that a device allows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from resnet_inspect.api.prediction import asked_for, profile_of
from resnet_inspect.errors import RequestError
from resnet_inspect.exchange.times import Times

if TYPE_CHECKING:
    from resnet_inspect.api.prediction import Profiled
    from resnet_inspect.benchmark.breakdown import Breakdown
    from resnet_inspect.benchmark.record import Record, Result
    from resnet_inspect.graph import Graph
    from resnet_inspect.hardware.devices import Device
    from resnet_inspect.prediction.profile import Profile
    from resnet_inspect.vocabulary import Precision, RunPrecision, Task


def times_asked(
    graph: "Graph",
    record: "Record | None",
    device: str | None,
    precision: "Precision | None",
    profile: "Profiled",
    task: "Task",
    or_stages: bool,
) -> Iterator[Times]:
    """Those of the Record, of the profile or this machine's cpu or cuda, of the data sheet: what is given of these.

    Raises:
        RequestError: one of them has no times of this net, or of a training step.
    """
    from resnet_inspect.hardware.devices import find_device, is_torch_device

    if record is not None:
        yield measured_times(record, graph, task, precision, or_stages)
    here = device is not None and is_torch_device(device)
    if (profile is not None or device is not None) and task == "train":
        raise RequestError(
            "predicted and least times are of inference",
            hint="give --record RUN.json, of bench --task train --per layer",
        )
    if profile is not None or here:
        yield predicted_times(profile_of(profile, device if here else None, asked_for(precision)), graph)
    if device is not None and not here:
        sheet = find_device(device)
        yield least_times(sheet, precision or sheet.precision, graph)


def measured_times(
    record: "Record", graph: "Graph", task: "Task", precision: "Precision | None", or_stages: bool
) -> Times:
    """The mean times of layers, or else of stages where these do, from the first case of this net that has them.

    Raises:
        RequestError: no case of this net, input, task and precision has any.
    """
    cases = [
        result
        for result in record.results
        if result.case.model == graph.name
        and result.case.input == graph.input.shape
        and result.case.task == task
        and precision in (None, result.case.arithmetic)
    ]
    names = {node.name for node in graph.nodes}
    for result in cases:
        if result.layers and {row.name for row in result.layers.rows} <= names:
            return _times(record, result, result.layers)
    for result in cases if or_stages else ():
        if result.stages and {row.name for row in result.stages.rows} <= {*graph.stages}:
            return _times(record, result, result.stages, of_stages=True)
    parts, options = "layers or stages" if or_stages else "layers", f" --input {','.join(map(str, graph.input.shape))}"
    options += f" --task {task}" if task != "infer" else ""
    options += f" --precision {precision}" if precision else ""
    raise RequestError(
        f"the Record has no times of the {parts} of {graph.name} at{options}",
        hint=f"measure them with bench {graph.name}{options} --per layer",
    )


def _times(record: "Record", result: "Result", breakdown: "Breakdown", of_stages: bool = False) -> Times:
    gpu, machine = record.environment.gpu, record.environment.machine
    place = (gpu and gpu.name) or result.case.device if result.case.kind == "cuda" else machine.cpu_model
    training = breakdown.of_training
    return Times(
        basis="measured",
        precision=_stored_in(result.case.precision),
        source=f"means over {breakdown.iterations} calls of {result.case.label} on {place}",
        forward_ms={row.name: (row.forward_ms or 0.0) if training else row.ms for row in breakdown.rows},
        of_stages=of_stages,
        backward_ms={row.name: row.backward_ms or 0.0 for row in breakdown.rows} if training else {},
        loss_ms=breakdown.loss_ms,
        optimizer_ms=breakdown.optimizer_ms,
    )


def predicted_times(profile: "Profile", graph: "Graph") -> Times:
    """What the profile gives each call, or each fused pass where its nets were compiled.

    Raises:
        RequestError: the net is outside the calibration.
    """
    from resnet_inspect.questions.predicted import standing_on

    prediction = profile.predict(graph)
    if prediction.ms is None:
        raise RequestError(
            f"the profile predicts nothing of {graph.name}: {prediction.reason}",
            hint="give the least times instead, as with --device a100",
        )
    passes = "passes" if "compile" in profile.conditions.mode else "calls"
    return Times(
        basis="predicted",
        precision=_stored_in(profile.conditions.precision),
        source=f"the device's time of the {passes} by the calibration of {standing_on(profile)}",
        forward_ms=profile.predict_parts(graph, lambda node: node.name),
    )


def least_times(device: "Device", precision: "Precision", graph: "Graph") -> Times:
    """The least time of each call on its own; they add up to the floor without fusion."""
    from resnet_inspect.hardware.floor import call_floors_ms

    return Times(
        basis="floor",
        precision=precision,
        source=f"the least that each call takes on its own, in {precision} on {device.title}",
        forward_ms=call_floors_ms(graph, device, precision),
    )


def _stored_in(precision: "RunPrecision") -> "Precision":
    """The type of weights and activations; autocast keeps weights in fp32, and its peak is at most that of fp32."""
    from resnet_inspect.vocabulary import PRECISIONS

    return next((stored for stored in PRECISIONS if stored == precision), "fp32")
