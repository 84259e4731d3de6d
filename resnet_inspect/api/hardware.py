"""The verbs that say how fast a device could run a network, and which devices are known."""

from typing import TYPE_CHECKING, NamedTuple

from resnet_inspect.api.answer import Answer, answer, one_of
from resnet_inspect.api.network import lower
from resnet_inspect.api.records import Recorded, as_record
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.sources import Input, Kwargs, Model, Settings, find
from resnet_inspect.sources.batch import read_input

if TYPE_CHECKING:
    from resnet_inspect.benchmark.case import Case
    from resnet_inspect.benchmark.record import Record, Result
    from resnet_inspect.hardware.devices import Device
    from resnet_inspect.questions.nets import Floor
    from resnet_inspect.sources.source import Source
    from resnet_inspect.vocabulary import Depth, Precision

DEFAULT_DEVICE = "h200"


def roofline(
    model: Model | None = None,
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    device: str | None = None,
    precision: "Precision | None" = None,
    depth: "Depth" = "stage",
    record: Recorded | None = None,
    case: int | None = None,
    machine: bool = False,
) -> Answer:
    """The least time that a forward pass needs, part by part, and which roof of the device sets it; nothing runs.

    ``model`` defaults to resnet50 and ``device`` to h200; ``devices()`` lists the names. With ``machine``, or a device
    as torch names it (cpu, cuda ...), this machine's own ceilings are measured. ``record`` adds measured times: of its
    case number ``case``, or of the only one with this model, input, batch size and precision. The device then defaults
    to the Record's own.

    Raises:
        RequestError: no such device, precision or case. MachineError: this machine has no such device.
    """
    from resnet_inspect.vocabulary import DEPTHS

    depth = one_of("depth", depth, DEPTHS)
    net = under_roof(model, input, batch_size, settings, kwargs, device, precision, record, case, machine)
    if net.measured:
        from resnet_inspect.records.efficiency import efficiency

        return answer(efficiency(net.graph, net.device, *net.measured, depth))
    from resnet_inspect.questions.roofline import roofline

    return answer(roofline(net.graph, net.device, net.precision, depth))


class UnderRoof(NamedTuple):
    """A net, the device that it is held against, and the case of a Record that measured it there, if one did."""

    graph: Graph
    device: "Device"
    precision: "Precision"
    measured: "tuple[Record, Result] | None"


def under_roof(
    model: Model | None = None,
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    device: str | None = None,
    precision: "Precision | None" = None,
    record: Recorded | None = None,
    case: int | None = None,
    machine: bool = False,
) -> UnderRoof:
    """What ``roofline`` is asked about."""
    from resnet_inspect.hardware import devices
    from resnet_inspect.vocabulary import PRECISIONS

    precision = one_of("precision", precision, (None, *PRECISIONS))
    if record is not None:
        if settings:
            raise RequestError("--set cannot change a network that was measured", hint="leave out --set, or --record")
        net = None if model is None else find(model, (), kwargs)
        return _measured(as_record(record), case, net, input, batch_size, precision, device, machine)
    if case is not None:
        raise RequestError(f"--case {case} needs a Record", hint="give --record RUN.json")
    graph = lower(model or "resnet50", input, batch_size, settings, kwargs)
    machine = machine or devices.is_torch_device(device or DEFAULT_DEVICE)
    limits = _this_machine(device or "auto", precision) if machine else devices.find_device(device or DEFAULT_DEVICE)
    return UnderRoof(graph, limits, precision or limits.precision, None)


