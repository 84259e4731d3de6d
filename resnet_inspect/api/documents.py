"""The verb that puts all answers about some nets on one page."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from resnet_inspect.api.answer import Answer, answer, one_of, several
from resnet_inspect.api.hardware import DEFAULT_DEVICE, limits_of
from resnet_inspect.api.layout import lay_out, name_as_it_comes, published_name
from resnet_inspect.api.prediction import Profiled, asked_for, profile_of
from resnet_inspect.api.records import Recorded, as_record
from resnet_inspect.errors import RequestError, UnknownModelError
from resnet_inspect.sources import Input, Kwargs, Model, Settings, VariantSource, find_all, graph_of, spec_of

if TYPE_CHECKING:
    from resnet_inspect.benchmark.record import Result
    from resnet_inspect.documents.subject import Place, Run, Subject
    from resnet_inspect.hardware.devices import Device
    from resnet_inspect.sources.source import Source
    from resnet_inspect.vocabulary import Precision


def make_report(
    models: Model | Sequence[Model] | None = None,
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    device: str | None = None,
    precision: "Precision | None" = None,
    profile: Profiled = None,
    records: Recorded | Sequence[Recorded] = (),
) -> Answer:
    """One page on a net, with pictures: its costs, least times and memory; or several nets, each against the first.

    ``models`` default to those that ``records`` measured, else to resnet50. ``records`` add measured times, and two of
    them a verdict, the second against the first. ``device`` is where the least times hold, by default the one that the
    Records were taken on if its peaks are known; ``profile``, or cpu or cuda as ``device`` for this machine's own, adds
    predicted times.

    Raises:
        RequestError: no such model, device, precision, profile or Record; or a Record is of code, which is not named.
    """
    from resnet_inspect.documents.one_net import describe_net
    from resnet_inspect.documents.several_nets import describe_nets
    from resnet_inspect.vocabulary import PRECISIONS

    precision = one_of("precision", precision, (None, *PRECISIONS))
    runs = [*_runs(several(records))]
    measured = models is None and bool(runs)
    sources = _measured(runs) if measured else find_all(several(models or "resnet50"), settings, kwargs)
    shapes = [
        _shape_in(runs, source) if measured and input is None and batch_size is None else None for source in sources
    ]
    subjects = [_subject(source, shape or input, batch_size) for source, shape in zip(sources, shapes, strict=True)]
    place = _place(subjects, runs, device, precision, profile)
    return answer(describe_nets(subjects, place, runs) if subjects[1:] else describe_net(subjects[0], place, runs))


def measured_nets(records: Recorded | Sequence[Recorded]) -> tuple[list[str], Input]:
    """The names of the nets whose inferences are in ``records``, and the input of them all, None where it differs.

    Raises:
        RequestError: a Record cannot be read, or is of code; or none has an inference.
    """
    runs = [*_runs(several(records))]
    sources = _measured(runs)
    shapes = {_shape_in(runs, source) for source in sources}
    return [source.name for source in sources], shapes.pop() if len(shapes) == 1 else None


def _runs(records: Sequence[Recorded]) -> "Iterator[Run]":
    """The Records, called after their files."""
    from resnet_inspect.documents.subject import Run

    for number, record in enumerate(records, 1):
        name = os.path.basename(os.fspath(record)) if isinstance(record, str | os.PathLike) else f"Record {number}"
        yield Run(name, as_record(record))


def _inferences(runs: "Sequence[Run]") -> "Iterator[Result]":
    return (result for run in runs for result in run.record.results if result.case.task == "infer")


def _measured(runs: "Sequence[Run]") -> "list[Source]":
    """Each net that was measured, once; a spec of the zoo keeps its family's way of writing."""
    from resnet_inspect.resnet import fields, zoo
    from resnet_inspect.resnet.spec import ResNetSpec

    sources: dict[str, Source] = {}
    for result in _inferences(runs):
        name = result.case.model
        if not result.spec:  # a Record alone makes no code run
            raise RequestError(
                f"the Record is of {name}, which is code", hint="name it: report MODEL --record RUN.json"
            )
        if name not in sources:
            measured = VariantSource(zoo.Variant(name, "spec", fields.from_mapping(ResNetSpec(), result.spec)))
            with suppress(UnknownModelError):
                variant = VariantSource(zoo.find(name))
                measured = variant if variant.spec == measured.spec else measured
            sources[name] = measured
    if not sources:
        raise RequestError("no Record has an inference", hint="bench --task infer")
    return [*sources.values()]


def _shape_in(runs: "Sequence[Run]", source: "Source") -> tuple[int, ...]:
    """The input at which a net was measured first."""
    return next(result.case.input for result in _inferences(runs) if result.case.model == source.name)


def _subject(source: "Source", input: Input, batch_size: int | None) -> "Subject":
    from resnet_inspect.counting.accuracy import results_of
    from resnet_inspect.documents.subject import Subject

    graph = graph_of(source, input, batch_size)
    return Subject(
        graph=graph,
        spec=spec_of(source),
        spec_fields=source.spec_fields,
        layout=lay_out(source, graph),
        published_as=published_name(source, graph),
        published=results_of(name_as_it_comes(source)),
        notes=source.notes,
    )


def _place(
    subjects: "Sequence[Subject]",
    runs: "Sequence[Run]",
    device: str | None,
    precision: "Precision | None",
    profile: Profiled,
) -> "Place":
    """Where least times hold: on the device named, else the profile's, else the Records'."""
    from resnet_inspect.documents.subject import Place
    from resnet_inspect.hardware.devices import device_from_ceilings, find_device, is_torch_device

    here = device is not None and is_torch_device(device)
    learnt = None
    if profile is not None or here:
        try:
            learnt = profile_of(profile, device if here else None, asked_for(precision))
        except RequestError:
            if profile is not None or not runs:  # a Record has times of this machine, too
                raise
    ran_in = learnt.conditions.arithmetic if learnt else None
    stands_in = False
    if device is not None and not here:
        limits = find_device(device)
    elif learnt and learnt.ceilings:
        limits = device_from_ceilings(learnt.ceilings)
    else:
        ran_on = next(_ran_on(subjects, runs), None)
        limits, ran_in = ran_on or (find_device(DEFAULT_DEVICE), ran_in)
        stands_in = learnt is not None and ran_on is None
    run_in = precision or ran_in or limits.precision
    limits.peak(run_in)
    return Place(limits, run_in, learnt, stands_in)


def _ran_on(subjects: "Sequence[Subject]", runs: "Sequence[Run]") -> "Iterator[tuple[Device, Precision]]":
    """The devices with known peaks that ran one of the nets, and the precision there."""
    for run in runs:
        for subject in subjects:
            for result in subject.measured(run.record):
                with suppress(RequestError):
                    limits = limits_of(None, run.record, result, machine=False)
                    limits.peak(result.case.arithmetic)
                    yield limits, result.case.arithmetic
