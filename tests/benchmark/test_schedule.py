"""Whole benchmarks played with fakes: workers that are scripts; nothing runs or waits."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan, plan_for
from resnet_inspect.benchmark.schedule import GROUP, RawResult, WorkerLost, conduct, groups

LAW = settings(deadline=None, max_examples=50)

PLAN = Plan()
NOISY_PLAN = replace(PLAN, precise_within=0.0, max_time_s=1e9)  # nothing but noise ends an arm


def case(model: str = "resnet50", device: str = "cpu", **changes: Any) -> Case:
    return replace(Case(model, device, 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1), **changes)


def quiet(number: int, at_least: int) -> list[float]:
    """Every call of a round takes 10 ms."""
    return [10.0] * at_least


class FakeWorker:
    """Answers as a worker does. ``fails`` says which request (and its number, from 1) raises what in place of it."""

    def __init__(
        self,
        case: Case,
        log: list[tuple[str, str]],
        fails: Mapping[tuple[str, int], BaseException] | None = None,
        latency: Callable[[int, int], list[float]] = quiet,
    ) -> None:
        self.case, self.log, self.fails, self.latency = case, log, fails or {}, latency
        self.asked: Counter[str] = Counter()
        self.requests: list[Mapping[str, Any]] = []
        self.gone = False
        self.closed = 0

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert not self.gone, "who is lost is not asked again"
        assert not self.closed
        do = request["do"]
        self.log.append((self.case.model, do))
        self.requests.append(request)
        self.asked[do] += 1
        error = self.fails.get((do, self.asked[do]))
        if error is not None:
            self.gone = isinstance(error, WorkerLost)
            raise error
        match do:
            case "prepare":
                return {"captured_ms": None}
            case "warm":
                return {"first_ms": 30.0, "calls": 20, "seconds": 0.5, "settled": True, "graphs_before": 0}
            case "memory":
                return {"requested_bytes": 4096}
            case "round":
                latency = self.latency(self.asked[do], request["at_least"])
                answer: dict[str, Any] = {"latency": latency, "block": [6, 60.0]}
                if self.case.device.startswith("cuda"):
                    answer |= {"device_time": [9.0] * len(latency), "enqueue": [1.0] * len(latency)}
                return answer
            case "phases":
                return {"forward_ms": 4.0, "backward_ms": 5.0, "optimizer_ms": 1.0, "step_ms": 10.0}
            case "after":
                return {"graphs": 0}
            case "stage" | "layer":
                return {"of": do}
            case "ceilings":
                return {"time": self.asked[do]}
            case _:
                raise AssertionError(do)

    def close(self) -> None:
        self.closed += 1


class Stage:
    """A benchmark of fakes: what each was told to do, in order, and the workers themselves."""

    def __init__(self, cases: list[Case], **of_model: Any) -> None:
        self.cases, self.of_model = cases, of_model
        self.log: list[tuple[str, str]] = []
        self.told: list[str] = []
        self.workers: dict[str, FakeWorker] = {}

    def start(self, case: Case) -> FakeWorker:
        worker = FakeWorker(case, self.log, **self.of_model.get(case.model, {}))
        self.workers[case.model] = worker
        return worker

    def conduct(self, plan: Plan = PLAN, seed: int = 0, passes: tuple[str, ...] = ()) -> Iterator[RawResult]:
        return conduct(self.cases, self.start, plan, random.Random(seed), self.told.append, passes)

    def play(self, plan: Plan = PLAN, seed: int = 0, passes: tuple[str, ...] = ()) -> dict[str, RawResult]:
        return {raw.case.model: raw for raw in self.conduct(plan, seed, passes)}

    @property
    def rounds(self) -> list[str]:
        """The models in the order they were played in."""
        return [model for model, do in self.log if do == "round"]


def three(**of_model: Any) -> Stage:
    return Stage([case("a"), case("b"), case("c")], **of_model)


def test_every_arm_is_prepared_once_and_played_once_a_round() -> None:
    stage = three()
    raw_results = stage.play()
    assert {raw.status for raw in raw_results.values()} == {"ok"}
    assert {raw.stopped for raw in raw_results.values()} == {"precise"}
    for start in range(0, 3 * PLAN.rounds, 3):
        assert sorted(stage.rounds[start : start + 3]) == ["a", "b", "c"]
    assert len(stage.rounds) == 3 * PLAN.rounds
    for worker in stage.workers.values():
        assert worker.asked == {"prepare": 1, "warm": 1, "memory": 1, "round": PLAN.rounds, "after": 1}
        assert worker.closed == 1


def test_all_are_warm_before_the_first_round() -> None:
    stage = three()
    stage.play()
    first = [do for _, do in stage.log].index("round")
    assert [do for _, do in stage.log[:first]] == ["prepare", "warm", "memory"] * 3


def test_the_order_of_a_round_is_random_and_follows_from_the_seed() -> None:
    def order(seed: int) -> list[str]:
        stage = three()
        stage.play(replace(PLAN, rounds=20), seed)
        return stage.rounds

    assert order(0) == order(0)
    assert order(0) != order(1)
    rounds = order(0)
    firsts = Counter(rounds[::3])
    assert set(firsts) == {"a", "b", "c"}, "each is first now and then"
    assert len({tuple(rounds[i : i + 3]) for i in range(0, 60, 3)}) > 3


def test_a_round_is_asked_for_what_the_plan_says() -> None:
    plan = replace(PLAN, rounds=3, min_samples=20, min_round_s=0.3, rewarm_s=0.1)
    stage = Stage([case("a")])
    raw = stage.play(plan)["a"]
    rounds = [request for request in stage.workers["a"].requests if request["do"] == "round"]
    assert rounds == [{"do": "round", "seconds": 0.3, "at_least": 7, "rewarm": 0.1}] * 3, "20 of 3 rounds are 7 each"
    assert (raw.latency, raw.blocks) == ([[10.0] * 7] * 3, [(6, 60.0)] * 3)
    assert (raw.prepared, raw.warm["settled"]) == ({"captured_ms": None}, True)
    assert (raw.memory, raw.after) == ({"requested_bytes": 4096}, {"graphs": 0})


def test_a_cpu_has_no_times_of_a_device_and_cuda_has() -> None:
    raw_results = Stage([case("a"), case("b", "cuda:0")]).play()
    assert (raw_results["a"].device_time, raw_results["a"].enqueue) == ([], [])
    assert raw_results["b"].device_time == [[9.0] * 4] * PLAN.rounds
    assert raw_results["b"].enqueue == [[1.0] * 4] * PLAN.rounds


def test_only_a_training_step_has_phases() -> None:
    raw_results = Stage([case("a"), case("b", task="train")]).play()
    assert "phases" not in raw_results["a"].passes
    assert raw_results["b"].passes["phases"]["step_ms"] == 10.0


def test_passes_come_last_and_only_where_they_are_asked_for() -> None:
    stage = three()
    raw_results = stage.play(passes=("stage", "layer"))
    assert [raw_results[name].passes for name in "abc"] == [{"stage": {"of": "stage"}, "layer": {"of": "layer"}}] * 3
    assert [do for model, do in stage.log if model == "a"][-3:] == ["after", "stage", "layer"]
    assert [raw.passes for raw in three().play().values()] == [{}] * 3


def test_ceilings_are_measured_before_the_rounds_and_after_them() -> None:
    stage = three()
    raw_results = stage.play(passes=("ceilings",))
    for name in "abc":
        asked = [do for model, do in stage.log if model == name]
        assert asked[:4] == ["prepare", "warm", "memory", "ceilings"]
        assert asked[-2:] == ["after", "ceilings"]
        assert (raw_results[name].ceilings_before, raw_results[name].passes) == ({"time": 1}, {"ceilings": {"time": 2}})


def test_a_worker_that_is_lost_over_a_pass_has_given_its_measurement() -> None:
    stage = three(b={"fails": {("stage", 1): WorkerLost("oom", "no more")}})
    stage.cases[1] = replace(stage.cases[1], task="train")
    raw_results = stage.play(passes=("stage",))
    assert (raw_results["b"].status, raw_results["b"].stopped) == ("ok", "precise")
    assert raw_results["b"].passes["stage"] == {"reason": "oom: no more"}


def test_phases_that_are_not_told_cost_no_samples() -> None:
    """Ten steps of a minute each are longer than a worker may be silent."""
    stage = three(b={"fails": {("phases", 1): WorkerLost("timeout", "no answer")}})
    stage.cases[1] = replace(stage.cases[1], task="train")
    lost = stage.play()["b"]
    assert (lost.status, len(lost.latency), lost.passes) == (
        "ok",
        PLAN.rounds,
        {"phases": {"reason": "timeout: no answer"}},
    )
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_an_arm_that_failed_is_asked_for_no_more() -> None:
    stage = three(b={"fails": {("after", 1): WorkerLost("crashed")}})
    assert stage.play(passes=("stage",))["b"].passes == {}
    assert ("b", "stage") not in stage.log


def test_an_arm_that_needs_more_rounds_gets_them_alone() -> None:
    def restless(number: int, at_least: int) -> list[float]:
        return [10.0 if number <= 8 and number % 2 else 20.0] * at_least

    stage = three(b={"latency": restless})
    raw_results = stage.play(replace(PLAN, max_time_s=1e9))
    assert len(raw_results["a"].latency) == len(raw_results["c"].latency) == PLAN.rounds
    assert len(raw_results["b"].latency) > PLAN.rounds
    assert set(stage.rounds[3 * PLAN.rounds :]) == {"b"}
    assert list(raw_results)[-1] == "b", "who is done is told at once"


LOSSES = [
    ("prepare", 1, "oom"),
    ("prepare", 1, "crashed"),
    ("warm", 1, "timeout"),
    ("memory", 1, "oom"),
    ("round", 1, "timeout"),
    ("round", 2, "crashed"),
    ("after", 1, "crashed"),
]


def test_every_reason_ends_an_arm() -> None:
    def wild(number: int, at_least: int) -> list[float]:
        centre = 10 * (1 + random.Random(number).gauss(0, 0.01 if number <= 10 else 0.5))
        return [centre] * 20

    def stopped(plan: Plan) -> str | None:
        return Stage([case("a")], a={"latency": wild}).play(plan)["a"].stopped

    assert stopped(replace(PLAN, precise_within=1.0)) == "precise"
    assert stopped(replace(PLAN, precise_within=0.0, max_time_s=0.1)) == "time"
    assert stopped(replace(PLAN, precise_within=0.0, max_time_s=1e9)) == "noise"
    assert stopped(plan_for("cpu", quick=True)) == "quick"


@pytest.mark.parametrize(("do", "number", "status"), LOSSES)
def test_a_lost_worker_ends_its_own_arm_alone(do: str, number: int, status: str) -> None:
    stage = three(b={"fails": {(do, number): WorkerLost(status, "as the test says")}})
    stage.cases = [replace(c, task="train") for c in stage.cases]
    raw_results = stage.play()
    assert set(raw_results) == {"a", "b", "c"}
    assert (raw_results["b"].status, raw_results["b"].detail) == (status, "as the test says")
    for other in ("a", "c"):
        assert (raw_results[other].status, len(raw_results[other].latency)) == ("ok", PLAN.rounds)
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_when_all_are_lost_the_benchmark_ends() -> None:
    lost = {"fails": {("round", 1): WorkerLost("crashed")}}
    raw_results = three(a=lost, b=lost, c={"fails": {("prepare", 1): WorkerLost("oom")}}).play()
    assert {name: raw.status for name, raw in raw_results.items()} == {"a": "crashed", "b": "crashed", "c": "oom"}


def test_a_fresh_arm_is_played_in_a_new_worker_every_round() -> None:
    stage, started = three(), []

    def start(c: Case) -> FakeWorker:
        started.append(FakeWorker(c, stage.log))
        return started[-1]

    stage.start = start
    raw_results = stage.play(replace(PLAN, fresh=True))
    assert {len(raw.latency) for raw in raw_results.values()} == {PLAN.rounds}
    assert len(started) == 3 * PLAN.rounds
    assert all((worker.closed, worker.asked["warm"], worker.asked["round"]) == (1, 1, 1) for worker in started)
    assert sum(worker.asked["memory"] for worker in started) == sum(worker.asked["after"] for worker in started) == 3


def test_one_worker_of_many_that_never_settled_is_told() -> None:
    stage, started = Stage([case("a")]), []

    class Restless(FakeWorker):
        def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
            answer = super().ask(request)
            return answer | {"settled": started.index(self) != 1} if request["do"] == "warm" else answer

    def start(c: Case) -> FakeWorker:
        started.append(Restless(c, stage.log))
        return started[-1]

    stage.start = start
    assert not stage.play(replace(PLAN, fresh=True))["a"].warm["settled"]


@pytest.mark.parametrize("do", ["prepare", "warm", "round"])
def test_a_new_worker_that_is_lost_ends_its_own_arm_alone(do: str) -> None:
    stage, started = three(), []

    def start(c: Case) -> FakeWorker:
        fails = {(do, 1): WorkerLost("oom")} if c.model == "b" and len(started) > 5 else {}
        started.append(FakeWorker(c, stage.log, fails))
        return started[-1]

    stage.start = start
    raw_results = stage.play(replace(PLAN, fresh=True))
    assert {name: raw.status for name, raw in raw_results.items()} == {"a": "ok", "b": "oom", "c": "ok"}
    assert {worker.closed for worker in started} == {1}


def test_what_was_prepared_in_vain_is_told_before_anything_is_measured() -> None:
    stage = three(b={"fails": {("prepare", 1): WorkerLost("oom")}})
    first = next(iter(stage.conduct()))
    assert (first.case.model, first.status) == ("b", "oom")
    assert stage.rounds == []


@pytest.mark.parametrize(("do", "number"), [("prepare", 1), ("memory", 1), ("round", 2), ("after", 1)])
def test_ctrl_c_leaves_no_worker_behind(do: str, number: int) -> None:
    stage = three(b={"fails": {(do, number): KeyboardInterrupt()}})
    with pytest.raises(KeyboardInterrupt):
        stage.play()
    assert "b" in stage.workers
    assert {worker.closed for worker in stage.workers.values()} == {1}


@pytest.mark.parametrize(("number", "kept"), [(2, ""), (4, "abc"), (PLAN.rounds + 2, "abc")])
def test_ctrl_c_keeps_the_arms_in_play_that_have_two_rounds(number: int, kept: str) -> None:
    def wild(number: int, at_least: int) -> list[float]:
        return [10.0 + number % 3] * at_least

    stage = three(a={"latency": wild}, b={"latency": wild}, c={"latency": wild})
    stage.of_model["b"]["fails"] = {("round", number): KeyboardInterrupt()}
    raw_results: list[RawResult] = []
    with pytest.raises(KeyboardInterrupt):
        raw_results.extend(stage.conduct(replace(PLAN, max_time_s=1e9)))
    assert sorted(raw.case.model for raw in raw_results) == [*kept]
    for raw in raw_results:
        assert (raw.status, raw.stopped, raw.after) == ("ok", "interrupted", {"graphs": 0})
        assert len(raw.latency) >= 2
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_ctrl_c_over_a_pass_leaves_the_rounds_as_they_ended() -> None:
    stage = Stage([case("a")], a={"fails": {("stage", 1): KeyboardInterrupt()}})
    raw_results: list[RawResult] = []
    with pytest.raises(KeyboardInterrupt):
        raw_results.extend(stage.conduct(passes=("stage",)))
    assert [(raw.stopped, raw.passes) for raw in raw_results] == [("precise", {})]
    assert [do for _, do in stage.log].count("after") == 1


def test_ctrl_c_asks_for_no_phases_of_a_worker_that_may_be_cold() -> None:
    stage = Stage([case("a", task="train")], a={"fails": {("round", 4): KeyboardInterrupt()}})
    raw_results: list[RawResult] = []
    with pytest.raises(KeyboardInterrupt):
        raw_results.extend(stage.conduct())
    assert [(raw.stopped, raw.passes) for raw in raw_results] == [("interrupted", {})]


def test_a_worker_that_is_gone_when_it_is_closed_keeps_none_of_the_others_open() -> None:
    stage = three(b={"fails": {("round", 2): KeyboardInterrupt()}})

    class Stubborn(FakeWorker):
        def close(self) -> None:
            super().close()
            raise WorkerLost("crashed")

    stage.start = lambda c: stage.workers.setdefault(c.model, Stubborn(c, stage.log, **stage.of_model.get(c.model, {})))
    with pytest.raises(KeyboardInterrupt):
        stage.play()
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_who_stops_listening_leaves_no_worker_behind() -> None:
    stage = three(a={"fails": {("round", 1): WorkerLost("crashed")}})
    raw_results = stage.conduct()
    next(raw_results)
    raw_results.close()  # an Iterator by name, a generator in fact
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_who_waits_is_told_what_is_going_on() -> None:
    stage = Stage([case("a")])
    stage.play(replace(PLAN, rounds=2))
    said = [line.rpartition(": ")[2] for line in stage.told]
    assert said == ["warming up", "round 1", "round 2, 10.0 ms ±0.0%"], "with the median so far"
    assert all(line.startswith(case("a").label) for line in stage.told)


def sizes(need: Mapping[str, int], available: int, device: str = "cpu") -> list[list[str]]:
    cases = [case(name, device) for name in need]
    return [[c.model for c in group] for group in groups(cases, lambda c: need[c.model], available)]


def test_no_more_than_a_few_arms_are_interleaved() -> None:
    many = dict.fromkeys("abcdefghij", 1)
    assert sizes(many, 100) == [list("abcd"), list("efgh"), list("ij")]
    assert GROUP == 4


def test_a_group_fits_into_memory() -> None:
    assert sizes({"a": 5, "b": 5, "c": 1, "d": 9, "e": 2}, 10) == [["a", "b"], ["c", "d"], ["e"]]


def test_an_arm_that_fits_nowhere_is_tried_alone() -> None:
    assert sizes({"a": 1, "b": 99, "c": 1}, 10) == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("device", ["cuda:0", "mps"])
def test_a_gpu_belongs_to_one_arm_at_a_time(device: str) -> None:
    assert sizes(dict.fromkeys("abc", 1), 100, device) == [["a"], ["b"], ["c"]]


@LAW
@given(st.lists(st.integers(1, 20), max_size=12), st.integers(1, 40))
def test_groups_are_the_arms_in_their_order(needs: list[int], available: int) -> None:
    named = {f"{i}": need for i, need in enumerate(needs)}
    found = sizes(named, available)
    assert [name for group in found for name in group] == list(named)
    for group in found:
        assert 1 <= len(group) <= GROUP
        assert len(group) == 1 or sum(named[name] for name in group) <= available
