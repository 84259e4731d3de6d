"""The verbs that say how long a net takes without running it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Union

from resnet_inspect.api.answer import Answer, answer, one_of, several
from resnet_inspect.api.hardware import floor_on
from resnet_inspect.errors import RequestError, ShapeError, TraceError
from resnet_inspect.graph import Graph
from resnet_inspect.sources import Input, Kwargs, Model, Settings, expand, find_all, graph_of
from resnet_inspect.sources.batch import read_input

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Profile
    from resnet_inspect.prediction.profiles import Asked
    from resnet_inspect.questions.nets import Floor
    from resnet_inspect.sources.source import Source

Profiled = Union["Profile", "Calibration", str, "os.PathLike[str]", None]


def predict(
    models: Model | Sequence[Model] = "resnet50",
    batch_size: int | Sequence[int] | None = None,
    input: Input = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    profile: Profiled = None,
    device: str | None = None,
    precision: str | None = None,
    layout: str | None = None,
    mode: str | None = None,
    threads: int | None = None,
    pace: bool = False,
) -> Answer:
    """How long a forward pass of each model takes, with a 90 % interval; nothing runs.

    A model may be a glob, as ``resnet*d`` or ``timm:resnet*``: of its nets, those that take no such input are left out.
    ``profile`` is what a calibration learnt, of any machine; without it, this machine's own of ``device``, cpu or
    cuda. Of a device that has a data sheet alone, the floors are what a pass takes at least. With ``pace`` the
    calibration's reference workload is timed now, for some seconds, and predictions follow the change.

    Raises:
        RequestError: there is no such profile, or it is of another machine, torch or set of conditions.
    """
    from resnet_inspect.hardware.devices import is_torch_device

    asked = several(models)
    nets = expand(asked)
    sources = find_all(nets, settings, kwargs)
    of_globs = [source for source, net in zip(sources, nets, strict=True) if net not in asked]
    batch_sizes = tuple(several(batch_size)) if batch_size is not None else (None,)
    refused: dict[str, RequestError] = {}
    graphs = _graphs(sources, input, batch_sizes, of_globs, refused)
    if profile is None and device is not None and not is_torch_device(device):
        from resnet_inspect.questions.predict import only_floors

        floor = floor_on(device, precision)  # type: ignore[arg-type]  # which checks the precision
        assert floor is not None
        if pace:
            raise RequestError(f"--pace needs a calibration, and {device} is a data sheet", hint="leave out --pace")
        return answer(only_floors(floor, device, graphs), _notes(sources, refused))
    from resnet_inspect.questions.predict import predict

    found = profile_of(profile, device, asked_for(precision, layout, mode, threads))
    drift = None
    if pace:
        from resnet_inspect.prediction.pace import measure_drift

        drift = measure_drift(found, lambda line: None)
    return answer(predict(found, graphs, drift), _notes(sources, refused))


def asked_for(
    precision: str | None = None, layout: str | None = None, mode: str | None = None, threads: int | None = None
) -> "Asked":
    """The conditions that a user names, checked.

    Raises:
        RequestError: a word is not one of its kind, or there are no threads.
    """
    from resnet_inspect.prediction.profiles import Asked
    from resnet_inspect.vocabulary import LAYOUTS, MODES, RUN_PRECISIONS

    if threads is not None and threads < 1:
        raise RequestError(f"--threads {threads} is not above 0", hint="as --threads 2")
    return Asked(
        one_of("precision", precision, (None, *RUN_PRECISIONS)),
        one_of("layout", layout, (None, *LAYOUTS)),
        one_of("mode", mode, (None, *MODES)),
        threads,
    )


def profile_of(profile: Profiled = None, device: str | None = None, asked: "Asked | None" = None) -> "Profile":
    """``profile`` itself, or the one in that file, or that of this machine's ``device`` under the conditions asked for.

    Raises:
        RequestError: there is none, or it is of another machine, torch or set of conditions.
    """
    from resnet_inspect.prediction.profile import Profile
    from resnet_inspect.prediction.profiles import ANY, find_profile

    if isinstance(profile, Calibration):
        return profile.profile
    if isinstance(profile, Profile):
        return profile
    if not isinstance(profile, str | os.PathLike | None):
        raise RequestError(
            f"{type(profile).__name__!r} object is no profile",
            hint="give what ri.calibrate returned, its file, or a name of ri.profiles()",
        )
    return find_profile(profile, device, asked or ANY)


def times_on(device: str | None, precision: str | None, profile: Profiled) -> "tuple[Floor | None, Profile | None]":
    """The floor on ``device`` or of the profile's ceilings, and the profile where one is asked for: by name, or by this
    machine's cpu or cuda.

    Raises:
        RequestError: there is no such device, precision or profile.
    """
    from resnet_inspect.hardware.devices import is_torch_device

    here = device is not None and is_torch_device(device)
    if profile is None and not here:
        return floor_on(device, precision), None  # type: ignore[arg-type]  # which checks the precision
    found = profile_of(profile, device if here else None, asked_for(precision))
    if device is not None and not here:
        return floor_on(device, found.conditions.arithmetic), found
    return floor_of(found), found


def floor_of(profile: "Profile") -> "Floor | None":
    """The least times by the profile's ceilings; None where it has none."""
    if profile.ceilings is None:
        return None
    from functools import partial

    from resnet_inspect.hardware.devices import device_from_ceilings
    from resnet_inspect.hardware.floor import floors_ms
    from resnet_inspect.questions.nets import Floor

    arithmetic, limits = profile.conditions.arithmetic, device_from_ceilings(profile.ceilings)
    on = f"{arithmetic} on {profile.ceilings.title}"
    return Floor(partial(floors_ms, device=limits, precision=arithmetic), on)


