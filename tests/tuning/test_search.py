"""Searches on machines whose times are known: what wins, how sure that is, and what it costs."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from fake_track import DEFAULT, PLAN, SIXTEEN, Machine

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.groups import GROUP
from resnet_inspect.benchmark.messages import WorkerLost
from resnet_inspect.tuning.goal import Goal
from resnet_inspect.tuning.race import Race
from resnet_inspect.tuning.space import at_batch, cases_at, complexity

TRIALS = 200
CASES = cases_at(SIXTEEN, DEFAULT)


def table(seed: int, gap: float) -> dict[Case, float]:
    """One case at 10 ms, the next at ``gap`` more, and the others up to three times as slow.

    A compiled case lies near its eager one, as ``REACH`` supposes.
    """
    rng = Random(seed)
    eager = [case for case in CASES if case.mode == "eager"]
    best, second, *others = rng.sample(eager, len(eager))
    ms = {best: 10.0, second: 10.0 * (1 + gap)} | {case: 10.0 * rng.uniform(1.3, 3.0) for case in others}
    if rng.random() < 0.5:  # compiling pays: the winner is a compiled one
        ms = {case: 1.1 * slow for case, slow in ms.items()}
        compiled = {
            replace(case, mode="compile"): slow / 1.1 if case in (best, second) else slow for case, slow in ms.items()
        }
    else:
        compiled = {replace(case, mode="compile"): 1.2 * slow for case, slow in ms.items()}
    return ms | compiled


def slow_waves(seconds: float) -> float:
    """A neighbour that takes up to a third of the machine, for twenty seconds at a time."""
    return 1.0 + 0.3 * (int(seconds / 20) % 2)


def fastest(ms: dict[Case, float]) -> Case:
    return min(ms, key=ms.__getitem__)


def test_the_fastest_of_a_grid_is_found_in_95_of_100_searches_at_a_gap_of_5_percent() -> None:
    right = 0
    for seed in range(TRIALS):
        ms = table(seed, 0.05)
        right += Machine(ms.__getitem__, seed, pace=slow_waves).search().winner == fastest(ms)
    assert right >= 0.95 * TRIALS


def test_a_search_takes_at_most_60_percent_of_the_samples_of_the_grid() -> None:
    """With neighbours, from which pairs by round are safe; without any, bench stops each case after five rounds."""
    raced = exhaustive = 0
    for seed in range(8):
        ms = table(seed, 0.05)
        machine, grid = (Machine(ms.__getitem__, seed, pace=slow_waves) for _ in range(2))
        machine.search()
        for start in range(0, len(CASES), GROUP):
            [*grid.play(CASES[start : start + GROUP])]
        raced, exhaustive = raced + machine.samples, exhaustive + grid.samples
    assert raced <= 0.6 * exhaustive


def test_what_lies_within_delta_is_a_tie_and_the_simplest_wins() -> None:
    right = 0
    for seed in range(TRIALS // 4):
        ms = table(seed, 0.005)
        search = Machine(ms.__getitem__, seed).search()
        pair = sorted(ms, key=ms.__getitem__)[:2]
        simplest = min(pair, key=lambda case: complexity(case, DEFAULT))
        right += search.winner == simplest and search.decided and set(pair) <= {simplest, *search.ties}
    assert right >= 0.95 * TRIALS / 4


@pytest.mark.parametrize("seed", range(5))
def test_a_grid_of_equals_is_a_tie_that_the_default_wins(seed: int) -> None:
    search = Machine(lambda case: 10.0, seed).search()
    assert (search.winner, search.decided) == (DEFAULT, True)
    assert search.gain is not None
    assert (search.gain.low, search.gain.ratio, search.gain.high) == (1.0, 1.0, 1.0)
    assert set(search.ties) <= {*CASES}
    assert sum(outcome.fate == "beaten" for outcome in search.outcomes.values()) <= 1


@pytest.mark.parametrize("slower", [0.2, 1.0, -0.4])
def test_a_drift_that_hits_all_crowns_none(slower: float) -> None:
    """Over a search of equals the machine becomes slower, or faster, by so much a minute."""
    for seed in range(10):
        search = Machine(lambda case: 10.0, seed, pace=lambda seconds: (1 + slower) ** (seconds / 60)).search()
        assert search.winner == DEFAULT or not search.decided


def test_the_gain_is_that_of_the_last_race_and_holds_the_truth() -> None:
    held = 0
    for seed in range(40):
        ms = table(seed, 0.3)
        search = Machine(ms.__getitem__, seed).search()
        assert search.winner is not None
        assert search.gain is not None
        held += search.gain.low <= ms[DEFAULT] / ms[search.winner] <= search.gain.high
    assert held >= 34  # 95 % of 40 are 38


def test_a_default_that_is_not_among_the_choices_races_last_and_does_not_win() -> None:
    space = replace(SIXTEEN, precision=("bf16",), mode=("eager",))
    for ms, gain in (10.0, 1.0), (20.0, 0.5):
        machine = Machine(lambda case, ms=ms: ms if case.precision == "bf16" else 10.0)
        search = machine.search(space)
        assert search.winner == replace(DEFAULT, precision="bf16")
        assert machine.groups[-1] == [search.winner, DEFAULT]
        assert search.gain is not None
        assert search.gain.low <= gain <= search.gain.high


def test_the_last_race_has_new_processes() -> None:
    ms = table(1, 0.3)
    machine = Machine(ms.__getitem__)
    search = machine.search()
    assert machine.groups[-1] == [search.winner, DEFAULT]


def test_the_leader_is_in_every_group_and_compiled_cases_come_last() -> None:
    for seed in range(10):
        ms = table(seed, 0.3)
        machine = Machine(ms.__getitem__, seed)
        machine.search()
        for group, after in zip(machine.groups, machine.groups[1:], strict=False):
            assert len(after) <= GROUP
            assert fastest({case: ms[case] for case in group}) in after
        compiled = [any(case.is_compiled for case in group) for group in machine.groups[:-1]]
        assert compiled == sorted(compiled)


def test_only_what_is_near_the_fastest_uncompiled_is_compiled() -> None:
    ms = {case: 10.0 if case.layout == "contiguous" else 20.0 for case in CASES}
    search = Machine(ms.__getitem__).search()
    for case, outcome in search.outcomes.items():
        if case.is_compiled:
            assert (outcome.fate == "pruned") is (case.layout == "channels_last")
            assert not outcome.why or "within 1.50×" in outcome.why


@pytest.mark.parametrize("request_name", ["prepare", "warm-up", "round", "finish"])
def test_a_leader_that_crashes_is_no_winner_and_what_it_beat_races_again(request_name: str) -> None:
    """The fastest is lost at each of its requests; among the others the second fastest wins."""
    for seed in range(10):
        ms = table(seed, 0.3)
        best, second = sorted(ms, key=ms.__getitem__)[:2]
        lost = {(request_name, 2 if request_name == "round" else 1): WorkerLost("crashed", "gone")}
        machine = Machine(ms.__getitem__, seed, fails=lambda case, best=best, lost=lost: lost if case == best else {})
        search = machine.search()
        assert search.winner == second
        assert (search.outcomes[best].fate, search.outcomes[best].why) == ("lost", "crashed: gone")


def test_a_default_that_crashes_leaves_the_winner_without_a_gain() -> None:
    ms = table(1, 0.3)
    gone = {("prepare", 1): WorkerLost("oom")}
    search = Machine(ms.__getitem__, fails=lambda case: gone if case == DEFAULT else {}).search()
    assert (search.winner, search.gain) == (fastest(ms), None)
    assert not search.decided


def test_when_all_crash_nothing_wins() -> None:
    gone = {("warm-up", 1): WorkerLost("crashed")}
    search = Machine(lambda case: 10.0, fails=lambda case: gone).search()
    assert (search.winner, search.gain, search.nearest) == (None, None, None)
    assert Counter(outcome.fate for outcome in search.outcomes.values())["lost"] == len(CASES)


@pytest.mark.parametrize("seed", range(5))
def test_outputs_too_far_from_fp32_do_not_win(seed: int) -> None:
    ms = {case: 5.0 if case.precision == "bf16" else 10.0 if case.threads == 2 else 20.0 for case in CASES}
    machine = Machine(ms.__getitem__, seed, errors=lambda case: 0.03 if case.precision == "bf16" else 1e-6)
    search = machine.search()
    assert search.winner == DEFAULT
    reasons = {outcome.why for outcome in search.outcomes.values() if outcome.fate == "forbidden"}
    assert reasons == {"outputs differ from fp32 by 3.0%, over --max-error"}
    assert Machine(ms.__getitem__, seed, errors=machine.errors).search(max_error=0.05).winner != DEFAULT


def grows(case: Case) -> float:
    """10 ms for the first image and 2 ms for each more; channels_last is a quarter faster."""
    return (8.0 + 2.0 * case.batch_size) * (0.75 if case.layout == "channels_last" else 1.0)


MANY = replace(SIXTEEN, mode=("eager",), threads=(2,), batch=(1, 2, 4, 8, 16, 32))


def test_the_largest_batch_within_a_bound_is_found() -> None:
    """channels_last at n images takes 6 + 1.5 n ms: 18 ms allow 8 images, and 24 ms would allow 12."""
    for bound, batch in (20.0, 8), (25.0, 12), (7.9, 1), (1e6, 32):
        search = Machine(grows).search(MANY, wanted="throughput", max_latency_ms=bound)
        assert search.winner is not None
        assert (search.winner.layout, search.winner.batch_size) == ("channels_last", batch)
        assert grows(search.winner) <= bound
        assert search.decided


def test_without_a_bound_the_batch_of_most_images_a_second_wins() -> None:
    search = Machine(grows).search(MANY, wanted="throughput")
    assert search.winner is not None
    assert (search.winner.layout, search.winner.batch_size) == ("channels_last", 32)


def test_a_case_may_be_fastest_at_the_bound_alone() -> None:
    """bf16 wins at the batch where configurations race, and fp32 is the only one to meet the bound at one image."""

    def ms(case: Case) -> float:
        return 30.0 + case.batch_size if case.precision == "bf16" else 10.0 * case.batch_size

    search = Machine(ms).search(MANY, wanted="throughput", max_latency_ms=15.0)
    assert search.winner is not None
    assert (search.winner.precision, search.winner.batch_size) == ("fp32", 1)


@pytest.mark.parametrize("bound", [2.0, 15.0, 21.0, 100.0])
@pytest.mark.parametrize("seed", range(5))
def test_no_tie_is_the_winner_or_misses_the_bound(seed: int, bound: float) -> None:
    """Some are near each other at one image, where others race; the simplest of them miss a bound by a little."""

    def ms(case: Case) -> float:
        if case.layout == "contiguous":
            return 40.0 + case.batch_size
        near = 15.1 if case.precision == "fp32" else 14.9
        return near if case.batch_size == 1 else 60.0 + case.batch_size

    space = replace(MANY, threads=(2, 1))
    search = Machine(ms, seed, noise=0.002).search(space, wanted="throughput", max_latency_ms=bound)
    assert search.winner not in search.ties
    assert all(ms(case) <= bound for case in search.ties)


@pytest.mark.parametrize("wanted", ["latency", "throughput"])
def test_a_bound_that_nothing_meets_names_the_nearest(wanted: str) -> None:
    space = SIXTEEN if wanted == "latency" else MANY
    search = Machine(grows).search(space, wanted=wanted, max_latency_ms=5.0)
    assert search.winner is None
    assert search.nearest is not None
    assert (search.nearest.layout, search.nearest.batch_size) == ("channels_last", 1)
    assert search.decided, "that nothing meets it is certain"


def test_a_budget_too_short_is_undecided_and_tells_what_is_open() -> None:
    ms = table(3, 0.05)
    search = Machine(ms.__getitem__, budget_s=8.0).search()
    assert not search.decided
    assert search.winner is not None
    assert Counter(outcome.fate for outcome in search.outcomes.values())["unreached"] > 0
    assert any("not measured" in finding.message for finding in search.undecided)


def test_a_tie_with_a_case_that_no_longer_leads_decides_nothing() -> None:
    """Two are near each other, a later one takes half their time, and the time ends at any round."""
    near = CASES[:2]
    later = CASES[GROUP]
    cases = CASES[: GROUP + 1]
    ms = dict.fromkeys(cases, 30.0) | {near[0]: 10.1, near[1]: 10.0, later: 5.0}
    fates = set()
    for budget_s in range(4, 60):
        machine, goal = Machine(ms.__getitem__, budget_s=budget_s), Goal("latency", 0.02)
        race = Race(goal, PLAN, machine.track(goal))
        race.run(cases)
        if race.champion == later:
            assert race.tied() == [later]
            fates |= {race.outcomes[case].fate for case in near}
        assert all(outcome.by == race.champion for outcome in race.outcomes.values() if outcome.fate == "tie")
    assert fates == {"open", "beaten"}


def test_what_starts_with_the_budget_over_is_unreached() -> None:
    """But the last race, for which a fifth of it is kept."""
    unreached = 0
    for budget_s in range(10, 60, 2):
        machine = Machine(grows, budget_s=budget_s)
        search = machine.search(MANY, wanted="throughput", max_latency_ms=20.0)
        alone = [start for group, start in zip(machine.groups, machine.starts, strict=True) if len(group) == 1]
        assert all(start < 0.8 * budget_s for start in alone)
        late = [case for case, outcome in search.outcomes.items() if outcome.fate == "unreached"]
        assert not {*late} & {*search.raws}
        assert not late or not search.decided
        met = [case for group in machine.groups if len(group) == 1 for case in group if grows(case) < 20.0]
        assert search.winner is not None or not met
        unreached += len(late)
    assert unreached


def test_ctrl_c_keeps_whole_rounds_and_leaves_the_search_undecided() -> None:
    ms = table(2, 0.05)
    third = cases_at(SIXTEEN, DEFAULT)[2]
    stop = {("round", 2): KeyboardInterrupt()}
    search = Machine(ms.__getitem__, fails=lambda case: stop if case == third else {}).search()
    assert [finding.message for finding in search.undecided] == ["it was interrupted"]
    assert {len(raw.rounds) for raw in search.raws.values()} <= {1, 2}
    assert search.winner is not None


def test_a_batch_is_part_of_a_case_and_its_input() -> None:
    assert at_batch(DEFAULT, 7).input == (7, 3, 224, 224)
