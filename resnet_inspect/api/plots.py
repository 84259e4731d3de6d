"""The verb that draws: a picture for each question, as SVG, PNG or PDF."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

from resnet_inspect.api.answer import one_of, several
from resnet_inspect.api.hardware import under_roof
from resnet_inspect.api.network import fold, lower
from resnet_inspect.api.records import Recorded, as_record
from resnet_inspect.chart import Chart
from resnet_inspect.errors import RequestError
from resnet_inspect.render.picture import FORMATS, Format, render
from resnet_inspect.sources import Input, Kwargs, Model, Settings
from resnet_inspect.units import counted
from resnet_inspect.whole_file import write_whole

if TYPE_CHECKING:
    from resnet_inspect.api.prediction import Profiled
    from resnet_inspect.benchmark.record import Record, Result
    from resnet_inspect.charts.pareto import Against
    from resnet_inspect.counting.accuracy import TrainedOn
    from resnet_inspect.vocabulary import Depth, Optimizer, Precision, RunPrecision, Task


@dataclass(frozen=True, slots=True)
class Picture:
    """A Chart that draws itself; a notebook shows it."""

    chart: Chart

    @property
    def svg(self) -> str:
        return str(render(self.chart, "svg"))

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<Picture: {self.chart.title}>"

    def render(self, format: Format) -> str | bytes:
        """The content of a file: text for svg, bytes for png and pdf."""
        return render(self.chart, format)

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Write the file, whole or not at all, in the format of its suffix.

        Raises:
            RequestError: another suffix. MachineError: png or pdf, and matplotlib is missing.
        """
        content = self.render(format_of(os.fspath(path)))
        write_whole(os.path.realpath(path), content.encode() if isinstance(content, str) else content)


def format_of(path: str) -> Format:
    """The format of a file's suffix.

    Raises:
        RequestError: it is none of them.
    """
    suffix = os.path.splitext(path)[1].lower()
    for format in FORMATS:
        if suffix == f".{format}":
            return format
    raise RequestError(f"{path}: no picture has the suffix {suffix!r}", hint=f"use one of {_listed(FORMATS)}")


def _listed(formats: Sequence[str]) -> str:
    return " ".join(f".{format}" for format in formats)


def plot(kind: str, *arguments: Any, **options: Any) -> Picture:
    """The picture of that kind; its arguments and options are those of the verb that answers the same as a table.

    ``roofline``, ``stages`` and ``architecture`` take a model, as ``roofline`` does; ``memory`` as ``memory``;
    ``pareto`` as ``choose``; ``scaling``, ``latency`` and ``rounds`` a Record, as ``show``; ``verdict`` two of them.

    Raises:
        RequestError: there is no such kind or option, or a Record lacks what the picture needs.
    """
    drawn = PLOTS[one_of("plot", kind, PLOTS)]
    try:
        signature(drawn).bind(*arguments, **options)
    except TypeError as error:
        known = ", ".join(signature(drawn).parameters)
        raise RequestError(f"plot {kind}: {error}", hint=f"it takes {known}") from None
    return Picture(drawn(*arguments, **options))


def _architecture(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
) -> Chart:
    from resnet_inspect.charts.architecture import architecture

    return architecture(lower(model, input, batch_size, settings, kwargs))


def _roofline(
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
) -> Chart:
    from resnet_inspect.charts.roofline import roofline
    from resnet_inspect.vocabulary import DEPTHS

    depth = one_of("depth", depth, DEPTHS)
    net = under_roof(model, input, batch_size, settings, kwargs, device, precision, record, case, machine)
    return roofline(net.graph, net.device, net.precision, depth, net.measured and net.measured[1])


def _stages(
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
) -> Chart:
    """``device`` adds the least time there, ``record`` the time measured."""
    from resnet_inspect.charts.stages import stages
    from resnet_inspect.vocabulary import PRECISIONS

    if device is None and record is None and not machine:
        if case is not None:
            raise RequestError(f"--case {case} needs a Record", hint="give --record RUN.json")
        graph = lower(model or "resnet50", input, batch_size, settings, kwargs)
        return stages(graph, one_of("precision", precision or "fp32", PRECISIONS))
    net = under_roof(model, input, batch_size, settings, kwargs, device, precision, record, case, machine)
    return stages(net.graph, net.precision, net.device, net.measured and net.measured[1])


