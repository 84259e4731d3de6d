"""Whole benchmarks played with fakes: workers that are scripts; nothing runs or waits."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_results import CEILINGS, FINISHED, MEMORY, PREPARED, WARMED_UP, pairs

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import (
    Energy,
    Extra,
    Lost,
    Phases,
    Request,
    RoundSamples,
    Unavailable,
    Unwatched,
    WarmedUp,
    WorkerLost,
)
from resnet_inspect.benchmark.plan import Plan, plan_for
from resnet_inspect.benchmark.schedule import EXTRAS, GROUP, Player, RawResult, State, conduct, groups

LAW = settings(deadline=None, max_examples=50)

A = TypeVar("A")
Fails = Mapping[tuple[str, int], BaseException]

PLAN = Plan()
STEP = Phases(forward_ms=4.0, backward_ms=5.0, optimizer_ms=1.0, step_ms=10.0)
ANSWERS = {
    "prepare": PREPARED,
    "warm-up": WARMED_UP,
    "memory": MEMORY,
    "finish": FINISHED,
    "phases": STEP,
    "stage": pairs((6.0, 4.0)),
    "layer": pairs((5.0, 5.0)),
    "ceilings": CEILINGS,
    "energy": Energy(j_per_image=0.05, net_j_per_image=0.04, idle_w=75.0, busy_w=375.0, window_s=10.0, images=8),
}


def case(model: str = "resnet50", device: str = "cpu", **changes: Any) -> Case:
    return replace(Case(model, device, 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1), **changes)


def quiet(number: int) -> list[float]:
    """Every call of a round takes 10 ms."""
    return [10.0] * 10


class FakeWorker:
    """Answers as a worker does. ``fails`` says which request (and its number, from 1) raises what in place of it."""

    def __init__(
        self,
        case: Case,
        log: list[tuple[str, str]],
        fails: Fails | None = None,
        latency: Callable[[int], list[float]] = quiet,
    ) -> None:
        self.case, self.log, self.fails, self.latency = case, log, fails or {}, latency
        self.asked: Counter[str] = Counter()
        self.gone = False
        self.closed = 0

    def ask(self, request: Request[A]) -> A:
        assert not self.gone, "a lost worker is not asked again"
        assert not self.closed
        name = request.name
        self.log.append((self.case.model, name))
        self.asked[name] += 1
        error = self.fails.get((name, self.asked[name]))
        if error is not None:
            self.gone = isinstance(error, WorkerLost)
            raise error
        answer = self.round() if name == "round" else ANSWERS[name]
        if name == "ceilings":  # each measurement is another
            answer = replace(CEILINGS, flop_per_s=float(self.asked[name]))
        assert isinstance(answer, request.answer)
        return answer

    def round(self) -> RoundSamples:
        latency_ms = tuple(self.latency(self.asked["round"]))
        on_cuda = self.case.kind == "cuda"
        return RoundSamples(
            latency_ms=latency_ms,
            block_calls=6,
            block_ms=60.0,
            state=Unwatched(),
            device_time_ms=(9.0,) * len(latency_ms) if on_cuda else None,
            enqueue_ms=(1.0,) * len(latency_ms) if on_cuda else None,
        )

    def close(self) -> None:
        self.closed += 1


class Stage:
    """A benchmark of fakes: what each was asked, in order, and the workers themselves."""

    def __init__(self, cases: list[Case], **of_model: Any) -> None:
        self.cases, self.of_model = cases, of_model
        self.log: list[tuple[str, str]] = []
        self.told: list[str] = []
        self.workers: dict[str, FakeWorker] = {}

    def start(self, case: Case) -> FakeWorker:
        worker = FakeWorker(case, self.log, **self.of_model.get(case.model, {}))
        self.workers[case.model] = worker
        return worker

    def conduct(self, plan: Plan = PLAN, seed: int = 0, extras: tuple[Extra, ...] = ()) -> Iterator[RawResult]:
        return conduct(self.cases, self.start, plan, random.Random(seed), self.told.append, extras)

    def play(self, plan: Plan = PLAN, seed: int = 0, extras: tuple[Extra, ...] = ()) -> dict[str, RawResult]:
        return {raw.case.model: raw for raw in self.conduct(plan, seed, extras)}

    @property
    def rounds(self) -> list[str]:
        """The models in the order they were played in."""
        return [model for model, name in self.log if name == "round"]


def three(**of_model: Any) -> Stage:
    return Stage([case("a"), case("b"), case("c")], **of_model)


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
    raw = Stage([case("a")]).play(replace(PLAN, rounds=3))["a"]
    assert (raw.prepared, raw.warmed_up, raw.memory, raw.finished) == (PREPARED, WARMED_UP, MEMORY, FINISHED)
    assert raw.latency_ms == [(10.0,) * 10] * 3
    assert [(samples.block_calls, samples.block_ms) for samples in raw.rounds] == [(6, 60.0)] * 3


def test_a_cpu_has_no_times_of_a_device_and_cuda_has() -> None:
    raw_results = Stage([case("a"), case("b", "cuda:0")]).play()
    assert (raw_results["a"].device_time_ms, raw_results["a"].enqueue_ms) == ([], [])
    assert raw_results["b"].device_time_ms == [(9.0,) * 10] * PLAN.rounds
    assert raw_results["b"].enqueue_ms == [(1.0,) * 10] * PLAN.rounds


def test_only_a_training_step_has_phases() -> None:
    raw_results = Stage([case("a"), case("b", task="train")]).play()
    assert raw_results["a"].phases is None
    assert raw_results["b"].phases == STEP


def extras_of(raw: RawResult) -> dict[str, object]:
    """What was measured besides the rounds."""
    fields = ("phases", "stage", "layer", "energy", "ceilings_before", "ceilings_after")
    return {name: value for name in fields if (value := getattr(raw, name)) is not None}


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


# A request, its number, how the worker is lost over it, and the state that the case is in.
LOSSES: list[tuple[str, int, Lost, State]] = [
    ("prepare", 1, "oom", State.STARTED),
    ("prepare", 1, "crashed", State.STARTED),
    ("warm-up", 1, "timeout", State.STARTED),
    ("memory", 1, "oom", State.STARTED),
    ("round", 1, "timeout", State.SAMPLING),
    ("round", 2, "crashed", State.SAMPLING),
    ("finish", 1, "crashed", State.SAMPLED),
]


def test_every_reason_ends_a_case() -> None:
    def wild(number: int) -> list[float]:
        centre = 10 * (1 + random.Random(number).gauss(0, 0.01 if number <= 10 else 0.5))
        return [centre] * 20

    def stopped(plan: Plan) -> str | None:
        return Stage([case("a")], a={"latency": wild}).play(plan)["a"].stopped

    assert stopped(replace(PLAN, precise_within=1.0)) == "precise"
    assert stopped(replace(PLAN, precise_within=0.0, max_time_s=0.1)) == "time"
    assert stopped(replace(PLAN, precise_within=0.0, max_time_s=1e9)) == "noise"
    assert stopped(plan_for("cpu", quick=True)) == "quick"


@pytest.mark.parametrize(("request_name", "number", "status", "state"), LOSSES)
def test_a_lost_worker_ends_its_own_case_alone(request_name: str, number: int, status: Lost, state: State) -> None:
    stage = three(b={"fails": {(request_name, number): WorkerLost(status, "as the test says")}})
    stage.cases = [replace(c, task="train") for c in stage.cases]
    raw_results = stage.play()
    assert set(raw_results) == {"a", "b", "c"}
    assert (raw_results["b"].status, raw_results["b"].detail) == (status, "as the test says")
    for other in ("a", "c"):
        assert (raw_results[other].status, len(raw_results[other].rounds)) == ("ok", PLAN.rounds)
    assert {worker.closed for worker in stage.workers.values()} == {1}


def player_of(fails: Fails | None = None, extras: tuple[Extra, ...] = (), **changes: Any) -> Player:
    stage = Stage([case("a", **changes)], a={"fails": fails or {}})
    return Player(stage.cases[0], stage.start, PLAN, stage.told.append, extras)


def advance(player: Player, until: State) -> list[State]:
    """Step the case until it is in that state, or done; the states it went through."""
    seen = [player.state]
    while player.state not in (until, State.DONE):
        match player.state:
            case State.STARTED:
                player.prepare()
            case State.SAMPLING:
                player.play_round(len(player.raw.rounds) + 1)
            case State.SAMPLED:
                player.finish()
        seen.append(player.state)
    return list(dict.fromkeys(seen))


def test_a_case_goes_through_every_state() -> None:
    player = player_of()
    assert advance(player, State.DONE) == [*State]
    assert (player.raw.status, player.raw.stopped) == ("ok", "precise")


def test_every_state_has_a_request_over_which_its_worker_may_be_lost() -> None:
    assert {state for *_, state in LOSSES} == {*State} - {State.DONE}


@pytest.mark.parametrize(("request_name", "number", "status", "state"), LOSSES)
def test_a_worker_lost_in_any_state_ends_its_case(request_name: str, number: int, status: Lost, state: State) -> None:
    player = player_of({(request_name, number): WorkerLost(status, "as the test says")})
    assert advance(player, state)[-1] is state
    assert player.raw.status == "ok"
    assert advance(player, State.DONE)[-2:] == [state, State.DONE]
    assert (player.raw.status, player.raw.detail) == (status, "as the test says")


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_worker_lost_over_an_extra_ends_its_case_well(extra: Extra) -> None:
    number = 2 if extra == "ceilings" else 1  # after the rounds
    player = player_of({(EXTRAS[extra][1].name, number): WorkerLost("crashed", "late")}, (extra,))
    assert advance(player, State.DONE) == [*State]
    assert (player.raw.status, player.raw.unavailable) == ("ok", {extra: "crashed: late"})


@pytest.mark.parametrize(("state", "kept"), [(State.STARTED, False), (State.SAMPLED, True), (State.DONE, True)])
def test_ctrl_c_ends_a_case_in_any_state_and_keeps_one_with_rounds(state: State, kept: bool) -> None:
    player = player_of()
    advance(player, state)
    assert player.interrupt() is kept
    assert player.state is State.DONE


@pytest.mark.parametrize(("rounds", "kept"), [(0, False), (1, False), (2, True)])
def test_ctrl_c_keeps_a_case_that_is_sampled_from_two_rounds_on(rounds: int, kept: bool) -> None:
    player = player_of()
    advance(player, State.SAMPLING)
    for number in range(rounds):
        player.play_round(number + 1)
    assert player.interrupt() is kept
    assert player.raw.stopped == ("interrupted" if kept else None)


def test_when_all_are_lost_the_benchmark_ends() -> None:
    lost = {"fails": {("round", 1): WorkerLost("crashed")}}
    raw_results = three(a=lost, b=lost, c={"fails": {("prepare", 1): WorkerLost("oom")}}).play()
    assert {name: raw.status for name, raw in raw_results.items()} == {"a": "crashed", "b": "crashed", "c": "oom"}


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
    stage, started = Stage([case("a")]), []

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


@pytest.mark.parametrize("request_name", ["prepare", "warm-up", "round"])
def test_a_new_worker_that_is_lost_ends_its_own_case_alone(request_name: str) -> None:
    stage, started = three(), []

    def start(c: Case) -> FakeWorker:
        fails = {(request_name, 1): WorkerLost("oom")} if c.model == "b" and len(started) > 5 else {}
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


@pytest.mark.parametrize(("request_name", "number"), [("prepare", 1), ("memory", 1), ("round", 2), ("finish", 1)])
def test_ctrl_c_leaves_no_worker_behind(request_name: str, number: int) -> None:
    stage = three(b={"fails": {(request_name, number): KeyboardInterrupt()}})
    with pytest.raises(KeyboardInterrupt):
        stage.play()
    assert "b" in stage.workers
    assert {worker.closed for worker in stage.workers.values()} == {1}


@pytest.mark.parametrize("number", [2, 4, PLAN.rounds + 2])
def test_ctrl_c_keeps_the_cases_in_play_that_have_two_rounds(number: int) -> None:
    def wild(number: int) -> list[float]:
        return [10.0 + number % 3] * 4

    stage = three(a={"latency": wild}, b={"latency": wild}, c={"latency": wild})
    stage.of_model["b"]["fails"] = {("round", number): KeyboardInterrupt()}
    raw_results: list[RawResult] = []
    with pytest.raises(KeyboardInterrupt):
        raw_results.extend(stage.conduct(replace(PLAN, max_time_s=1e9)))
    played = Counter(stage.rounds)
    played["b"] -= 1  # the round that Ctrl-C cut short
    assert played["b"] == number - 1
    assert sorted(raw.case.model for raw in raw_results) == [model for model in "abc" if played[model] >= 2]
    for raw in raw_results:
        assert (raw.status, raw.stopped, raw.finished) == ("ok", "interrupted", FINISHED)
        assert len(raw.rounds) >= 2
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_ctrl_c_over_an_extra_leaves_the_rounds_as_they_ended() -> None:
    stage = Stage([case("a")], a={"fails": {("stage", 1): KeyboardInterrupt()}})
    raw_results: list[RawResult] = []
    with pytest.raises(KeyboardInterrupt):
        raw_results.extend(stage.conduct(extras=("stage",)))
    assert [(raw.stopped, extras_of(raw)) for raw in raw_results] == [("precise", {})]
    assert [name for _, name in stage.log].count("finish") == 1


def test_ctrl_c_asks_for_no_phases_of_a_worker_that_may_be_cold() -> None:
    stage = Stage([case("a", task="train")], a={"fails": {("round", 4): KeyboardInterrupt()}})
    raw_results: list[RawResult] = []
    with pytest.raises(KeyboardInterrupt):
        raw_results.extend(stage.conduct())
    assert [(raw.stopped, extras_of(raw)) for raw in raw_results] == [("interrupted", {})]


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


def test_a_caller_that_stops_listening_leaves_no_worker_behind() -> None:
    stage = three(a={"fails": {("round", 1): WorkerLost("crashed")}})
    raw_results = stage.conduct()
    next(raw_results)
    raw_results.close()  # an Iterator by name, a generator in fact
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_a_waiting_user_is_told_what_is_going_on() -> None:
    stage = Stage([case("a")])
    stage.play(replace(PLAN, rounds=2))
    said = [line.rpartition(": ")[2] for line in stage.told]
    assert said == ["warming up", "round 1", "round 2, 10.0 ms ±0.0%"], "with the median so far"
    assert all(line.startswith(case("a").label) for line in stage.told)


def sizes(need: Mapping[str, int], available: int, device: str = "cpu") -> list[list[str]]:
    cases = [case(name, device) for name in need]
    return [[c.model for c in group] for group in groups(cases, lambda c: need[c.model], available)]


def test_only_a_few_cases_are_interleaved() -> None:
    many = dict.fromkeys("abcdefghij", 1)
    assert sizes(many, 100) == [list("abcd"), list("efgh"), list("ij")]
    assert GROUP == 4


def test_a_group_fits_into_memory() -> None:
    assert sizes({"a": 5, "b": 5, "c": 1, "d": 9, "e": 2}, 10) == [["a", "b"], ["c", "d"], ["e"]]


def test_a_case_that_fits_nowhere_is_tried_alone() -> None:
    assert sizes({"a": 1, "b": 99, "c": 1}, 10) == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("device", ["cuda:0", "mps"])
def test_a_gpu_belongs_to_one_case_at_a_time(device: str) -> None:
    assert sizes(dict.fromkeys("abc", 1), 100, device) == [["a"], ["b"], ["c"]]


@LAW
@given(st.lists(st.integers(1, 20), max_size=12), st.integers(1, 40))
def test_groups_are_the_cases_in_their_order(needs: list[int], available: int) -> None:
    named = {f"{i}": need for i, need in enumerate(needs)}
    found = sizes(named, available)
    assert [name for group in found for name in group] == list(named)
    for group in found:
        assert 1 <= len(group) <= GROUP
        assert len(group) == 1 or sum(named[name] for name in group) <= available
