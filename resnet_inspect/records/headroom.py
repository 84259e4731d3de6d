"""Where measured time lies above its floor and what to do about it; or below, which means an error or a cache."""

from collections.abc import Iterator, Mapping

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Result
from resnet_inspect.hardware.devices import Device
from resnet_inspect.hardware.floor import ABOVE_ROOF, Floor
from resnet_inspect.report import Finding
from resnet_inspect.units import significant, text
from resnet_inspect.vocabulary import ELEMENT_BYTES, Precision

WORTH_FUSING = 1.05  # of the bytes that fused calls move
LISTED = 3  # parts that findings name
HELD = 0.2  # of a roof; a part that reaches less is held back by neither roof
FILLS = 32  # images of a batch that fill a device, or nearly

WHY_ABOVE = {"memory": "a cache answered for the memory", "compute": "Winograd's algorithm multiplies less"}


def find_above_roof(floors: Mapping[str, Floor], measured_ms: Mapping[str, float]) -> Iterator[Finding]:
    """The parts above their roof, in one finding named after the one furthest above."""
    reached = {name: 1e3 * floor.floor_s / measured_ms[name] for name, floor in floors.items() if measured_ms.get(name)}
    above = sorted((name for name in reached if reached[name] > ABOVE_ROOF), key=lambda name: -reached[name])
    if above:
        first, others = above[0], f" (and {len(above) - 1} more are above theirs)" if above[1:] else ""
        yield Finding(
            "above-roof",
            first,
            f"{text(reached[first], 'share')} of its roof{others}: faster than the device can be",
            f"{WHY_ABOVE[floors[first].roof]}, the time is too noisy, or the peaks are not this device's: "
            "--machine measures them",
        )


def find_headroom(
    floors: Mapping[str, Floor], measured_ms: Mapping[str, float], result: Result, device: Device, precision: Precision
) -> Iterator[Finding]:
    """The parts furthest above their floors, the furthest first."""
    above = {name: measured_ms[name] - 1e3 * floor.floor_s for name, floor in floors.items() if name in measured_ms}
    for name in sorted((name for name in above if above[name] > 0), key=lambda name: -above[name])[:LISTED]:
        hint = (
            "mend the page faults first"
            if result.has("page-faults")
            else remedy(floors[name], measured_ms[name], result.case, device, precision)
        )
        message = f"{text(above[name], 'ms')} of {text(measured_ms[name], 'ms')} lie above the floor"
        yield Finding("headroom", name, message, hint)


def remedy(part: Floor, measured_ms: float, case: Case, device: Device, precision: Precision) -> str:
    """What stands between a part and its floor, as far as the configuration and the device tell.

    Eager calls are held by the roofs of what they move, each by itself.
    """
    eager = case.mode in ("eager", "graph")
    if 1e3 * (part.eager_s if eager else part.floor_s) < HELD * measured_ms:
        return _held_by_neither(case)
    more = part.bytes_eager / part.bytes_fused
    if eager and part.roof == "memory" and more > WORTH_FUSING:
        unfused = text(1e3 * part.eager_s, "ms")
        return f"unfused, it moves {significant(more)}× the bytes and has a floor of {unfused}: --mode compile fuses"
    if case.device.startswith("cuda") and case.layout == "contiguous" and case.precision != "fp32":
        return "--layout channels_last: tensor cores read channels side by side"
    faster = [p for p, peak in device.peaks.items() if peak > device.peak(precision)]
    if part.roof == "memory":
        smaller = [p for p in faster if ELEMENT_BYTES[p] < ELEMENT_BYTES[precision]]
        fewer = f"{significant(part.intensity)} FLOP a byte: fewer bytes win here, fewer FLOPs do not"
        return f"{fewer}; --precision {smaller[0]} has half of them" if smaller else fewer
    if faster:
        best = max(faster, key=device.peak)
        return f"--precision {best} has {significant(device.peak(best) / device.peak(precision))}× the peak"
    if case.batch_size < FILLS and case.device != "cpu":
        return "a larger --batch-size fills the device better"
    return (
        f"{significant(part.intensity)} FLOP a byte: fewer FLOPs win here, and convolutions whose tiles come out even"
    )


def _held_by_neither(case: Case) -> str:
    cuda = case.device.startswith("cuda")
    causes = "launches, or work too small for the device" if cuda else "calls, threads or other programs"
    ways = [
        *(["--mode graph or compile"] if cuda and case.mode == "eager" else []),
        *([] if cuda else ["more --threads", "an idle machine"]),
        *(["a larger --batch-size"] if case.batch_size < FILLS else []),
    ]
    return f"neither roof holds it: {causes}" + (f"; try {', '.join(ways)}" if ways else "")
