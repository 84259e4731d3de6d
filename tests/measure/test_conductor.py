"""Whole benchmarks played with fakes: workers that are scripts, clocks that a call moves; nothing runs or waits."""

import gc
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_inspect.measure import sampling
from resnet_inspect.measure.conductor import GROUP, Take, WorkerLost, conduct, groups
from resnet_inspect.measure.config import Config
from resnet_inspect.measure.protocol import Protocol, protocol_for, reason_to_stop, settled

LAW = settings(deadline=None, max_examples=50)

PLAN = Protocol()
NOISY_PLAN = replace(PLAN, precise_within=0.0, max_time_s=1e9)  # nothing but noise ends an arm


def config(model: str = "resnet50", device: str = "cpu", **changes: Any) -> Config:
    return replace(Config(model, device, 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1), **changes)


def quiet(number: int, at_least: int) -> list[float]:
    """Every call of a round takes 10 ms."""
    return [10.0] * at_least


class FakeWorker:
    """Answers as a worker does. ``fails`` says which request (and its number, from 1) raises what in place of it."""

    def __init__(
        self,
        config: Config,
        log: list[tuple[str, str]],
        fails: Mapping[tuple[str, int], BaseException] | None = None,
        latency: Callable[[int, int], list[float]] = quiet,
    ) -> None:
        self.config, self.log, self.fails, self.latency = config, log, fails or {}, latency
        self.asked: Counter[str] = Counter()
        self.requests: list[Mapping[str, Any]] = []
        self.gone = False
        self.closed = 0

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert not self.gone, "who is lost is not asked again"
        assert not self.closed
        do = request["do"]
        self.log.append((self.config.model, do))
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
                if self.config.device.startswith("cuda"):
                    answer |= {"device_time": [9.0] * len(latency), "enqueue": [1.0] * len(latency)}
                return answer
            case "phases":
                return {"forward_ms": 4.0, "backward_ms": 5.0, "optimizer_ms": 1.0, "step_ms": 10.0}
            case "after":
                return {"graphs": 0}
            case _:
                raise AssertionError(do)

    def close(self) -> None:
        self.closed += 1


class Stage:
    """A benchmark of fakes: what each was told to do, in order, and the workers themselves."""

    def __init__(self, configs: list[Config], **of_model: Any) -> None:
        self.configs, self.of_model = configs, of_model
        self.log: list[tuple[str, str]] = []
        self.told: list[str] = []
        self.workers: dict[str, FakeWorker] = {}

    def start(self, config: Config) -> FakeWorker:
        worker = FakeWorker(config, self.log, **self.of_model.get(config.model, {}))
        self.workers[config.model] = worker
        return worker

    def conduct(self, plan: Protocol = PLAN, seed: int = 0) -> Iterator[Take]:
        return conduct(self.configs, self.start, plan, random.Random(seed), self.told.append)

    def play(self, plan: Protocol = PLAN, seed: int = 0) -> dict[str, Take]:
        return {take.config.model: take for take in self.conduct(plan, seed)}

    @property
    def rounds(self) -> list[str]:
        """The models in the order they were played in."""
        return [model for model, do in self.log if do == "round"]


def three(**of_model: Any) -> Stage:
    return Stage([config("a"), config("b"), config("c")], **of_model)


# conduct


def test_every_arm_is_prepared_once_and_played_once_a_round() -> None:
    stage = three()
    takes = stage.play()
    assert {take.status for take in takes.values()} == {"ok"}
    assert {take.stopped for take in takes.values()} == {"precise"}
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
    stage = Stage([config("a")])
    take = stage.play(plan)["a"]
    rounds = [request for request in stage.workers["a"].requests if request["do"] == "round"]
    assert rounds == [{"do": "round", "seconds": 0.3, "at_least": 7, "rewarm": 0.1}] * 3, "20 of 3 rounds are 7 each"
    assert (take.latency, take.blocks) == ([[10.0] * 7] * 3, [(6, 60.0)] * 3)
    assert (take.prepared, take.warm["settled"]) == ({"captured_ms": None}, True)
    assert (take.memory, take.after) == ({"requested_bytes": 4096}, {"graphs": 0})


def test_a_cpu_has_no_times_of_a_device_and_cuda_has() -> None:
    takes = Stage([config("a"), config("b", "cuda:0")]).play()
    assert (takes["a"].device_time, takes["a"].enqueue) == ([], [])
    assert takes["b"].device_time == [[9.0] * 4] * PLAN.rounds
    assert takes["b"].enqueue == [[1.0] * 4] * PLAN.rounds


