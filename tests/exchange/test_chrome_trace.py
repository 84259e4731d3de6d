"""A trace is one that Perfetto takes: documented keys, events inside each other, times in order, sums that hold."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from math import fsum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty import NASTY, check_harmless
from planted_times import EAGER, NETS, SHEET, noisy
from raw_results import ENVIRONMENT, PLAN, raw, result, trained
from strategies import law, lowered, specs

import resnet_inspect as ri
from resnet_inspect.benchmark.breakdown import Breakdown, PartTime
from resnet_inspect.benchmark.record import Record
from resnet_inspect.errors import RequestError
from resnet_inspect.exchange.chrome_trace import write
from resnet_inspect.exchange.times import Times
from resnet_inspect.graph.facts.memory import memory_course, memory_peak
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.hardware.floor import call_floors_ms, floors_ms
from resnet_inspect.prediction.fit import fit
from resnet_inspect.resnet.spec import ResNetSpec

Event = dict[str, Any]

# Required keys by phase, of the Trace Event Format.
REQUIRED = {
    "X": {"name", "cat", "ph", "ts", "dur", "pid", "tid", "args"},
    "C": {"name", "ph", "ts", "pid", "tid", "args"},
    "M": {"name", "ph", "ts", "pid", "tid", "args"},
}
READERS: tuple[Callable[[float], int], ...] = (lambda us: int(us * 1000), lambda us: round(us * 1000))


def check(text: str) -> list[Event]:
    """The events, once they are what the format's readers need."""
    document = json.loads(text)
    assert {*document} == {"traceEvents", "displayTimeUnit", "otherData"}
    assert document["displayTimeUnit"] == "ms"
    events: list[Event] = document["traceEvents"]
    for event in events:
        assert {*event} == REQUIRED[event["ph"]]
        assert isinstance(event["name"], str)
        if event["ph"] == "C":
            assert event["args"]
            assert all(type(value) is int for value in event["args"].values())
        if event["ph"] == "M":
            assert [*event["args"]] == ["name"]
    assert all(earlier["ts"] <= later["ts"] for earlier, later in pairwise(events))
    for read in READERS:  # as Perfetto cuts off below a nanosecond, as others round
        check_nesting(events, read)
    return events


def check_nesting(events: Sequence[Event], read: Callable[[float], int]) -> None:
    """Whether an event on a thread lies inside the one around it, or begins where that ends or later."""
    around: dict[tuple[int, int], list[int]] = {}
    for event in of("X", events):
        open_ends = around.setdefault((event["pid"], event["tid"]), [])
        start, end = read(event["ts"]), read(event["ts"]) + read(event["dur"])
        assert start <= end
        while open_ends and open_ends[-1] <= start and not (start == end == open_ends[-1]):
            open_ends.pop()
        assert not open_ends or end <= open_ends[-1], event
        open_ends.append(end)


def of(phase: str, events: Sequence[Event], cat: str | None = None) -> list[Event]:
    return [event for event in events if event["ph"] == phase and cat in (None, event.get("cat"))]


def times(forward_ms: dict[str, float], **changes: Any) -> Times:
    return Times(**{"basis": "floor", "source": "a test", "precision": "fp32", "forward_ms": forward_ms} | changes)


@law(40)
@given(specs(), st.data())
def test_the_calls_of_any_net_with_any_times_add_up(spec: ResNetSpec, data: st.DataObject) -> None:
    graph = lowered(spec, 1, 64)
    names = data.draw(st.lists(st.sampled_from([node.name for node in graph.nodes[1:]]), min_size=1, unique=True))
    ms = {name: data.draw(st.floats(0, 1e4)) for name in names}
    events = check(write(graph, times(ms)))
    layers = of("X", events, "layer")
    assert [event["name"] for event in layers] == [node.name for node in graph.nodes if node.name in ms]
    for event in layers:
        assert event["args"]["ms"] == ms[event["name"]]
        assert event["dur"] == pytest.approx(1e3 * ms[event["name"]], abs=1e-3, rel=1e-9)
    for cat in ("phase", "stage"):
        assert fsum(event["dur"] for event in of("X", events, cat)) == pytest.approx(1e3 * fsum(ms.values()), abs=1e-3)
    alive = [sum(event["args"].values()) for event in of("C", events)]
    assert max(alive) == memory_peak(graph)[1].peak_bytes


def test_a_predicted_pass_is_the_floor_without_fusion() -> None:
    graph, device = ri.lower("resnet50", batch_size=4), find_device("a100")
    text = str(ri.export("resnet50", "chrome-trace", batch_size=4, device="a100", precision="fp16"))
    events = check(text)
    (forward,) = of("X", events, "phase")
    assert forward["args"]["ms"] == pytest.approx(floors_ms(graph, device, "fp16")[1])
    assert sum(call_floors_ms(graph, device, "fp16").values()) == pytest.approx(forward["args"]["ms"])
    assert sum(event["args"]["macs"] for event in of("X", events, "stage")) == work_of(graph).macs
    assert {event["args"]["basis"] for event in of("X", events)} == {"floor"}
    told = json.loads(text)["otherData"]
    assert (told["basis"], told["live_bytes"]) == ("floor", "predicted of an eager run, fp16")
    assert device.title in told["durations"]
    assert [event["name"] for event in of("X", events, "stage")] == [*graph.stages]
    summary = {row[0] for row in ri.summary("resnet50", depth="block").tables[0].rows}
    assert {event["name"] for event in of("X", events, "block")} == summary - {*graph.stages}