class Calibration(NamedTuple):
    """A profile, and the report on how well it predicts."""

    profile: "Profile"
    answer: Answer


def calibrate_from(
    path: str | os.PathLike[str],
    device_like: str | None = None,
    precision: str | None = None,
    layout: str = "contiguous",
    mode: str = "eager",
    threads: int | None = None,
    test: int | None = None,
    nets: int | None = None,
    seed: int = 0,
    argv: Sequence[str] = (),
    saved_to: str | None = None,
) -> Calibration:
    """Fit a profile to a published table in the columns of timm's benchmark.py.

    Args:
        device_like: the device whose data sheet gives the floors, as ``rtx4090``.
        precision, layout, mode, threads: under which the table was measured; the file does not say.
        test: hold out that many random nets, and judge by them alone; by default by all that are not fitted.
        nets: how many to fit, chosen for what they determine and not by their times; 24 by default.
        saved_to: the file in which the profile is kept, for the report.

    Raises:
        RequestError: the table cannot be read, or has too few nets.
    """
    from resnet_inspect.prediction.published import calibrate_from as fit_to
    from resnet_inspect.questions.published import published

    asked = asked_for(precision, layout, mode, threads)
    made = fit_to(
        os.fspath(path),
        device_like,
        asked.precision,
        asked.layout or "contiguous",
        asked.mode or "eager",
        threads,
        test,
        nets,
        seed,
        tuple(argv),
    )
    return Calibration(made.profile, answer(published(made.profile, made.held_out, made.left_out, saved_to)))


def _graphs(
    sources: "Sequence[Source]",
    input: Input,
    batch_sizes: Sequence[int | None],
    of_globs: "Sequence[Source]",
    refused: dict[str, RequestError],
) -> Iterator[Graph]:
    """Each net at each batch size; an ``input`` of one image stands for a batch of any size.

    A net of a glob that cannot take the input goes into ``refused`` instead, unless none can.
    """
    for source in sources:
        for batch_size in batch_sizes:
            batch = input
            if input is not None and batch_size is not None:
                given, *image = read_input(input)
                if given not in (1, batch_size):
                    raise RequestError(
                        f"--input has a batch of {given}, --batch-size says {batch_size}", hint="give one of the two"
                    )
                batch = (batch_size, *image)
            try:
                yield graph_of(source, batch, batch_size)
            except (ShapeError, TraceError) as error:
                if source not in of_globs:
                    raise
                refused[source.name] = error
    if sources and len(refused) == len(sources):
        raise next(iter(refused.values()))


def _notes(sources: "Sequence[Source]", refused: Iterable[str]) -> list[str]:
    notes = [note for source in sources for note in source.notes]
    names = ", ".join(refused)
    return [*notes, f"left out, as they take no such input: {names}"] if names else notes