def _measured(
    record: "Record",
    number: int | None,
    net: "Source | None",
    input: Input,
    batch_size: int | None,
    precision: "Precision | None",
    device: str | None,
    machine: bool,
) -> UnderRoof:
    """A measured case, and the device that ran it."""
    from resnet_inspect.benchmark.request import measured_graph
    from resnet_inspect.records.efficiency import choose

    name = None if net is None else net.name
    size = None if input is None else read_input(input)

    def unlike(case: "Case") -> list[str]:
        """What was asked for and ``case`` is not."""
        asked = (
            (name, case.model, name),
            (size, case.input, f"--input {','.join(map(str, size or ()))}"),
            (batch_size, case.batch_size, f"--batch-size {batch_size}"),
            (precision, case.arithmetic, f"--precision {precision}"),
        )
        return [str(option) for wanted, actual, option in asked if wanted not in (None, actual)]

    result = choose(record, number, unlike)
    if net is None and not result.spec:  # a Record alone makes no code run
        code = result.case.model.replace(" ", " --kwargs ")
        hint = f"name it, as in resnet-inspect roofline {code} --record"
        if ":" not in code:
            hint = "give it, as ri.roofline(net, record=record)"
        raise RequestError(f"the Record is of {result.case.model}, which is code", hint=hint)
    limits = limits_of(device, record, result, machine)
    return UnderRoof(measured_graph(result, net), limits, result.case.arithmetic, (record, result))


def devices() -> Answer:
    """The devices whose peaks are known, each with its source."""
    from resnet_inspect.questions.devices import devices

    return answer(devices())


def floor_on(device: str | None, precision: "Precision | None") -> "Floor | None":
    """The floor on a device, if one is named.

    Raises:
        RequestError: the device is unknown or has no peak at that precision, or a precision comes without a device.
    """
    if device is None:
        if precision is not None:
            raise RequestError(f"--precision {precision} needs a device", hint="as --device a100 --precision bf16")
        return None
    from functools import partial

    from resnet_inspect.hardware import devices
    from resnet_inspect.hardware.floor import floors_ms
    from resnet_inspect.questions.nets import Floor
    from resnet_inspect.vocabulary import PRECISIONS

    precision = one_of("precision", precision, (None, *PRECISIONS))
    limits = devices.find_device(device)
    run_in = precision or limits.precision
    limits.peak(run_in)
    return Floor(partial(floors_ms, device=limits, precision=run_in), f"{run_in} on {limits.title}", repr(limits))


def _this_machine(device: str, precision: str | None, threads: int | None = None) -> "Device":
    from resnet_inspect.hardware.devices import device_from_ceilings
    from resnet_inspect.runtime.ceilings import ceilings  # torch lives behind this line

    return device_from_ceilings(ceilings(device, precision, threads))


def recorded_floor(record: "Record", result: "Result", device: str | None = None) -> float | None:
    """Milliseconds of the least time of a result: by ``device``, or by the ceilings or the data sheet of what ran it.

    None of a training step or of code, and where no peaks are known and none are asked for.
    """
    from resnet_inspect.benchmark.request import measured_graph
    from resnet_inspect.hardware.floor import floors_ms

    if result.case.task != "infer" or not result.spec:
        return None
    try:
        limits = limits_of(device, record, result, machine=False)
        return floors_ms(measured_graph(result, None), limits, result.case.arithmetic)[0]
    except RequestError:
        if device is not None:
            raise
        return None


def limits_of(device: str | None, record: "Record", result: "Result", machine: bool) -> "Device":
    """The device that ran ``result``: by name, measured now or in the same run, or by its data sheet.

    Raises:
        RequestError: the device named, or this machine, did not run it; or no peaks are known.
    """
    from resnet_inspect.hardware import devices

    ran_on, title = result.case.device, record.processor(result)
    if machine:
        limits = _this_machine(device or ran_on, result.case.arithmetic, result.case.threads)
        if title not in limits.known_as:
            raise RequestError(f"the Record is of {title}, this is {limits.known_as[0]}", hint="measure again, here")
        return limits
    own = devices.find_by_torch_name(title) if result.case.kind == "cuda" else None
    if result.ceilings:
        own = devices.device_from_ceilings(result.ceilings)
    if device is not None and device.lower() not in (ran_on, ran_on.partition(":")[0]):
        limits = devices.find_device(device)
        if title not in limits.known_as:
            hint = f"--device {own.name}" if own else f"--machine --device {ran_on}"
            raise RequestError(f"the Record is of {title}, not of {limits.title}", hint=hint)
        return limits
    if own is None:
        raise RequestError(
            f"no peaks are known of {title}, where the Record was measured",
            hint=f"on that machine, --machine --device {ran_on} measures its ceilings; "
            "`resnet-inspect bench --ceilings` keeps them in the Record",
        )
    return own
