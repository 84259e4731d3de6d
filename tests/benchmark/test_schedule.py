"""Whole benchmarks played with fake workers: the order, the answers, the extras, and when a case ends."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from fake_workers import ANSWERS, PLAN, STEP, A, FakeBenchmark, FakeWorker, case, extras_of, three
from raw_results import FINISHED, MEMORY, PREPARED, WARMED_UP

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import (
    Request,
    Unavailable,
    WarmedUp,
    WorkerLost,
)
from resnet_inspect.benchmark.plan import Plan, plan_for
from resnet_inspect.benchmark.schedule import RawResult, conduct
from resnet_inspect.benchmark.stopping import Stop


def test_every_case_is_prepared_once_and_played_once_a_round() -> None:
    stage = three()
    raw_results = stage.play()
    assert {raw.status for raw in raw_results.values()} == {"ok"}
    assert {raw.stopped for raw in raw_results.values()} == {"precise"}
    for start in range(0, 3 * PLAN.rounds, 3):
        assert sorted(stage.rounds[start : start + 3]) == ["a", "b", "c"]
    assert len(stage.rounds) == 3 * PLAN.rounds
    for worker in stage.workers.values():
        assert worker.asked == {"prepare": 1, "warm-up": 1, "memory": 1, "round": PLAN.rounds, "finish": 1}
        assert worker.closed == 1


def test_all_are_warm_before_the_first_round() -> None:
    stage = three()
    stage.play()
    first = [name for _, name in stage.log].index("round")
    assert [name for _, name in stage.log[:first]] == ["prepare", "warm-up", "memory"] * 3


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


def test_every_answer_of_a_worker_is_kept() -> None:
    raw = FakeBenchmark([case("a")]).play(replace(PLAN, rounds=3))["a"]
    assert (raw.prepared, raw.warmed_up, raw.memory, raw.finished) == (PREPARED, WARMED_UP, MEMORY, FINISHED)
    assert raw.latency_ms == [(10.0,) * 10] * 3
    assert [(samples.block_calls, samples.block_ms) for samples in raw.rounds] == [(6, 60.0)] * 3


def test_a_cpu_has_no_times_of_a_device_and_cuda_has() -> None:
    raw_results = FakeBenchmark([case("a"), case("b", "cuda:0")]).play()
    assert (raw_results["a"].device_time_ms, raw_results["a"].enqueue_ms) == ([], [])
    assert raw_results["b"].device_time_ms == [(9.0,) * 10] * PLAN.rounds
    assert raw_results["b"].enqueue_ms == [(1.0,) * 10] * PLAN.rounds


def test_only_a_training_step_has_phases() -> None:
    raw_results = FakeBenchmark([case("a"), case("b", task="train")]).play()
    assert raw_results["a"].phases is None
    assert raw_results["b"].phases == STEP


def test_extras_come_last_and_only_where_they_are_asked_for() -> None:
    stage = three()
    raw_results = stage.play(extras=("stage", "layer", "energy"))
    for name in "abc":
        assert extras_of(raw_results[name]) == {extra: ANSWERS[extra] for extra in ("stage", "layer", "energy")}
        assert raw_results[name].unavailable == {}
    assert [name for model, name in stage.log if model == "a"][-4:] == ["finish", "stage", "layer", "energy"]
    assert [extras_of(raw) for raw in three().play().values()] == [{}] * 3


def test_ceilings_are_measured_before_the_rounds_and_after_them() -> None:
    stage = three()
    raw_results = stage.play(extras=("ceilings",))
    for name in "abc":
        asked = [request for model, request in stage.log if model == name]
        assert asked[:4] == ["prepare", "warm-up", "memory", "ceilings"]
        assert asked[-2:] == ["finish", "ceilings"]
        before, after = raw_results[name].ceilings_before, raw_results[name].ceilings_after
        assert before is not None
        assert after is not None
        assert (before.flop_per_s, after.flop_per_s) == (1.0, 2.0)


def test_an_extra_that_is_unavailable_says_why_and_costs_nothing_else() -> None:
    stage = three(b={"fails": {("stage", 1): Unavailable("no marks here"), ("ceilings", 1): Unavailable("no room")}})
    raw = stage.play(extras=("stage", "layer", "ceilings"))["b"]
    assert (raw.status, raw.unavailable) == ("ok", {"stage": "no marks here"})
    assert (raw.stage, raw.layer, raw.ceilings_before) == (None, ANSWERS["layer"], None)
    assert raw.ceilings_after is not None


def test_a_worker_that_is_lost_over_an_extra_has_given_its_measurement() -> None:
    stage = three(b={"fails": {("stage", 1): WorkerLost("oom", "no more")}})
    stage.cases[1] = replace(stage.cases[1], task="train")
    raw_results = stage.play(extras=("stage",))
    assert (raw_results["b"].status, raw_results["b"].stopped) == ("ok", "precise")
    assert raw_results["b"].unavailable == {"stage": "oom: no more"}


def test_phases_that_are_not_told_cost_no_samples() -> None:
    """Ten steps of a minute each are longer than a worker may be silent."""
    stage = three(b={"fails": {("phases", 1): WorkerLost("timeout", "no answer")}})
    stage.cases[1] = replace(stage.cases[1], task="train")
    lost = stage.play()["b"]
    assert (lost.status, len(lost.rounds), lost.unavailable) == ("ok", PLAN.rounds, {"phases": "timeout: no answer"})
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_a_case_that_failed_is_asked_for_nothing_more() -> None:
    stage = three(b={"fails": {("finish", 1): WorkerLost("crashed")}})
    assert extras_of(stage.play(extras=("stage",))["b"]) == {}
    assert ("b", "stage") not in stage.log


def test_a_case_that_needs_more_rounds_gets_them_alone() -> None:
    def restless(number: int) -> list[float]:
        return [10.0 if number <= 8 and number % 2 else 20.0] * 4

    stage = three(b={"latency": restless})
    raw_results = stage.play(replace(PLAN, max_time_s=1e9))
    assert len(raw_results["a"].rounds) == len(raw_results["c"].rounds) == PLAN.rounds
    assert len(raw_results["b"].rounds) > PLAN.rounds
    assert set(stage.rounds[3 * PLAN.rounds :]) == {"b"}
    assert list(raw_results)[-1] == "b", "a case that is done is told at once"


def test_every_reason_ends_a_case() -> None:
    def wild(number: int) -> list[float]:
        centre = 10 * (1 + random.Random(number).gauss(0, 0.01 if number <= 10 else 0.5))
        return [centre] * 20

    def stopped(plan: Plan) -> str | None:
        return FakeBenchmark([case("a")], a={"latency": wild}).play(plan)["a"].stopped

    assert stopped(replace(PLAN, precise_within=1.0)) == "precise"
    assert stopped(replace(PLAN, precise_within=0.0, max_time_s=0.1)) == "time"
    assert stopped(replace(PLAN, precise_within=0.0, max_time_s=1e9)) == "noise"
    assert stopped(plan_for("cpu", quick=True)) == "quick"


def test_a_fresh_case_is_played_in_a_new_worker_every_round() -> None:
    stage, started = three(), []

    def start(c: Case) -> FakeWorker:
        started.append(FakeWorker(c, stage.log))
        return started[-1]

    stage.start = start
    raw_results = stage.play(replace(PLAN, fresh=True))
    assert {len(raw.rounds) for raw in raw_results.values()} == {PLAN.rounds}
    assert len(started) == 3 * PLAN.rounds
    assert all((worker.closed, worker.asked["warm-up"], worker.asked["round"]) == (1, 1, 1) for worker in started)
    assert sum(worker.asked["memory"] for worker in started) == sum(worker.asked["finish"] for worker in started) == 3


def test_one_worker_of_many_that_never_settled_is_told() -> None:
    stage, started = FakeBenchmark([case("a")]), []

    class Restless(FakeWorker):
        def ask(self, request: Request[A]) -> A:
            answer = super().ask(request)
            if isinstance(answer, WarmedUp):
                return replace(answer, settled=started.index(self) != 1)
            return answer

    def start(c: Case) -> FakeWorker:
        started.append(Restless(c, stage.log))
        return started[-1]

    stage.start = start
    warmed_up = stage.play(replace(PLAN, fresh=True))["a"].warmed_up
    assert warmed_up is not None
    assert not warmed_up.settled


def test_a_waiting_user_is_told_what_is_going_on() -> None:
    stage = FakeBenchmark([case("a")])
    stage.play(replace(PLAN, rounds=2))
    said = [line.rpartition(": ")[2] for line in stage.told]
    assert said == ["warming up", "round 1", "round 2, 10.0 ms ±0.0%"], "with the median so far"
    assert all(line.startswith(case("a").label) for line in stage.told)


def test_a_referee_stops_cases_after_a_round_in_place_of_the_plan() -> None:
    """It sees whole rounds of all cases, those that ended and those that were lost; the plan's rules stop nobody."""
    seen: list[dict[str, tuple[int, str]]] = []

    def referee(raws: Sequence[RawResult]) -> dict[Case, Stop]:
        seen.append({raw.case.model: (len(raw.rounds), raw.stopped or raw.status) for raw in raws})
        stops: dict[int, dict[Case, Stop]] = {2: {case("a"): "beaten"}, 9: {case("b"): "decided", case("c"): "decided"}}
        return stops.get(len(seen), {})

    stage = three(c={"fails": {("round", 4): WorkerLost("crashed")}})
    raw_results = {
        raw.case.model: raw
        for raw in conduct(stage.cases, stage.start, PLAN, random.Random(0), stage.told.append, (), referee)
    }
    assert seen[0] == {"a": (1, "ok"), "b": (1, "ok"), "c": (1, "ok")}
    assert seen[3] == {"a": (2, "beaten"), "b": (4, "ok"), "c": (3, "crashed")}
    assert [len(raw_results[name].rounds) for name in "abc"] == [2, 9, 3]
    assert [raw_results[name].stopped for name in "abc"] == ["beaten", "decided", None]
    assert raw_results["b"].finished == FINISHED
    assert [*raw_results] == ["a", "c", "b"], "a case that is beaten is told at once"
    assert {worker.closed for worker in stage.workers.values()} == {1}