def _memory(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    task: "Task" = "infer",
    precision: "Precision" = "fp32",
    optimizer: "Optimizer" = "sgd",
    momentum: float = 0.9,
    folded: bool = False,
    device: str | None = None,
) -> Chart:
    from resnet_inspect.api.static import Step
    from resnet_inspect.charts.memory import memory

    step = Step.asked(task, precision, optimizer, momentum, folded, device)
    graph = lower(model, input, batch_size, settings, kwargs)
    return memory(fold(graph) if folded else graph, *step)


def _pareto(
    device: str | None = None,
    batch_size: int | None = None,
    among: str | Sequence[str] = "*",
    any_size: bool = False,
    input: Input = None,
    precision: "RunPrecision | None" = None,
    trained_on: "TrainedOn" = "imagenet-1k",
    record: Recorded | None = None,
    profile: "Profiled" = None,
    runs: str | None = None,
    against: "Against | None" = None,
) -> Chart:
    """``against`` defaults to time where something tells one, and to MACs elsewhere."""
    from resnet_inspect.api.choices import Images, candidates
    from resnet_inspect.api.library import ANY_IMAGE, Pricing
    from resnet_inspect.api.timing import DEVICE_OR_PROFILE, Timing, timing_on
    from resnet_inspect.charts.pareto import AGAINST, pareto
    from resnet_inspect.counting.accuracy import TRAINED_ON
    from resnet_inspect.sources.batch import read_batch
    from resnet_inspect.vocabulary import RUN_PRECISIONS

    trained_on = one_of("trained_on", trained_on, TRAINED_ON)
    precision = one_of("precision", precision, (None, *RUN_PRECISIONS))
    timed = (device, profile, record) != (None, None, None)
    cost = one_of("against", against or ("time" if timed else "macs"), AGAINST)
    run = None if record is None else as_record(record)
    if cost == "time" and not timed:
        raise RequestError("a time needs a device or a profile", hint=DEVICE_OR_PROFILE)
    timing = timing_on(device, precision, profile, run, False) if cost == "time" else Timing(Pricing(), (), "")
    images = Images(read_batch(input, batch_size, ANY_IMAGE), input is not None, any_size)
    nets, _ = candidates(among, images, timing, trained_on, run.plan.seed if run else 0, runs=runs)
    return pareto(nets, cost, timing.on)


def _scaling(record: Recorded, throughput: bool = False, device: str | None = None) -> Chart:
    """``device`` gives the least times, where the Record has no ceilings of its own."""
    from resnet_inspect.api.hardware import recorded_floor
    from resnet_inspect.charts.scaling import scaling

    run = as_record(record)
    return scaling(run, "throughput" if throughput else "latency", lambda result: recorded_floor(run, result, device))


def _latency(record: Recorded) -> Chart:
    from resnet_inspect.charts.latency import latency

    return latency(as_record(record))


def _rounds(record: Recorded, case: int | None = None) -> Chart:
    from resnet_inspect.charts.rounds import rounds

    return rounds(_numbered(as_record(record), case))


def _numbered(record: "Record", number: int | None) -> "Result":
    """Result ``number`` of the Record, from 1, or its only one."""
    from resnet_inspect.records.efficiency import list_cases

    results = dict(enumerate(record.results, start=1))
    if number is None and len(results) == 1:
        return results[1]
    if number not in results:
        asked = "" if number is None else f"--case {number}: "
        hint = f"give --case: {list_cases(results.items())}" if results else "measure again"
        raise RequestError(f"{asked}the Record has {counted(len(results), 'case')}", hint=hint)
    return results[number]


def _verdict(old: Recorded, new: Recorded, allow_env_diff: bool = False, ignore: Sequence[str] | None = None) -> Chart:
    from resnet_inspect.charts.verdict import verdict
    from resnet_inspect.records.verdict import pair_cases

    ignored = [one_of("ignore", name, ("model",)) for name in several(ignore or ())]
    pairs, _ = pair_cases(as_record(old), as_record(new), allow_env_diff, "model" in ignored)
    return verdict(pairs)


PLOTS: dict[str, Callable[..., Chart]] = {
    "architecture": _architecture,
    "stages": _stages,
    "memory": _memory,
    "roofline": _roofline,
    "pareto": _pareto,
    "latency": _latency,
    "rounds": _rounds,
    "scaling": _scaling,
    "verdict": _verdict,
}
