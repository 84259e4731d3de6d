"""Which cases take turns: as many as fit into memory, and one at a time on a GPU."""

from collections.abc import Mapping

import pytest
from fake_workers import case
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_inspect.benchmark.groups import GROUP, groups

LAW = settings(deadline=None, max_examples=50)


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