def test_only_a_training_step_has_phases() -> None:
    takes = Stage([config("a"), config("b", task="train")]).play()
    assert takes["a"].phases is None
    assert takes["b"].phases is not None
    assert takes["b"].phases["step_ms"] == 10.0


def test_an_arm_that_needs_more_rounds_gets_them_alone() -> None:
    def restless(number: int, at_least: int) -> list[float]:
        return [10.0 if number <= 8 and number % 2 else 20.0] * at_least

    stage = three(b={"latency": restless})
    takes = stage.play(replace(PLAN, max_time_s=1e9))
    assert len(takes["a"].latency) == len(takes["c"].latency) == PLAN.rounds
    assert len(takes["b"].latency) > PLAN.rounds
    assert set(stage.rounds[3 * PLAN.rounds :]) == {"b"}
    assert list(takes)[-1] == "b", "who is done is told at once"


LOSSES = [
    ("prepare", 1, "oom"),
    ("prepare", 1, "crashed"),
    ("warm", 1, "timeout"),
    ("memory", 1, "oom"),
    ("round", 1, "timeout"),
    ("round", 2, "crashed"),
    ("phases", 1, "crashed"),
    ("after", 1, "crashed"),
]


@pytest.mark.parametrize(("do", "number", "status"), LOSSES)
def test_a_lost_worker_ends_its_own_arm_alone(do: str, number: int, status: str) -> None:
    stage = three(b={"fails": {(do, number): WorkerLost(status, "as the test says")}})
    stage.configs = [replace(c, task="train") for c in stage.configs]
    takes = stage.play()
    assert set(takes) == {"a", "b", "c"}
    assert (takes["b"].status, takes["b"].detail) == (status, "as the test says")
    for other in ("a", "c"):
        assert (takes[other].status, len(takes[other].latency)) == ("ok", PLAN.rounds)
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_when_all_are_lost_the_benchmark_ends() -> None:
    lost = {"fails": {("round", 1): WorkerLost("crashed")}}
    takes = three(a=lost, b=lost, c={"fails": {("prepare", 1): WorkerLost("oom")}}).play()
    assert {name: take.status for name, take in takes.items()} == {"a": "crashed", "b": "crashed", "c": "oom"}


def test_what_was_prepared_in_vain_is_told_before_anything_is_measured() -> None:
    stage = three(b={"fails": {("prepare", 1): WorkerLost("oom")}})
    first = next(iter(stage.conduct()))
    assert (first.config.model, first.status) == ("b", "oom")
    assert stage.rounds == []


@pytest.mark.parametrize(("do", "number"), [("prepare", 1), ("memory", 1), ("round", 2), ("after", 1)])
def test_ctrl_c_leaves_no_worker_behind(do: str, number: int) -> None:
    stage = three(b={"fails": {(do, number): KeyboardInterrupt()}})
    with pytest.raises(KeyboardInterrupt):
        stage.play()
    assert "b" in stage.workers
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_a_worker_that_is_gone_when_it_is_closed_keeps_none_of_the_others_open() -> None:
    stage = three(b={"fails": {("round", 2): KeyboardInterrupt()}})

    class Stubborn(FakeWorker):
        def close(self) -> None:
            super().close()
            raise WorkerLost("crashed")

    stage.start = lambda c: stage.workers.setdefault(  # type: ignore[method-assign]
        c.model, Stubborn(c, stage.log, **stage.of_model.get(c.model, {}))
    )
    with pytest.raises(KeyboardInterrupt):
        stage.play()
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_who_stops_listening_leaves_no_worker_behind() -> None:
    stage = three(a={"fails": {("round", 1): WorkerLost("crashed")}})
    takes = stage.conduct()
    next(takes)
    takes.close()  # type: ignore[attr-defined]  # an Iterator by name, a generator in fact
    assert {worker.closed for worker in stage.workers.values()} == {1}


def test_who_waits_is_told_what_is_going_on() -> None:
    stage = Stage([config("a")])
    stage.play(replace(PLAN, rounds=2))
    assert [line.rpartition(": ")[2] for line in stage.told] == ["warming up", "round 1", "round 2"]
    assert all(line.startswith(config("a").label) for line in stage.told)


# groups


