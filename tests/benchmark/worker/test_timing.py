"""Timing by a clock that only calls move."""

import gc
from collections.abc import Callable

import pytest

from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.worker import timing

PLAN = Plan()


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
    warm = timing.warm_up(clock.call, clock, PLAN)
    assert warm.settled
    assert warm.first_ms == 3000.0
    assert warm.calls == clock.calls
    assert warm.seconds == pytest.approx(clock.now / 1e9)
    assert 21 <= warm.calls <= 30


def test_a_warm_up_lasts_as_long_as_its_plan_says() -> None:
    clock = FakeClock(lambda n: 20.0)
    assert timing.warm_up(clock.call, clock, PLAN).calls == 1 + PLAN.warmup_s / 0.020


def test_what_the_first_call_compiles_takes_nothing_from_the_time_to_settle() -> None:
    clock = FakeClock(lambda n: 60e3 if n == 1 else 100.0)
    warm = timing.warm_up(clock.call, clock, PLAN)
    assert (warm.first_ms, warm.settled) == (60e3, True)
    assert warm.calls > 20


def test_a_warm_up_that_never_settles_says_so_when_its_time_is_over() -> None:
    clock = FakeClock(lambda n: 100.0 * 1.01**n)
    warm = timing.warm_up(clock.call, clock, PLAN)
    assert not warm.settled
    assert warm.seconds >= PLAN.max_warmup_s
    assert warm.seconds - clock.ms(clock.calls) / 1e3 < PLAN.max_warmup_s, "no call begins after it"


def test_samples_are_at_least_so_many_and_so_long() -> None:
    clock = FakeClock()
    assert timing.sample(clock.call, clock, 0.0, 7) == [100.0] * 7
    assert timing.sample(clock.call, clock, 1.05, 2) == [100.0] * 11
    assert timing.sample(clock.call, clock, 1.0, 2) == [100.0] * 10


def test_a_sample_is_what_its_call_took() -> None:
    clock = FakeClock(lambda n: float(n))
    assert timing.sample(clock.call, clock, 0.0, 4) == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(("seconds", "expected_ms", "count"), [(1.0, 100.0, 11), (0.05, 100.0, 2)])
def test_a_block_is_calls_back_to_back_and_one_end(seconds: float, expected_ms: float, count: int) -> None:
    clock = FakeClock()
    assert timing.block(clock.call, clock.finish, clock, seconds, expected_ms) == (count, count * 100.0 + 5.0)
    assert (clock.calls, clock.finished) == (count, 1)


def test_a_block_that_was_too_short_is_taken_again_with_twice_the_calls() -> None:
    clock = FakeClock()
    assert timing.block(clock.call, clock.finish, clock, 0.5, 1e9) == (8, 805.0)
    assert (clock.calls, clock.finished) == (2 + 4 + 8, 3)


def test_warming_again_is_one_call_or_as_long_as_asked() -> None:
    clock = FakeClock()
    timing.rewarm(clock.call, clock, 0.0)
    assert clock.calls == 1
    timing.rewarm(clock.call, clock, 1.0)
    assert clock.calls == 11


def test_no_garbage_is_collected_while_a_call_is_timed() -> None:
    frozen = gc.get_freeze_count()  # Python 3.12 freezes some at its start
    clock = FakeClock()
    assert gc.isenabled()
    timing.sample(clock.call, clock, 0.0, 3)
    timing.block(clock.call, clock.finish, clock, 0.1, 100.0)
    assert clock.collecting == {False}
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen


def test_garbage_is_collected_again_after_a_call_that_failed() -> None:
    def fail() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        timing.sample(fail, lambda: 0, 1.0, 1)
    assert gc.isenabled()


def test_the_share_of_a_cpu_is_what_the_thread_worked_of_what_passed() -> None:
    clock = FakeClock()
    samples, share = timing.watched(clock.call, clock, 0.5, 2, lambda: clock.now * 2 // 5)
    assert samples == [100.0] * 5
    assert share == pytest.approx(0.4)
    assert timing.watched(lambda: None, lambda: 0, 0.0, 2, lambda: 0) == ([0.0, 0.0], 0.0)
