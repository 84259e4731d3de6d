"""The grid spans every combination, and refuses a pair that cannot run with a hint on what to ask for instead."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case, grid
from resnet_inspect.benchmark.request import Request, cases_of, most_cases
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.vocabulary import LAYOUTS, MODES, TASKS
from resnet_inspect.vocabulary import RUN_PRECISIONS as PRECISIONS

LAW = settings(deadline=None, max_examples=50)

MODELS = [("resnet18", (3, 224, 224)), ("resnet50", (3, 224, 224)), ("resnet20", (3, 32, 32))]


def point(device: str = "cpu", **changes: Any) -> list[Case]:
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


def test_a_point_is_the_case_that_was_asked_for() -> None:
    expected = Case("resnet50", "cpu", 8, (8, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1)
    assert point(batch_sizes=[8]) == [expected]


@LAW
@given(some(MODELS), some([1, 2, 32]), some(PRECISIONS), some(LAYOUTS), some(MODES), some([1, 4]), some([False, True]))
def test_a_grid_is_the_product_of_what_was_given(
    models: list[Any],
    sizes: list[int],
    precisions: list[str],
    layouts: list[str],
    modes: list[str],
    pools: list[int],
    folded: list[bool],
) -> None:
    cases = grid(models, "cuda:0", sizes, ["infer"], precisions, layouts, modes, pools, folded)
    axes = (models, sizes, precisions, layouts, modes, pools, folded)
    expected = 1
    for axis in axes:
        expected *= len(axis)
    assert len(cases) == len(set(cases)) == expected
    images = dict(models)
    for case in cases:
        assert case.input == (case.batch_size, *images[case.model])
    for axis, values in (("batch_size", sizes), ("precision", precisions), ("layout", layouts), ("mode", modes)):
        assert {getattr(case, axis) for case in cases} == set(values)


def test_the_first_axis_is_the_slowest_so_that_a_models_cases_stand_together() -> None:
    cases = point(models=MODELS, batch_sizes=[1, 8])
    assert [(case.model, case.batch_size) for case in cases] == [(name, n) for name, _ in MODELS for n in (1, 8)]


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
    ("cpu", {"tasks": ["train"], "folded": [True]}, "--folded is for inference", "leave out --folded"),
    ("cpu", {"threads": [0]}, "pool has at least one thread", "--threads 1"),
    ("cpu", {"threads": [2, -1]}, "pool has at least one thread", "--threads 1"),
    ("cpu", {"threads": [10**400]}, "no machine has cores for more than 65,536 threads", "--threads 8"),
]


@pytest.mark.parametrize(("device", "changes", "message", "hint"), IMPOSSIBLE)
def test_what_cannot_be_is_refused_with_what_can(device: str, changes: Any, message: str, hint: str) -> None:
    with pytest.raises(RequestError) as refused:
        point(device, **changes)
    assert message in refused.value.message
    assert refused.value.hint
    assert hint in refused.value.hint


@pytest.mark.parametrize(("device", "changes", "message", "hint"), IMPOSSIBLE[:7])
def test_a_case_that_cannot_be_among_many_refuses_them_all(device: str, changes: Any, message: str, hint: str) -> None:
    possible = {"tasks": ["infer"], "precisions": ["fp32"], "modes": ["eager"]}
    wider = {axis: [*possible[axis], *values] for axis, values in changes.items()}
    with pytest.raises(RequestError) as refused:
        point(device, **wider)
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
    assert point(device, **changes)


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
        point(**{axis: ["fast"]})
    assert refused.value.message.endswith(", ".join(known))


def test_two_cases_that_differ_have_labels_that_differ_but_for_threads() -> None:
    cases = grid(MODELS, "cuda:0", [1, 8], ["infer"], PRECISIONS, LAYOUTS, MODES, [1], [False, True])
    assert len({case.label for case in cases}) == len(cases)
    assert point(tasks=["infer"])[0].label != point(tasks=["train"])[0].label


@pytest.mark.parametrize(("device", "kind"), [("cpu", "cpu"), ("mps", "mps"), ("cuda:11", "cuda")])
def test_a_devices_kind_is_its_name_without_its_number(device: str, kind: str) -> None:
    assert point(device)[0].kind == kind


@pytest.mark.parametrize(
    ("mode", "compiled", "captured"),
    [("eager", False, False), ("compile", True, False), ("graph", False, True), ("compile+graph", True, True)],
)
def test_a_mode_says_whether_the_net_is_compiled_and_whether_its_calls_are_captured(
    mode: str, compiled: bool, captured: bool
) -> None:
    (case,) = point("cuda:0", modes=[mode])
    assert (case.is_compiled, case.is_captured) == (compiled, captured)


def test_autocast_computes_in_its_own_type_and_the_host_waits_for_its_scaler() -> None:
    mixed, half = (point("cuda:0", tasks=["train"], precisions=[p])[0] for p in ("amp-fp16", "bf16"))
    assert (mixed.arithmetic, mixed.waits_inside) == ("fp16", True)
    assert (half.arithmetic, half.waits_inside) == ("bf16", False)
    assert {case.arithmetic for case in point("cuda:0", precisions=PRECISIONS)} == {"fp32", "tf32", "bf16", "fp16"}


AXES = {
    "batch_sizes": (1, 2),
    "tasks": ("infer", "train"),
    "precisions": ("fp32", "bf16"),
    "layouts": ("contiguous", "channels_last"),
    "modes": ("eager", "compile"),
    "threads": (1, 2, 4),
    "folded": (False, True),
    "processes": (1, 2, 4),
}


@pytest.mark.parametrize("axis", AXES)
def test_progress_knows_how_many_cases_every_axis_spans(axis: str) -> None:
    trained = {"tasks": ("train",)} if axis == "processes" else {}
    request = Request(nets=(sources.find("resnet18"),), **trained, **{axis: AXES[axis]})
    cases = cases_of(request, Probe("cpu", "fp32", {}, None), 4, lambda case: case)
    assert most_cases(request) == len(cases) == len(AXES[axis])