def sizes(need: Mapping[str, int], available: int, device: str = "cpu") -> list[list[str]]:
    configs = [config(name, device) for name in need]
    return [[c.model for c in group] for group in groups(configs, lambda c: need[c.model], available)]


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


# when to stop


def noise(rounds: int, each: int, sd: float = 0.0, shift: float = 0.0, seed: int = 1) -> list[list[float]]:
    """Rounds round 10 ms; ``sd`` and that from round to round, ``shift``, are relative."""
    rng = random.Random(seed)
    centres = [10 * (1 + rng.gauss(0, shift)) for _ in range(rounds)]
    return [[centre * (1 + rng.gauss(0, sd)) for _ in range(each)] for centre in centres]


def test_what_is_precise_is_enough() -> None:
    assert reason_to_stop(noise(5, 20, sd=0.02), PLAN) == "precise"
    assert reason_to_stop(noise(5, 20, sd=0.2), PLAN) is None
    assert reason_to_stop(noise(5, 20, sd=0.2), replace(PLAN, precise_within=0.3)) == "precise"


def test_however_precise_there_are_rounds_and_samples_enough() -> None:
    assert reason_to_stop(noise(4, 20), PLAN) is None
    assert reason_to_stop(noise(5, 3), PLAN) is None
    assert reason_to_stop(noise(5, 4), PLAN) == "precise"


def test_time_is_up_when_the_samples_add_up_to_it() -> None:
    rounds = noise(5, 20, sd=0.2)
    seconds = sum(map(sum, rounds)) / 1e3
    assert reason_to_stop(rounds, replace(PLAN, max_time_s=seconds * 1.001)) is None
    assert reason_to_stop(rounds, replace(PLAN, max_time_s=seconds * 0.999)) == "time"
    assert reason_to_stop(rounds[:4], replace(PLAN, max_time_s=0.0)) is None, "but not before there are rounds enough"


def test_noise_is_what_more_rounds_do_not_narrow() -> None:
    calm, wild = noise(10, 20, shift=0.05), noise(10, 20, shift=0.5, seed=2)
    assert reason_to_stop(calm + wild, NOISY_PLAN) == "noise"
    assert reason_to_stop((calm + wild)[:-1], NOISY_PLAN) is None, "not before four times the rounds"
    assert reason_to_stop(wild + calm, NOISY_PLAN) is None, "and not while it narrows"


def test_a_quick_look_ends_after_its_rounds() -> None:
    plan = protocol_for("cpu", quick=True)
    assert plan.quick
    assert reason_to_stop(noise(2, 20, sd=0.5), plan) == "quick"
    assert reason_to_stop(noise(1, 20, sd=0.5), plan) is None


def test_every_reason_ends_an_arm() -> None:
    def wild(number: int, at_least: int) -> list[float]:
        return noise(1, 20, shift=0.01 if number <= 10 else 0.5, seed=number)[0]

    def stopped(plan: Protocol) -> str | None:
        return Stage([config("a")], a={"latency": wild}).play(plan)["a"].stopped

    assert stopped(replace(PLAN, precise_within=1.0)) == "precise"
    assert stopped(replace(PLAN, precise_within=0.0, max_time_s=0.1)) == "time"
    assert stopped(replace(PLAN, precise_within=0.0, max_time_s=1e9)) == "noise"
    assert stopped(protocol_for("cpu", quick=True)) == "quick"


def test_a_kind_of_device_and_options_change_the_plan() -> None:
    assert protocol_for("cpu") == Protocol()
    assert protocol_for("cuda:0").precise_within < protocol_for("cpu").precise_within
    assert protocol_for("cpu", min_time_s=10).min_round_s == 10 / Protocol().rounds
    assert protocol_for("cpu", quick=True, min_time_s=1).min_round_s == 0.5
    assert protocol_for("cpu", quick=True, max_time_s=7, seed=3).max_time_s == 7


# warm-up


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([100.0] * 20, True),
        ([100.0] * 19, False),  # not two windows
        ([20.0] * 20, False),  # 0.4 s
        ([100.0] * 10 + [100.9] * 10, True),
        ([100.0] * 10 + [101.1] * 10, False),
        ([101.1] * 10 + [100.0] * 10, False),
        ([500.0] * 30 + [100.0] * 20, True),  # what was before them is past
        ([100.0] * 10 + [100.0] * 6 + [900.0] * 4, True),  # medians forgive a stall
    ],
)
def test_it_is_warm_when_two_windows_agree_in_median(calls: list[float], expected: bool) -> None:
    assert settled(calls, PLAN) is expected


