"""A case in each of its states, and what is left of it when its worker is lost or Ctrl-C comes."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from fake_workers import PLAN, Fails, FakeBenchmark, FakeWorker, case, extras_of, three
from raw_results import FINISHED

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import (
    Extra,
    Lost,
    WorkerLost,
)
from resnet_inspect.benchmark.schedule import EXTRAS, Player, RawResult, State

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


def player_of(fails: Fails | None = None, extras: tuple[Extra, ...] = (), **changes: Any) -> Player:
    stage = FakeBenchmark([case("a", **changes)], a={"fails": fails or {}})
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


@pytest.mark.parametrize(("rounds", "kept"), [(0, False), (1, True), (2, True)])
def test_ctrl_c_keeps_a_case_that_has_a_whole_round(rounds: int, kept: bool) -> None:
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


@pytest.mark.parametrize("number", [1, 2, 4, PLAN.rounds + 2])
def test_ctrl_c_keeps_every_whole_round_of_the_cases_in_play(number: int) -> None:
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
    assert sorted(raw.case.model for raw in raw_results) == [model for model in "abc" if played[model]]
    for raw in raw_results:
        assert (raw.status, raw.stopped, raw.finished) == ("ok", "interrupted", FINISHED)
        assert len(raw.rounds) == played[raw.case.model]
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_ctrl_c_during_a_call_that_hangs_keeps_the_rounds_of_its_case_and_asks_it_last() -> None:
    hangs = {("round", 3): KeyboardInterrupt(), ("finish", 1): WorkerLost("timeout", "no answer")}
    stage = three(b={"fails": hangs})
    raw_results: list[RawResult] = []
    with pytest.raises(KeyboardInterrupt):
        raw_results.extend(stage.conduct())
    assert [model for model, name in stage.log if name == "finish"][-1] == "b"
    by_model = {raw.case.model: raw for raw in raw_results}
    assert (by_model["b"].status, by_model["b"].stopped, by_model["b"].finished) == ("ok", "interrupted", None)
    assert len(by_model["b"].rounds) == 2
    assert {by_model[model].finished for model in "ac"} == {FINISHED}


def test_ctrl_c_over_an_extra_leaves_the_rounds_as_they_ended() -> None:
    stage = FakeBenchmark([case("a")], a={"fails": {("stage", 1): KeyboardInterrupt()}})
    raw_results: list[RawResult] = []
    with pytest.raises(KeyboardInterrupt):
        raw_results.extend(stage.conduct(extras=("stage",)))
    assert [(raw.stopped, extras_of(raw)) for raw in raw_results] == [("precise", {})]
    assert [name for _, name in stage.log].count("finish") == 1


def test_ctrl_c_asks_for_no_phases_of_a_worker_that_may_be_cold() -> None:
    stage = FakeBenchmark([case("a", task="train")], a={"fails": {("round", 4): KeyboardInterrupt()}})
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
