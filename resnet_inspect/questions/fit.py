"""The largest batch whose predicted peak memory keeps a limit."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from resnet_inspect.errors import FAILED, ShapeError
from resnet_inspect.graph import Graph
from resnet_inspect.report import Fact, Finding, Report
from resnet_inspect.units import exact, text

INDEXED = 2**31  # elements of a tensor that kernels with 32-bit indices reach


def largest_batch(peak: Callable[[int], int], limit: int, first: int = 1) -> int:
    """The largest n from ``first`` on with ``peak(n)`` at most ``limit``; 0 where not even the first has.

    ``peak`` never falls. It is asked of n and of n + 1, and else rarely: between two batches it is nearly a line.
    """
    low, high = first, first + 1
    if peak(low) > limit:
        return 0
    while peak(high) <= limit:
        rise = peak(high) - peak(low)
        reach = (limit - peak(high)) * (high - low) // rise if rise else high
        low, high = high, high + max(1, reach) + 1
    halve = False
    while high - low > 1:
        chord = low + (limit - peak(low)) * (high - low) // (peak(high) - peak(low))
        n = (low + high) // 2 if halve else min(max(chord, low + 1), high - 1)
        halve = not halve  # no bend of the peak makes it slower than halving twice as often
        low, high = (n, high) if peak(n) <= limit else (low, n)
    return low


def fit(at_batch: Callable[[int], Graph], report_of: Callable[[Graph], Report], limit: int) -> Report:
    """``report_of`` the net at the largest batch whose peak keeps ``limit`` bytes; where none does, exit code 1.

    Raises:
        ShapeError: the net takes neither one image nor two.
    """

    @cache
    def at(n: int) -> Report:
        return report_of(at_batch(n))

    def peak(n: int) -> int:
        return int(_fact(at(n), "peak_bytes"))

    first = 1
    try:
        at(first)
    except ShapeError:  # BatchNorm cannot train on one value a channel
        first = 2
    n = largest_batch(peak, limit, first)
    report = at(n or first)
    facts = (
        report.facts[0],
        Fact("batch_size", "largest batch", n, "integer"),
        Fact("limit_bytes", "limit", limit, "bytes"),
        *report.facts[1:],
    )
    if not n:
        images = "one image needs" if first == 1 else "two images need"
        message = f"{images} {text(peak(first), 'bytes')}, over {text(limit, 'bytes')}"
        finding = Finding("nothing-fits", "--fit", message, "give a smaller --input, or a lower --precision")
        return replace(report, facts=facts, findings=(*report.findings, finding), ok=False, exit_code=FAILED)
    notes = [f"one image more: {exact(peak(n + 1), 'bytes')}, over the limit"]
    if max(node.out.numel for node in at_batch(n).nodes) >= INDEXED:
        notes.append("a tensor has 2^31 elements or more, which kernels with 32-bit indices do not reach")
    return replace(report, facts=facts, notes=(*notes, *report.notes))


def _fact(report: Report, key: str) -> int:
    (value,) = (fact.value for fact in report.facts if fact.key == key)
    assert isinstance(value, int)
    return value