def test_it_is_not_warm_before_the_calls_that_the_plan_asks_for() -> None:
    assert not settled([100.0] * 49, replace(PLAN, warmup_calls=50))
    assert settled([100.0] * 50, replace(PLAN, warmup_calls=50))


class FakeClock:
    """A clock that only calls move: the n-th takes ``ms(n)`` milliseconds, and ``finish`` five."""

    def __init__(self, ms: Callable[[int], float] = lambda n: 100.0) -> None:
        self.now, self.calls, self.finished, self.ms = 0, 0, 0, ms
        self.collecting: set[bool] = set()

    def __call__(self) -> int:
        return self.now

    def call(self) -> None:
        self.calls += 1
        self.collecting.add(gc.isenabled())
        self.now += int(self.ms(self.calls) * 1e6)

    def finish(self) -> None:
        self.finished += 1
        self.now += int(5e6)


def test_a_warm_up_ends_when_it_settles_and_tells_the_first_call_apart() -> None:
    clock = FakeClock(lambda n: 3000.0 if n == 1 else 200.0 if n <= 10 else 100.0)
    warm = sampling.warm_up(clock.call, clock, PLAN)
    assert warm.settled
    assert warm.first_ms == 3000.0
    assert warm.calls == clock.calls
    assert warm.seconds == pytest.approx(clock.now / 1e9)
    assert 21 <= warm.calls <= 30


def test_a_first_call_that_takes_all_the_time_is_followed_by_one_more() -> None:
    clock = FakeClock(lambda n: 60e3 if n == 1 else 100.0)
    warm = sampling.warm_up(clock.call, clock, PLAN)
    assert (warm.calls, warm.settled) == (2, False)


def test_a_warm_up_that_never_settles_says_so_when_its_time_is_over() -> None:
    clock = FakeClock(lambda n: 100.0 * 1.01**n)
    warm = sampling.warm_up(clock.call, clock, PLAN)
    assert not warm.settled
    assert warm.seconds >= PLAN.max_warmup_s
    assert warm.seconds - clock.ms(clock.calls) / 1e3 < PLAN.max_warmup_s, "no call begins after it"


# sampling


def test_samples_are_at_least_so_many_and_so_long() -> None:
    clock = FakeClock()
    assert sampling.sample(clock.call, clock, 0.0, 7) == [100.0] * 7
    assert sampling.sample(clock.call, clock, 1.05, 2) == [100.0] * 11
    assert sampling.sample(clock.call, clock, 1.0, 2) == [100.0] * 10


def test_a_sample_is_what_its_call_took() -> None:
    clock = FakeClock(lambda n: float(n))
    assert sampling.sample(clock.call, clock, 0.0, 4) == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(("seconds", "expected_ms", "count"), [(1.0, 100.0, 11), (0.05, 100.0, 2)])
def test_a_block_is_calls_back_to_back_and_one_end(seconds: float, expected_ms: float, count: int) -> None:
    clock = FakeClock()
    assert sampling.block(clock.call, clock.finish, clock, seconds, expected_ms) == (count, count * 100.0 + 5.0)
    assert (clock.calls, clock.finished) == (count, 1)


def test_a_block_that_was_too_short_is_taken_again_with_twice_the_calls() -> None:
    clock = FakeClock()
    assert sampling.block(clock.call, clock.finish, clock, 0.5, 1e9) == (8, 805.0)
    assert (clock.calls, clock.finished) == (2 + 4 + 8, 3)


def test_warming_again_is_one_call_or_as_long_as_asked() -> None:
    clock = FakeClock()
    sampling.rewarm(clock.call, clock, 0.0)
    assert clock.calls == 1
    sampling.rewarm(clock.call, clock, 1.0)
    assert clock.calls == 11


def test_no_garbage_is_collected_while_a_call_is_timed() -> None:
    clock = FakeClock()
    assert gc.isenabled()
    sampling.sample(clock.call, clock, 0.0, 3)
    sampling.block(clock.call, clock.finish, clock, 0.1, 100.0)
    assert clock.collecting == {False}
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_garbage_is_collected_again_after_a_call_that_failed() -> None:
    def fail() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        sampling.sample(fail, lambda: 0, 1.0, 1)
    assert gc.isenabled()
