"""The times of two nets as two bars, cut into the times of their stages."""

from collections.abc import Mapping

from resnet_inspect.chart import COLORS, Axis, Bars, Chart
from resnet_inspect.report import Table
from resnet_inspect.units import text

WRITTEN = 0.06  # of the longer bar: from there on a stage has its time in the bar


def two_nets(a: str, b: str, ms: Mapping[str, tuple[float, float]], known: str, table: Table) -> Chart:
    """A bar for each net, by ``ms``: milliseconds of both for each stage, as the ``table`` has them.

    ``known`` says how they are. Stages beyond the palette are grey.
    """
    totals = [sum(times[net] for times in ms.values()) for net in (0, 1)]
    x, y = (text(total, "ms") for total in totals)
    longest = max(totals)

    def bars(slot: int, stage: str) -> Bars:
        times = ms[stage]
        texts = tuple(text(time, "ms") if time >= WRITTEN * longest else "" for time in times)
        return Bars(tuple(enumerate(times)), stage, slot if slot < COLORS else None, texts)

    return Chart(
        key="two_nets",
        title=f"{b} against {a}, stage by stage",
        x=Axis("time of a pass", "ms", low=0),
        y=Axis(scale="category", categories=(f"{a} {x}", f"{b} {y}")),
        marks=tuple(bars(slot, stage) for slot, stage in enumerate(ms)),
        table=table,
        alt=f"Two bars of stage times, {known}: {a} adds up to {x}, {b} to {y}.",
    )
