"""What an answer of ``choose`` says of its bounds: how many nets keep them, and what forbids every net."""

from dataclasses import replace

import pytest
from candidates import BOUNDS, NETS, net, rows
from hypothesis import given

from resnet_inspect.questions.choose import Bounds, Candidate, choose
from resnet_inspect.questions.times import Basis


@given(NETS, BOUNDS)
def test_without_an_answer_each_bound_that_alone_forbids_one_is_named_with_the_nearest(
    nets: list[Candidate], bounds: Bounds
) -> None:
    report = choose(nets, bounds, "fp16 on a device")
    fields = {
        "latency_ms": "--max-latency-ms",
        "params": "--max-params",
        "memory": "--max-memory",
        "top1": "--min-top1",
    }
    loosened = {
        option: {row["model"] for row in rows(choose(nets, replace(bounds, **{field: None}), "fp16 on a device"))}
        for field, option in fields.items()
        if getattr(bounds, field) is not None
    }
    alone = {option: names for option, names in loosened.items() if names} if report.findings else {}
    assert all(finding.code == "nothing-fits" for finding in report.findings)
    assert [finding.where for finding in report.findings if "would fit" in finding.hint] == [*alone]
    for finding in report.findings:
        if finding.where in alone:
            assert finding.hint.startswith(f"without {finding.where}, {len(alone[finding.where])} net")
            assert "a number" in finding.message or {*finding.message.replace(":", "").split()} & alone[finding.where]
    assert not report.findings or bool(alone) == (len(report.findings) == len(alone))


def test_of_two_bounds_each_alone_names_the_net_that_keeps_the_other() -> None:
    nets = [net("fast", 5.0, 70.0), net("faster", 4.0, 60.0), net("good", 20.0, 85.0), net("middling", 11.0, 79.0)]
    report = choose(nets, Bounds(latency_ms=10, top1=80), "a device")
    told = [(finding.where, finding.message, finding.hint) for finding in report.findings]
    keeping = "of the nets that keep the other bounds, the nearest is {}: {}"
    assert told == [
        (
            "--max-latency-ms",
            keeping.format("good", "20.0 ms is over 10.0 ms"),
            "without --max-latency-ms, 1 net would fit",
        ),
        ("--min-top1", keeping.format("fast", "70.00% is below 80.00%"), "without --min-top1, 2 nets would fit"),
    ]
    (both,) = choose(nets, Bounds(latency_ms=3, top1=90), "a device").findings
    assert (both.where, both.hint) == ("--max-latency-ms, --min-top1", "loosen them together")
    assert (
        both.message
        == "no net keeps all bounds but one; the nearest is faster: 4.00 ms is over 3.00 ms, 60.00% is below 90.00%"
    )


@given(NETS, BOUNDS)
def test_a_net_whose_floor_alone_keeps_the_latency_may_fit_and_every_other_does(
    nets: list[Candidate], bounds: Bounds
) -> None:
    report = choose(nets, bounds, "a device")
    facts = {fact.key: fact.value for fact in report.facts}
    floors = [row for row in rows(report) if row["basis"] == "floor" and bounds.latency_ms is not None]
    assert (facts["may_fit"], facts["fitting"]) == (len(floors), len(rows(report)) - len(floors))


@pytest.mark.parametrize(
    ("bases", "latency_ms", "title"),
    [
        ((), 10, "none of 1 net fits"),
        (("predicted",), 10, "1 of 2 nets fits"),
        (("measured", "predicted"), 10, "2 of 3 nets fit"),
        (("floor",), 10, "1 of 2 nets may fit"),
        (("floor", "measured", "floor"), 10, "1 of 4 nets fits; 2 more may"),
        (("floor", "floor"), None, "2 of 2 nets fit"),
    ],
)
def test_the_title_tells_nets_that_fit_from_those_that_may(
    bases: tuple[Basis, ...], latency_ms: float | None, title: str
) -> None:
    nets = [net(f"net{i}", 5.0, 80.0, basis) for i, basis in enumerate(bases)]
    slow = [net("slow", 20.0, 80.0)] if latency_ms else []
    report = choose([*nets, *slow], Bounds(latency_ms=latency_ms), "a device")
    assert report.title == title
    (table,) = report.tables
    of_floors = {"floor"} == {*bases}
    mixed = "floor" in bases and not of_floors
    assert [column.title for column in table.columns][2] == (
        "at least" if of_floors else "time or floor" if mixed else "time"
    )


def test_the_first_nets_whose_intervals_reach_above_the_bound_are_named() -> None:
    nets = [net(f"net{i}", 8.0, 80.0 - i, high_ms=11.0 if i else 9.0) for i in range(6)]
    notes = choose(nets, Bounds(latency_ms=10), "a device").notes
    assert "intervals that reach above 10.0 ms: 5 nets: net1, net2, net3 ..." in notes
    few = choose(nets[:3], Bounds(latency_ms=10), "a device").notes
    assert "intervals that reach above 10.0 ms: 2 nets: net1, net2" in few
