"""Marked calls: the numbers of the case itself, in parts that add up; a fake clock or events stand for a device."""

from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import count
from typing import Any

import pytest
import torch

from resnet_inspect import sources
from resnet_inspect.benchmark.breakdown import Part, break_down, closes_within, layers_of, stages_of
from resnet_inspect.benchmark.case import DRY, SCALER, Case
from resnet_inspect.benchmark.messages import MarkedCalls, Unavailable
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.worker import marked_calls, marks
from resnet_inspect.benchmark.worker.marks import ClockMarks, EventMarks, Key
from resnet_inspect.benchmark.worker.prepare import Ready, prepare
from resnet_inspect.graph import Graph
from resnet_inspect.vocabulary import MODES

CASE = Case("resnet18", "cpu", 2, (2, 3, 32, 32), "infer", "fp32", "contiguous", "eager", 1)
# What ends a stem, joins a shortcut, gates and finishes a net otherwise: each has another module tree.
NETS = ("resnet18", "resnet50d", "cbam_resnet18", "resnetblur50", "ecaresnet50t", "resnet20_cifar", "preresnet20_cifar")


def prepared(case: Case = CASE) -> Ready:
    return prepare(case, sources.graph_of(sources.find(case.model), case.input), 0)


def parts(graph: Graph, per: str) -> tuple[Part, ...]:
    return stages_of(graph) if per == "stage" else layers_of(graph)


class Counted:
    """Marks that count on: the n-th is at n ms."""

    def __init__(self) -> None:
        self.keys: list[Key] = []

    def begin(self) -> None:
        self.keys.clear()

    def mark(self, begins: Key) -> None:
        self.keys.append(begins)

    def read(self) -> marks.Reading | None:
        return dict.fromkeys(self.keys[:-1], 1.0), len(self.keys) - 1.0


@pytest.fixture(autouse=True)
def few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marked_calls, "SECONDS", 0.0)
    monkeypatch.setattr(marked_calls, "PAIRS", 2)


@pytest.mark.parametrize("per", ["stage", "layer"])
@pytest.mark.parametrize("model", NETS)
def test_the_marked_net_gives_the_very_outputs_of_the_plain_one(model: str, per: str) -> None:
    ready = prepared(replace(CASE, model=model))
    with torch.inference_mode():
        assert torch.equal(marked_calls.marked(ready, per, False, Counted())(), ready.run())


@pytest.mark.parametrize("model", NETS)
def test_each_stage_and_each_call_begins_once_and_in_order(model: str) -> None:
    ready = prepared(replace(CASE, model=model))
    for per in ("stage", "layer"):
        seen = Counted()
        number = len(parts(ready.graph, per))
        with torch.inference_mode():
            marked_calls.marked(ready, per, False, seen)()
        assert seen.keys == [*(("forward", i) for i in range(number)), ("end", 0)]


@pytest.mark.parametrize("per", ["stage", "layer"])
def test_a_training_step_goes_forward_through_the_parts_and_back(per: str) -> None:
    ready, seen = prepared(replace(CASE, task="train", input=(2, 3, 64, 64))), Counted()
    number = len(parts(ready.graph, per))
    before = ready.net.get_parameter("conv1.weight").clone()
    marked_calls.marked(ready, per, False, seen)()
    assert seen.keys[:2] == [("optimizer", 0), ("forward", 0)]
    assert seen.keys[-2:] == [("optimizer", 0), ("end", 0)]
    assert [i for phase, i in seen.keys if phase == "forward"] == [*range(number + 1)]
    back = [i for phase, i in seen.keys if phase == "backward"]
    assert sorted(back) == [*range(number + 1)], "each once"
    assert back[0] == number, "the loss first"
    assert per == "layer" or back == [*reversed(range(number + 1))]
    assert not torch.equal(before, ready.net.get_parameter("conv1.weight")), "and it learns"


