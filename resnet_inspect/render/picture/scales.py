"""Values of an axis to places on a picture, and the round values that are written along it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite, log, log2, log10

from resnet_inspect.chart import Axis
from resnet_inspect.render.picture.shapes import SMALL, width_of
from resnet_inspect.units import Unit, tick

WHOLE: tuple[Unit, ...] = ("integer", "count", "bytes", "count_change", "bytes_change")  # no tick between two of them
MOST_TICKS = 9
LONGEST = 1e18  # from end to end of a log axis: a nanosecond and three centuries are as far apart
GAP = 8.0  # between two labels


@dataclass(frozen=True, slots=True)
class Scale:
    """From value ``low`` at place ``start`` to ``high`` at ``end``; what lies outside is drawn at the edge."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        value = min(self.high, max(self.low, value))  # in this order, NaN goes to the lower edge
        if self.log:
            share = log(value / self.low) / log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def scale_of(axis: Axis, values: Sequence[float], start: float, end: float, from_zero: bool) -> Scale:
    """The scale on which all of ``values`` have room; ``from_zero``, as lengths are drawn from there."""
    if axis.scale == "category":
        return Scale(-0.5, max(1, len(axis.categories)) - 0.5, start, end)
    in_log = axis.scale == "log"
    bounds = [bound for bound in (axis.low, axis.high) if bound is not None]
    drawn = [value for value in (*values, *bounds) if isfinite(value) and (value > 0 or not in_log)] or [1.0]
    if from_zero and not in_log:
        drawn.append(0.0)
    low, high = min(drawn), max(drawn)
    if in_log:
        low = max(low, high / LONGEST)
        room = max((high / low) ** 0.06, 1.05)
        low, high = low / room, high * room
    else:
        room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
        low, high = low - (0 if from_zero and low == 0 else room), high + (0 if from_zero and high == 0 else room)
    low = low if axis.low is None else axis.low
    high = high if axis.high is None else axis.high
    return Scale(low, high if high > low else low + 1.0, start, end, in_log)


def ticks(scale: Scale, unit: Unit, across: bool) -> list[tuple[float, str]]:
    """Round values from low to high with their texts: as many as have room along x, or ``across`` the picture's
    width."""
    room = abs(scale.end - scale.start)
    most = MOST_TICKS if across else max(2, min(MOST_TICKS, int(room / 30)))
    for number in range(most, 1, -1):
        labelled = [(value, tick(value, unit)) for value in _round_values(scale, unit, number)]
        if not across or _have_room(scale, labelled):
            return labelled
    return labelled[:1]


def _have_room(scale: Scale, labelled: Sequence[tuple[float, str]]) -> bool:
    halves = [(scale.place(value), width_of(text, SMALL) / 2) for value, text in labelled]
    return all(left + half + GAP <= right - other for (left, half), (right, other) in pairwise(halves))


def _round_values(scale: Scale, unit: Unit, most: int) -> list[float]:
    values = [*_of_decades(scale, unit, most)] if scale.log else []
    return values if len(values) > 1 else [*_steps(scale, unit, most)]


def _of_decades(scale: Scale, unit: Unit, most: int) -> Iterator[float]:
    """1, 2, 5, 10 and so on; powers of ten alone, or of each second or third, where these are too many."""
    base, parts = (1024.0, (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)) if unit == "bytes" else (10.0, (1, 2, 5))
    first, last = floor(log(scale.low, base)), ceil(log(scale.high, base))

    def values(factors: Sequence[int], stride: int) -> list[float]:
        powers = range(first - first % stride, last + 1, stride)
        found = (factor * base**power for power in powers for factor in factors)
        return [value for value in found if scale.low <= value * (1 + 1e-9) and value <= scale.high * (1 + 1e-9)]

    choices = [(parts, 1), *([(parts[::2], 1), (parts[::3], 1)] if unit == "bytes" else [])]
    choices += [((1,), stride) for stride in range(1, 1 + max(1, last - first))]
    fitting = (found for factors, stride in choices if len(found := values(factors, stride)) <= most)
    yield from next(fitting, [])


def _steps(scale: Scale, unit: Unit, most: int) -> Iterator[float]:
    """Multiples of 1, 2 or 5 times a power of ten; of a power of two for bytes."""
    raw = (scale.high - scale.low) / most
    if unit == "bytes":
        step = 2.0 ** ceil(log2(raw) - 1e-9)
    else:
        powers = (10.0 ** floor(log10(raw)), 10.0 ** (floor(log10(raw)) + 1))
        candidates = (factor * power for power in powers for factor in (1, 2, 5))
        step = next(step for step in candidates if step >= raw * (1 - 1e-9))
    if unit in WHOLE:
        step = max(step, 1.0)
    for i in range(ceil(scale.low * (1 - 1e-9) / step), floor(scale.high * (1 + 1e-9) / step) + 1):
        yield i * step
