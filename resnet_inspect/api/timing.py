"""Where a time of a net comes from: a Record's measurements, a profile, the floor of a data sheet."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resnet_inspect.api.hardware import floor_on
from resnet_inspect.api.library import Pricing
from resnet_inspect.api.prediction import asked_for, floor_of, profile_of
from resnet_inspect.errors import RequestError

if TYPE_CHECKING:
    from resnet_inspect.api.prediction import Profiled
    from resnet_inspect.benchmark.record import Record, Result
    from resnet_inspect.hardware.devices import Device
    from resnet_inspect.prediction.profile import Profile
    from resnet_inspect.vocabulary import Precision, RunPrecision

DEVICE_OR_PROFILE = (
    "--device t4, of `resnet-inspect devices`, or --profile rtx3090-amp, of `resnet-inspect profile list`"
)


@dataclass(frozen=True, slots=True)
class Timing:
    """What is asked of each net, the measurements that come before it, and where both hold, in words."""

    pricing: Pricing
    results: "tuple[Result, ...]"
    on: str


def timing_on(
    device: str | None,
    precision: "RunPrecision | None",
    profile: "Profiled",
    record: "Record | None",
    with_memory: bool,
) -> Timing:
    """The times on a data sheet's device, on this machine's cpu or cuda by its profile, or where a Record was taken.

    Raises:
        RequestError: nothing tells a time there, or the profile or the Record is of another device.
    """
    from resnet_inspect.benchmark.case import ARITHMETIC
    from resnet_inspect.hardware.devices import find_device, is_torch_device
    from resnet_inspect.questions.predicted import standing_on
    from resnet_inspect.vocabulary import PRECISIONS

    here = device is not None and is_torch_device(device)
    sheet = None if device is None or here else find_device(device)
    learnt = _profile(device, precision, profile, here, record is not None)
    if sheet and learnt and not _is_of(learnt, sheet):
        raise RequestError(
            f"the profile is of {learnt.conditions.place}, not of {sheet.title}", hint="leave out one of the two"
        )
    run_in = precision or (learnt.conditions.precision if learnt else None)
    floor = floor_on(device, run_in and ARITHMETIC[run_in]) if sheet else floor_of(learnt) if learnt else None
    results = () if record is None else _results_on(record, device, sheet, learnt, precision)
    if learnt:
        on = standing_on(learnt)
    elif sheet and floor:
        run_in, on = run_in or sheet.precision, floor.on
    elif record:
        run_in, on = run_in or results[0].case.precision, record.processor(results[0])
    else:
        raise RequestError("choose needs a device or a profile", hint=DEVICE_OR_PROFILE)
    # Autocast keeps weights in fp32, and so its peak lies between that of its type and that of fp32.
    stored_in: Precision = next((p for p in PRECISIONS if p == run_in), "fp32")
    pricing = Pricing(floor, stored_in if with_memory else None)
    if learnt:
        pricing = pricing.by(learnt)
    return Timing(pricing, results, on)


def _profile(
    device: str | None, precision: str | None, profile: "Profiled", here: bool, measured: bool
) -> "Profile | None":
    """The profile given or named, or that of this machine's ``device``, which may lack one where a Record has times."""
    if profile is None and not here:
        return None
    try:
        return profile_of(profile, device if here else None, asked_for(precision))
    except RequestError:
        if profile is None and measured:
            return None
        raise


def _results_on(
    record: "Record", device: str | None, sheet: "Device | None", profile: "Profile | None", precision: str | None
) -> "tuple[Result, ...]":
    """The Record's results on the device asked for.

    Raises:
        RequestError: it has none.
    """
    titles = sheet.known_as if sheet else (profile.conditions.machine,) if profile else ()
    kind = "" if sheet or device is None else device.partition(":")[0]
    results = tuple(
        result
        for result in record.results
        if kind in ("", result.case.kind)
        and (not titles or record.processor(result) in titles)
        and precision in (None, result.case.precision)
    )
    if not results:
        ran = dict.fromkeys(f"{result.case.precision} on {record.processor(result)}" for result in record.results)
        of = ", ".join(ran) or "nothing"
        place = sheet.title if sheet else profile.conditions.place if profile else device
        asked = " on ".join(part for part in (precision, place) if part)
        raise RequestError(f"the Record is of {of}, not of {asked}", hint="measure there, or leave out --record")
    return results


def _is_of(profile: "Profile", sheet: "Device") -> bool:
    return profile.conditions.device == sheet.name or profile.conditions.machine in sheet.known_as
