"""The verb that writes a network for other programs."""

from typing import TYPE_CHECKING

from resnet_inspect.api.answer import one_of
from resnet_inspect.api.call_times import times_asked
from resnet_inspect.api.hardware import DEFAULT_DEVICE
from resnet_inspect.api.network import lower
from resnet_inspect.api.records import Recorded, as_record
from resnet_inspect.errors import RequestError
from resnet_inspect.sources import Input, Kwargs, Model, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from resnet_inspect.api.prediction import Profiled
    from resnet_inspect.exchange import Format, Quantity
    from resnet_inspect.exchange.times import Basis, Times
    from resnet_inspect.graph import Graph
    from resnet_inspect.vocabulary import Depth, Optimizer, Precision, Task

# option -> the formats that heed it
HEEDED: "Mapping[str, tuple[Format, ...]]" = {
    "record": ("model-explorer", "chrome-trace"),
    "node_data": ("model-explorer",),
    "device": ("model-explorer", "chrome-trace"),
    "profile": ("model-explorer", "chrome-trace"),
    "precision": ("model-explorer", "chrome-trace", "memory-snapshot"),
    "task": ("chrome-trace", "memory-snapshot"),
    "optimizer": ("memory-snapshot",),
}
# a time as node data -> what it is, and the option that gives it
TOLD_BY: "Mapping[Quantity, tuple[Basis, str]]" = {
    "ms": ("measured", "--record RUN.json, of bench --per layer"),
    "predicted_ms": ("predicted", "--profile FILE.json, or --device cpu"),
    "least_ms": ("floor", "--device NAME, as a100"),
}


def export(
    model: Model = "resnet50",
    format: "Format" = "json",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    depth: "Depth" = "stage",
    record: Recorded | None = None,
    node_data: "Quantity | None" = None,
    device: str | None = None,
    precision: "Precision | None" = None,
    profile: "Profiled" = None,
    task: "Task | None" = None,
    optimizer: "Optimizer | None" = None,
) -> str | bytes:
    """The network's graph as the content of a file; ``depth`` says what is a box of a diagram.

    A file net.json or net.onnx with it is a model for every verb that needs no spec. ONNX is bytes, without weights.

    A Chrome trace plays one pass: with the times of ``record``, a bench with a breakdown; or of ``profile``; or with
    the least times on ``device``, by default h200, or the predicted ones on this machine's cpu or cuda. A memory
    snapshot is bytes: what a pass or a training step asks of the allocator. For model-explorer, the same options add
    times, and ``node_data`` gives one quantity of each call as the file that colours the graph.

    Raises:
        RequestError: there is no such model or format, the format does not heed an option, or nothing tells the times.
        MachineError: the package onnx is missing.
    """
    from resnet_inspect.exchange import FORMATS, QUANTITIES, write
    from resnet_inspect.vocabulary import DEPTHS, OPTIMIZERS, PRECISIONS, TASKS

    format, depth = one_of("format", format, FORMATS), one_of("depth", depth, DEPTHS)
    node_data = one_of("node_data", node_data, (None, *QUANTITIES))
    precision = one_of("precision", precision, (None, *PRECISIONS))
    task, optimizer = one_of("task", task, (None, *TASKS)), one_of("optimizer", optimizer, (None, *OPTIMIZERS))
    given = {
        "record": record,
        "node_data": node_data,
        "device": device,
        "profile": profile,
        "precision": precision,
        "task": task,
        "optimizer": optimizer,
    }
    for option, value in given.items():
        if value is not None and format not in HEEDED[option]:
            flag, formats = option.replace("_", "-"), " or ".join(HEEDED[option])
            raise RequestError(f"--{flag} is not for {format}", hint=f"give --format {formats}")
    graph = lower(model, input, batch_size, settings, kwargs)
    if format == "chrome-trace" and (record, device, profile) == (None, None, None):
        device = DEFAULT_DEVICE
    measured = None if record is None else as_record(record)
    or_stages = format == "chrome-trace"
    times = [*times_asked(graph, measured, device, precision, profile, task or "infer", or_stages)]
    if node_data is not None:
        return _node_data(graph, node_data, times)
    if format == "chrome-trace":
        if len(times) > 1:
            names = " and ".join(each.basis for each in times)
            raise RequestError(f"a trace plays one pass, and {names} times are given", hint="leave out all but one")
        precision = times[0].precision
    return write(graph, format, depth, times, task or "infer", precision or "fp32", optimizer or "sgd")


def _node_data(graph: "Graph", quantity: "Quantity", times: "Sequence[Times]") -> str:
    from resnet_inspect.exchange.model_explorer import TITLES, write_node_data

    if quantity in TOLD_BY and TOLD_BY[quantity][0] not in {each.basis for each in times}:
        raise RequestError(f"nothing tells the {TITLES[quantity]}", hint=f"give {TOLD_BY[quantity][1]}")
    return write_node_data(graph, quantity, times)
