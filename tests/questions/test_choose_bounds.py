"""What an answer of ``choose`` says of its bounds: how many nets keep them, and what forbids every net."""

from dataclasses import replace

from candidates import BOUNDS, NETS, net, rows
from hypothesis import given

from resnet_inspect.questions.choose import Bounds, Candidate, choose


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
