"""The Pareto picture: its front is what comparing each net with each other gives."""

from itertools import pairwise

import pytest
from candidates import NETS
from hypothesis import given, settings
from hypothesis import strategies as st

import resnet_inspect as ri
from resnet_inspect.chart import Chart, Line, Points
from resnet_inspect.charts.pareto import FEW, pareto
from resnet_inspect.counting.accuracy import Accuracy
from resnet_inspect.questions.choose import Candidate
from resnet_inspect.questions.times import Time
from resnet_inspect.sources.costs import Costs

few = st.integers(1, 6)  # so that some are equal
nets = st.lists(
    st.builds(lambda macs, params, top1, ms: (macs, params, top1, ms), few, few, st.none() | few, st.none() | few),
    min_size=1,
    max_size=12,
).map(
    lambda rows: [
        Candidate(
            Costs(f"net{i}", (1, 3, 224, 224), params, macs),
            None if ms is None else Time(float(ms), "measured"),
            None if top1 is None else Accuracy("timm", "recipe", 224, float(top1), 99.0),
        )
        for i, (macs, params, top1, ms) in enumerate(rows)
    ]
)


def front_of(chart: Chart) -> set[str]:
    keys = [column.key for column in chart.table.columns]
    return {str(row[0]) for row in chart.table.rows if row[keys.index("pareto")]}


@settings(deadline=None, max_examples=200)
@given(nets, st.sampled_from(["macs", "params", "time"]))
def test_the_front_is_what_no_other_net_beats(candidates, against) -> None:
    def cost(net: Candidate) -> float | None:
        return {"macs": net.costs.macs, "params": net.costs.params, "time": net.ms}[against]

    rated = [(net.costs.name, net.top1, cost(net)) for net in candidates if net.top1 and cost(net)]
    if not rated:
        with pytest.raises(ri.InspectError, match="no net has a published top-1"):
            pareto(candidates, against)
        return
    beaten = {
        name
        for name, top1, price in rated
        for _, better, cheaper in rated
        if better >= top1 and cheaper <= price and (better, cheaper) != (top1, price)
    }
    chart = pareto(candidates, against)
    assert front_of(chart) == {name for name, _, _ in rated} - beaten
    points = [point for mark in chart.marks if isinstance(mark, Points) for point in mark.points]
    assert sorted((point.x, point.y) for point in points) == sorted((price, top1) for _, top1, price in rated)
    (line,) = (mark for mark in chart.marks if isinstance(mark, Line))
    assert all(x <= to_x and y <= to_y for (x, y), (to_x, to_y) in zip(line.at, line.at[1:], strict=False))


@given(NETS)
def test_floors_stand_apart_from_times_and_the_front_only_rises(candidates: list[Candidate]) -> None:
    rated = [net for net in candidates if net.top1 is not None and net.time is not None]
    if not rated:
        return
    drawn = pareto(candidates, "time")
    (line,) = (mark for mark in drawn.marks if isinstance(mark, Line))
    assert all(x <= to_x and y <= to_y for (x, y), (to_x, to_y) in pairwise(line.at))
    hollow = [mark for mark in drawn.marks if isinstance(mark, Points) and mark.hollow]
    floors = [(net.ms, net.top1) for net in rated if net.time.basis == "floor"]
    if 0 < len(floors) < len(rated):
        (apart,) = hollow
        assert sorted((point.x, point.y) for point in apart.points) == sorted(floors)
        assert apart.label == "a floor: at least that time"
        assert not {*floors} & {*line.at} - {(net.ms, net.top1) for net in rated if net.time.basis != "floor"}
    else:
        assert not hollow


def test_the_zoo_is_drawn_against_macs_and_against_the_least_time_of_a_device() -> None:
    by_macs = ri.plot("pareto", among="resnet,resnet-d").chart
    assert {"resnet18", "resnet152"} <= {str(row[0]) for row in by_macs.table.rows}
    by_time = ri.plot("pareto", among="resnet,resnet-d", device="t4").chart
    chosen = ri.choose(among="resnet,resnet-d", device="t4").tables[0]
    keys = [column.key for column in chosen.columns]
    assert front_of(by_time) == {str(row[0]) for row in chosen.rows if row[keys.index("pareto")]}
    assert by_time.x.title == "least time"


def test_of_many_nets_those_on_the_front_have_their_names_written_and_of_few_all() -> None:
    nets = [
        Candidate(
            Costs(f"net{cost}", (1, 3, 224, 224), 1, cost), None, Accuracy("timm", "recipe", 224, 70.0 - cost, 99.0)
        )
        for cost in range(1, FEW + 2)
    ]

    def written(chart: Chart) -> set[str]:
        return {point.text for mark in chart.marks if isinstance(mark, Points) for point in mark.points} - {""}

    assert written(pareto(nets, "macs")) == {"net1"}
    assert written(pareto(nets[:FEW], "macs")) == {net.costs.name for net in nets[:FEW]}


def test_a_time_without_a_device_is_refused() -> None:
    with pytest.raises(ri.InspectError, match="a time needs a device"):
        ri.plot("pareto", against="time")
