"""The grid spans every combination, and refuses a pair that cannot be with a word on what to ask for instead."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_inspect.benchmark.case import Case, grid
from resnet_inspect.errors import RequestError
from resnet_inspect.vocabulary import LAYOUTS, MODES, TASKS
from resnet_inspect.vocabulary import RUN_PRECISIONS as PRECISIONS

LAW = settings(deadline=None, max_examples=50)

MODELS = [("resnet18", (3, 224, 224)), ("resnet50", (3, 224, 224)), ("resnet20", (3, 32, 32))]


def one(device: str = "cpu", **changes: Any) -> list[Case]:
    """A grid of a single point, but for ``changes``."""
    axes: dict[str, Sequence[Any]] = {
        "models": [("resnet50", (3, 224, 224))],
        "batch_sizes": [1],
        "tasks": ["infer"],
        "precisions": ["fp32"],
        "layouts": ["contiguous"],
        "modes": ["eager"],
        "threads": [1],
    }
    return grid(device=device, **(axes | changes))  # names of its own parameters


def some(values: Sequence[Any], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def test_a_point_is_the_configuration_that_was_asked_for() -> None:
    expected = Case("resnet50", "cpu", 8, (8, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1)
    assert one(batch_sizes=[8]) == [expected]


@LAW
@given(some(MODELS), some([1, 2, 32]), some(PRECISIONS), some(LAYOUTS), some(MODES), some([1, 4]), some([False, True]))
def test_a_grid_is_the_product_of_what_was_given(
    models: list[Any],
    sizes: list[int],
    precisions: list[str],
    layouts: list[str],
    modes: list[str],
    pools: list[int],
    fused: list[bool],
) -> None:
    found = grid(models, "cuda:0", sizes, ["infer"], precisions, layouts, modes, pools, fused)
    axes = (models, sizes, precisions, layouts, modes, pools, fused)
    expected = 1
    for axis in axes:
        expected *= len(axis)
    assert len(found) == len(set(found)) == expected
    images = dict(models)
    for c in found:
        assert c.input == (c.batch_size, *images[c.model])
    for axis, values in (("batch_size", sizes), ("precision", precisions), ("layout", layouts), ("mode", modes)):
        assert {getattr(c, axis) for c in found} == set(values)


def test_the_first_axis_is_the_slowest_so_that_a_models_arms_stand_together() -> None:
    found = one(models=MODELS, batch_sizes=[1, 8])
    assert [(c.model, c.batch_size) for c in found] == [(name, n) for name, _ in MODELS for n in (1, 8)]


IMPOSSIBLE = [
    ("cpu", {"modes": ["graph"]}, "--mode graph needs a CUDA device", "--mode eager or compile"),
    ("cpu", {"modes": ["compile+graph"]}, "--mode compile+graph needs a CUDA device", "--mode eager or compile"),
    ("mps", {"modes": ["graph"]}, "--mode graph needs a CUDA device", "on mps"),
    ("cpu", {"precisions": ["tf32"]}, "--precision tf32 does not exist on cpu", "--precision fp32"),
    ("cpu", {"tasks": ["train"], "precisions": ["fp16"]}, "fp16 weights do not train", "amp-fp16 or bf16"),
    ("cpu", {"tasks": ["train"], "precisions": ["amp-fp16"]}, "amp-fp16 does not train on cpu", "bf16 or amp-bf16"),
    ("cuda:0", {"tasks": ["train"], "modes": ["graph"]}, "a training step is not captured", "--mode eager or compile"),
    ("cpu", {"batch_sizes": [0]}, "a batch has at least one image", "--batch-size 1"),
    ("cpu", {"batch_sizes": [8, -1]}, "a batch has at least one image", "--batch-size 1"),
    ("cpu", {"tasks": ["train"], "fused": [True]}, "--folded is for inference", "leave out one of"),
    ("cpu", {"threads": [0]}, "pool has at least one thread", "--threads 1"),
    ("cpu", {"threads": [2, -1]}, "pool has at least one thread", "--threads 1"),
]


@pytest.mark.parametrize(("device", "changes", "message", "hint"), IMPOSSIBLE)
def test_what_cannot_be_is_refused_with_what_can(device: str, changes: Any, message: str, hint: str) -> None:
    with pytest.raises(RequestError) as refused:
        one(device, **changes)
    assert message in refused.value.message
    assert refused.value.hint
    assert hint in refused.value.hint


@pytest.mark.parametrize(("device", "changes", "message", "hint"), IMPOSSIBLE[:7])
def test_one_that_cannot_be_among_many_refuses_them_all(device: str, changes: Any, message: str, hint: str) -> None:
    possible = {"tasks": ["infer"], "precisions": ["fp32"], "modes": ["eager"]}
    wider = {axis: [*possible[axis], *values] for axis, values in changes.items()}
    with pytest.raises(RequestError) as refused:
        one(device, **wider)
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("device", "changes"),
    [
        ("cuda:0", {"modes": ["graph", "compile+graph"], "precisions": ["tf32", "fp16"]}),
        ("cuda:0", {"tasks": ["train"], "precisions": ["bf16", "amp-fp16", "tf32"]}),
        ("cpu", {"precisions": ["fp16", "amp-fp16", "bf16"]}),
        ("cpu", {"tasks": ["train"], "precisions": ["bf16", "amp-bf16", "fp32"], "modes": ["eager", "compile"]}),
    ],
)
def test_what_can_be_is_not_refused(device: str, changes: Any) -> None:
    assert one(device, **changes)


@pytest.mark.parametrize(
    ("axis", "name", "known"),
    [
        ("tasks", "task", TASKS),
        ("precisions", "precision", PRECISIONS),
        ("layouts", "layout", LAYOUTS),
        ("modes", "mode", MODES),
    ],
)
def test_an_unknown_value_is_refused_and_the_known_ones_are_named(axis: str, name: str, known: tuple[str, ...]) -> None:
    with pytest.raises(RequestError, match=f"^{name} 'fast' is not one of ") as refused:
        one(**{axis: ["fast"]})
    assert refused.value.message.endswith(", ".join(known))


def test_two_arms_that_differ_have_labels_that_differ_but_for_threads() -> None:
    found = grid(MODELS, "cuda:0", [1, 8], ["infer"], PRECISIONS, LAYOUTS, MODES, [1], [False, True])
    assert len({c.label for c in found}) == len(found)
    assert one(tasks=["infer"])[0].label != one(tasks=["train"])[0].label