@pytest.mark.parametrize("per", ["stage", "layer"])
@pytest.mark.parametrize("task", ["infer", "train"])
def test_what_is_measured_adds_up(task: str, per: str) -> None:
    case = replace(CASE, task=task, input=(2, 3, 64, 64))
    ready = prepared(case)
    with torch.inference_mode(task == "infer"):
        breakdown = break_down(marked_calls.play(ready, case, Plan(), per), parts(ready.graph, per))
    assert sum(row.ms for row in breakdown.rows) <= breakdown.total_ms * (1 + 1e-12)  # a sum of floats
    assert 0.5 < breakdown.closure < 1, "the clock outside sees more than the marks, and knows nothing of them"
    assert min(row.ms for row in breakdown.rows) > 0
    assert breakdown.of_training is (task == "train")


def test_a_clocks_marks_are_milliseconds_of_what_begins_at_each() -> None:
    times = iter([0, 1_000_000, 3_000_000, 3_500_000])
    seen = ClockMarks(lambda: next(times))
    for key in ("forward", 0), ("optimizer", 0), ("forward", 0), ("end", 0):
        seen.mark(key)
    assert seen.read() == ({("forward", 0): 1.5, ("optimizer", 0): 2.0}, 3.5)
    assert seen.marks == []


class Event:
    """An event at the time when it was recorded; ``over`` is whether the device has passed it."""

    def __init__(self, clock: Callable[[], int], over: bool) -> None:
        self.clock, self.over = clock, over

    def record(self) -> None:
        self.at = self.clock()

    def query(self) -> bool:
        return self.over

    def elapsed_time(self, other: Any) -> float:
        return float(other.at - self.at)


def on_a_stream(over: bool = False, watched: bool = True) -> EventMarks:
    ticks = count()
    return EventMarks(lambda: Event(lambda: next(ticks), over), watched)


def test_events_are_used_again_by_the_next_call() -> None:
    seen = on_a_stream()
    for _ in range(3):
        seen.begin()
        for key in ("forward", 0), ("forward", 1), ("end", 0):
            seen.mark(key)
        assert seen.read() == ({("forward", 0): 1.0, ("forward", 1): 1.0}, 2.0)
    assert len(seen.events) == 3


def test_a_device_that_waits_for_the_host_says_nothing_of_itself() -> None:
    for watched in (True, False):
        seen = on_a_stream(over=True, watched=watched)
        seen.begin()
        seen.mark(("forward", 0))
        seen.mark(("end", 0))
        assert (seen.read() is None) is watched, "in a captured graph the host waits for nothing"


def test_where_the_queue_runs_dry_nothing_is_measured() -> None:
    timed: Callable[[Any], float | None] = lambda call: None  # noqa: E731  # as stream.between_events says it
    with pytest.raises(Unavailable) as refused:
        marked_calls.in_turn(int, float, Counted(), timed, 2, 1e9)
    assert refused.value.reason == DRY


def test_marked_and_plain_calls_are_each_first_in_half_of_the_pairs() -> None:
    order: list[str] = []
    seen = Counted()

    def run() -> None:
        order.append("marked")
        seen.begin()
        seen.mark(("forward", 0))
        seen.mark(("end", 0))

    def timed(call: Callable[[], object]) -> float:
        call()
        return 5.0

    calls = marked_calls.in_turn(run, lambda: order.append("plain"), seen, timed, 1, 1e9)
    assert order[:4] == ["marked", "plain", "plain", "marked"]
    assert len(calls.total_ms) == marked_calls.FEW_PAIRS
    assert calls.forward_ms[0] == (1.0, 0.0)


def pairs_of(ms: float, max_s: float, dry: Callable[[int], bool] = lambda call: False) -> MarkedCalls:
    """Pairs of calls of ``ms`` each; ``dry`` says by a call's number whether the queue ran dry in it."""
    calls, seen = count(), Counted()

    def run() -> None:
        seen.begin()
        seen.mark(("forward", 0))
        seen.mark(("end", 0))

    def timed(call: Callable[[], object]) -> float | None:
        call()
        return None if dry(next(calls)) else ms

    return marked_calls.in_turn(run, int, seen, timed, 1, max_s)