def test_a_profile_gives_each_call_its_time() -> None:
    import random

    profile = fit(noisy(NETS, random.Random(0), 0.02), EAGER, SHEET)
    events = check(str(ri.export("resnet50", "chrome-trace", batch_size=32, profile=profile)))
    (forward,) = of("X", events, "phase")
    graph = ri.lower("resnet50", batch_size=32)
    assert forward["args"]["ms"] == pytest.approx(sum(profile.predict_parts(graph, lambda node: "").values()))
    assert forward["args"]["basis"] == "predicted"


def measured(training: bool = False, layers: bool = True) -> Record:
    """A Record of resnet18 in which the n-th part takes n microseconds forward, and twice that backward."""
    graph = ri.lower("resnet18", (2, 3, 64, 64))
    names = [node.name for node in graph.nodes[1:]] if layers else [*graph.stages]

    def row(name: str, ms: float) -> PartTime:
        if not training:
            return PartTime(name=name, ms=ms, share=0.0, macs=0)
        return PartTime(name=name, ms=3 * ms, share=0.0, macs=0, forward_ms=ms, backward_ms=2 * ms)

    rows = tuple(row(name, n / 1000) for n, name in enumerate(names, 1))
    ends = {"loss_ms": 0.5, "optimizer_ms": 0.25} if training else {}
    breakdown = Breakdown(rows=rows, total_ms=1.0, plain_ms=1.0, closure=1.0, instrumentation=0.0, iterations=9, **ends)
    timed = result(trained(raw()) if training else raw())
    case = replace(timed.case, model="resnet18", batch_size=2, input=(2, 3, 64, 64))
    changes = {"layers" if layers else "stages": breakdown}
    return Record(("bench",), ENVIRONMENT, PLAN, 1, (replace(timed, case=case, **changes),))


AT = {"model": "resnet18", "format": "chrome-trace", "input": (2, 3, 64, 64)}


@pytest.mark.parametrize("layers", [True, False])
def test_a_measured_pass_has_the_times_of_the_record(layers: bool) -> None:
    record = measured(layers=layers)
    text = str(ri.export(**AT, record=record))
    events, timed = check(text), record.results[0]
    rows = (timed.layers or timed.stages or pytest.fail("no breakdown")).rows
    parts = of("X", events, "layer" if layers else "stage")
    assert [(event["name"], event["args"]["ms"]) for event in parts] == [(row.name, row.ms) for row in rows]
    assert {event["args"]["basis"] for event in of("X", events)} == {"measured"}
    assert record.environment.machine.cpu_model in json.loads(text)["otherData"]["durations"]
    most = max(sum(event["args"].values()) for event in of("C", events))
    assert most == memory_peak(ri.lower("resnet18", (2, 3, 64, 64)))[1].peak_bytes


@pytest.mark.parametrize("layers", [True, False])
def test_a_training_step_goes_forward_and_back(layers: bool) -> None:
    record = measured(training=True, layers=layers)
    events = check(str(ri.export(**AT, record=record, task="train")))
    assert [event["name"] for event in of("X", events, "phase")] == ["forward", "loss", "backward", "optimizer"]
    names = [event["name"] for event in of("X", events, "layer" if layers else "stage")]
    half = len(names) // 2
    assert names[:half] == names[half:][::-1]
    forward, loss, backward, optimizer = of("X", events, "phase")
    assert (loss["args"]["ms"], optimizer["args"]["ms"]) == (0.5, 0.25)
    assert backward["args"]["ms"] == pytest.approx(2 * forward["args"]["ms"])
    graph = ri.lower("resnet18", (2, 3, 64, 64))
    counters = of("C", events)
    assert max(sum(event["args"].values()) for event in counters) == memory_peak(graph, "train")[1].peak_bytes
    *_, (_, phase, alive) = memory_course(graph, "train")
    assert (phase, counters[-1]["ts"]) == ("optimizer", optimizer["ts"])
    assert sum(counters[-1]["args"].values()) == alive.peak_bytes


@pytest.mark.parametrize("nasty", NASTY.values())
def test_no_name_acts_or_breaks_the_trace(nasty: str) -> None:
    graph = ri.lower("resnet18")
    nodes = tuple(
        replace(node, name=node.name.replace("layer1", nasty), stage=node.stage.replace("layer1", nasty))
        for node in graph.nodes
    )
    ms = {node.name: 1.0 for node in nodes[1:]}
    text = write(replace(graph, name=nasty, nodes=nodes), times(ms, source=nasty))
    check(text)
    check_harmless(text, "json")


def test_code_that_cannot_train_has_its_measured_times_all_the_same() -> None:
    graph = replace(ri.lower("resnet18"), untrainable="a backward of its own")
    ms = {node.name: 1.0 for node in graph.nodes[1:]}
    text = write(graph, times(ms, backward_ms=ms, loss_ms=1.0, optimizer_ms=1.0), "train")
    assert not of("C", check(text))
    assert json.loads(text)["otherData"]["live_bytes"] == "unknown: a backward of its own"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"task": "train"}, "of inference"),
        ({"device": "t4", "record": measured()}, "plays one pass"),
        ({"record": measured(), "task": "train"}, "no times of the layers or stages"),
        ({"record": measured(), "input": (1, 3, 32, 32)}, "no times of the layers or stages"),
        ({"record": measured(), "precision": "bf16"}, "no times of the layers or stages"),
        ({"node_data": "macs"}, "not for chrome-trace"),
        ({"device": "t4", "format": "onnx"}, "not for onnx"),
        ({"device": "t5"}, "unknown device"),
    ],
)
def test_what_no_trace_can_show_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        ri.export(**AT | asked)
