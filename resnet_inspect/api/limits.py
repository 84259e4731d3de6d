"""The verbs that say how fast a device could run a network, and what those devices are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resnet_inspect.api.answer import Answer, answer, one_of
from resnet_inspect.api.ask import lower
from resnet_inspect.api.recorded import Recorded, recorded
from resnet_inspect.errors import RequestError
from resnet_inspect.sources import Input, Model, find, find_variant, graph_of, is_code
from resnet_inspect.sources.batch import read_input

if TYPE_CHECKING:
    from resnet_inspect.benchmark.case import Case
    from resnet_inspect.benchmark.record import Record, Result
    from resnet_inspect.hardware.devices import Device
    from resnet_inspect.vocabulary import Depth, Precision

DEFAULT_DEVICE = "h200"


def roofline(
    model: Model | None = None,
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    device: str | None = None,
    precision: "Precision | None" = None,
    depth: "Depth" = "stage",
    record: Recorded | None = None,
    case: int | None = None,
    machine: bool = False,
) -> Answer:
    """The least time that a forward pass can take, part by part, and which roof of the device holds it; nothing is run.

    ``model`` is resnet50 and ``device`` h200 unless named; ``devices()`` lists them. With ``machine``, or a device as
    torch names it (cpu, cuda ...), the ceilings of this machine's own are measured. A ``record`` lays measured times
    beside the floor: those of its case number ``case``, or of the only one of this model, input, batch size and
    precision. Its device is then the one that it was measured on, unless another is named.

    Raises:
        RequestError: no such device, precision or case. MachineError: this machine has no such device.
    """
    from resnet_inspect.benchmark.request import measured_graph
    from resnet_inspect.hardware import devices
    from resnet_inspect.questions.roofline import roofline
    from resnet_inspect.records.efficiency import choose, efficiency
    from resnet_inspect.vocabulary import DEPTHS, PRECISIONS

    one_of("depth", depth, DEPTHS)
    one_of("precision", precision, (None, *PRECISIONS))
    if record is None:
        if case is not None:
            raise RequestError(f"--case {case}: of which Record?", hint="give --record RUN.json")
        graph = lower(model or "resnet50", input, batch_size, settings)
        machine = machine or devices.is_here(device or DEFAULT_DEVICE)
        limits = _this_machine(device or "auto", precision) if machine else devices.find(device or DEFAULT_DEVICE)
        return answer(roofline(graph, limits, precision or limits.precision, depth))
    if settings:
        raise RequestError("--set changes a net that was measured as it was", hint="leave it away beside --record")
    name = None if model is None else find(model).name
    size = None if input is None else read_input(input)

    def unlike(ran: "Case") -> list[str]:
        asked = (
            (name, ran.model, name),
            (size, ran.input, f"--input {','.join(map(str, size or ()))}"),
            (batch_size, ran.batch_size, f"--batch-size {batch_size}"),
            (precision, ran.arithmetic, f"--precision {precision}"),
        )
        return [str(said) for wanted, found, said in asked if wanted not in (None, found)]

    measured = recorded(record)
    chosen = choose(measured, case, unlike)
    if name is None and is_code(chosen.case.model):  # a Record alone makes no code run
        hint = f"name it, as in resnet-inspect roofline {chosen.case.model} --record"
        raise RequestError(f"the Record is of {chosen.case.model}, which is code", hint=hint)
    limits = _limits(device, measured, chosen, machine)
    return answer(efficiency(measured_graph(chosen), limits, measured, chosen, depth))


def diff(
    a: Model,
    b: Model | None = None,
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    device: str = DEFAULT_DEVICE,
    precision: "Precision | None" = None,
) -> Answer:
    """Stage by stage, what changes from ``a`` to ``b`` in the spec, and what that costs.

    ``settings`` change ``b``, which is ``a`` unless another is named.

    Raises:
        RequestError: there is nothing to compare with, or no such device or precision.
    """
    from resnet_inspect.hardware import devices
    from resnet_inspect.questions.diff import Side, diff
    from resnet_inspect.vocabulary import PRECISIONS

    one_of("precision", precision, (None, *PRECISIONS))
    if b is None and not settings:
        raise RequestError("diff needs a second model, or a --set", hint="as in resnet-inspect diff resnet50 resnet50d")
    limits = devices.find(device)
    found = find_variant(a), find_variant(a if b is None else b, settings)
    one, other = (Side(side.spec, graph_of(side, input, batch_size)) for side in found)
    return answer(diff(one, other, limits, precision or limits.precision))


def devices() -> Answer:
    """The devices whose peaks are known, each with its source."""
    from resnet_inspect.questions.devices import devices

    return answer(devices())


def _this_machine(device: str, precision: str | None, threads: int | None = None) -> "Device":
    from resnet_inspect.hardware.devices import as_measured
    from resnet_inspect.runtime.ceilings import ceilings  # torch lives behind this line

    return as_measured(ceilings(device, precision, threads))


def _limits(device: str | None, record: "Record", result: "Result", machine: bool) -> "Device":
    """The device that an arm was measured on: by name, measured now or in the same run, or by its data sheet.

    Raises:
        RequestError: what is named or at hand is another one, or nothing is known of it.
    """
    from resnet_inspect.hardware import devices

    gpu = record.environment.gpu
    ran_on, on_gpu = result.case.device, result.case.device.startswith("cuda")
    title = ((gpu and gpu.name) or "a GPU without a name") if on_gpu else record.environment.machine.cpu_model
    if machine:
        limits = _this_machine(device or ran_on, result.case.arithmetic, result.case.threads)
        if title not in limits.known_as:
            raise RequestError(f"the Record is of {title}, this is {limits.known_as[0]}", hint="measure again, here")
        return limits
    own = devices.as_measured(result.ceilings) if result.ceilings else devices.of_gpu(title) if on_gpu else None
    if device is not None and device.lower() not in (ran_on, ran_on.partition(":")[0]):
        limits = devices.find(device)
        if title not in limits.known_as:
            hint = f"--device {own.name}" if own else f"--machine --device {ran_on}"
            raise RequestError(f"the Record is of {title}, not of {limits.title}", hint=hint)
        return limits
    if own is None:
        raise RequestError(
            f"no data sheet here is of {title}, where the Record was measured",
            hint=f"on that machine, --machine --device {ran_on} measures its ceilings; "
            "`resnet-inspect bench --ceilings` keeps them in the Record",
        )
    return own