@pytest.mark.parametrize(
    ("ms", "max_s", "pairs"),
    [
        (1.0, 30.0, 6),  # PAIRS is 2 here, and SECONDS 0: quick calls end when they are enough
        (3000.0, 30.0, 5),  # five pairs of 6 s
        (3000.0, 1e9, 6),
        (3000.0, 3.0, 2),
        (1e6, 0.2, 2),
    ],
)
def test_calls_however_long_keep_to_the_plans_time_but_for_two_pairs(ms: float, max_s: float, pairs: int) -> None:
    assert len(pairs_of(ms, max_s).plain_ms) == pairs


def test_a_pair_in_which_the_queue_runs_dry_is_passed_over() -> None:
    calls = asdict(pairs_of(1.0, 1e9, lambda call: call in (0, 5, 11)))
    assert {name: len(values) for name, values in calls.items()} == dict.fromkeys(calls, marked_calls.FEW_PAIRS)


def test_where_more_than_half_of_the_pairs_run_dry_nothing_is_measured() -> None:
    assert pairs_of(1.0, 1e9, lambda call: call // 2 % 2 == 1)
    with pytest.raises(Unavailable) as refused:
        pairs_of(1.0, 1e9, lambda call: call // 2 % 3 != 0)
    assert refused.value.reason == DRY


def test_a_net_of_one_call_a_stage_is_cut_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many stages as calls: only the question tells which it is."""
    ready, cut = prepared(), []
    ready.graph = replace(ready.graph, nodes=tuple(replace(node, stage=node.name) for node in ready.graph.nodes))
    monkeypatch.setattr(marked_calls, "chain", lambda *_: cut.append("stage") or ready.net)
    with torch.inference_mode():
        marked_calls.marked(ready, "stage", False, Counted())()
        marked_calls.marked(ready, "layer", False, Counted())()
    assert cut == ["stage"]


@pytest.mark.parametrize(
    ("change", "per", "reason"),
    [
        ({"mode": "compile"}, "layer", "a compiled kernel is of many layers"),
        ({"device": "mps"}, "stage", "mps has no events on a stream"),
    ],
)
def test_what_cannot_be_marked_is_refused_by_reason(change: dict[str, str], per: str, reason: str) -> None:
    with pytest.raises(Unavailable) as refused:
        marked_calls.play(prepared(), replace(CASE, **change), Plan(), per)
    assert refused.value.reason == reason


def test_a_torch_without_events_for_graphs_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def older(enable_timing: bool) -> None:
        raise AssertionError("not reached: it knows no other argument")

    monkeypatch.setattr(torch.cuda, "Event", older)
    with pytest.raises(Unavailable) as refused:
        marked_calls.play(prepared(), replace(CASE, device="cuda:0", mode="graph"), Plan(), "stage")
    assert refused.value.reason == "this torch has no events that a graph can hold"


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("mode", "per"),
    [(mode, "stage") for mode in MODES] + [("eager", "layer"), ("graph", "layer")],
)
def test_the_parts_of_a_cuda_case_add_up(mode: str, per: str) -> None:
    case = replace(CASE, device="cuda:0", mode=mode, batch_size=8, input=(8, 3, 224, 224))
    ready = prepared(case)
    with torch.inference_mode():
        breakdown = break_down(marked_calls.play(ready, case, Plan(), per), parts(ready.graph, per))
    assert breakdown.closure == pytest.approx(1, abs=closes_within(breakdown, case.kind))


def test_a_step_in_which_the_host_waits_is_not_marked() -> None:
    case = Case("resnet18", "cuda:0", 2, (2, 3, 64, 64), "train", "amp-fp16", "contiguous", "eager", 1)
    with pytest.raises(Unavailable) as refused:
        marked_calls.play(None, case, Plan(), "stage")  # type: ignore[arg-type]  # never asked
    assert refused.value.reason == SCALER
