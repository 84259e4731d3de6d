"""What --among says, what a device can do when nobody says, and which configuration is the simplest."""

import pytest
from fake_track import DEFAULT, PROBE, SIXTEEN
from hypothesis import given
from hypothesis import strategies as st
from raw_results import GPU

from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.tuning.space import (
    AXES,
    Space,
    cases_at,
    check_among,
    complexity,
    default_case,
    read_among,
    space_of,
)
from resnet_inspect.vocabulary import LAYOUTS, MODES, RUN_PRECISIONS

CUDA = Probe("cuda:0", "tf32", {"torch": "2.15.0"}, GPU)
WORDS = {"layout": LAYOUTS, "precision": RUN_PRECISIONS, "mode": MODES, "threads": (1, 2, 8), "batch": (1, 2, 32)}


@given(
    st.dictionaries(st.sampled_from([*AXES]), st.none()).flatmap(
        lambda axes: st.fixed_dictionaries(
            {axis: st.lists(st.sampled_from(WORDS[axis]), min_size=1, unique=True) for axis in axes}
        )
    )
)
def test_what_is_written_is_what_is_read(among: dict[str, list[str | int]]) -> None:
    texts = [f"{axis}={','.join(map(str, values))}" for axis, values in among.items()]
    expected = {axis: tuple(values) for axis, values in among.items()}
    assert read_among(texts) == expected
    assert read_among([",".join(texts)] if texts else []) == expected


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        ("", "names no axis", "layout"),
        ("fp32", "names no axis", "layout"),
        ("batch=", "batch= is not a whole number", "batch=1,2"),
        ("batch=0", "batch=0 is not a whole number", ""),
        ("batch=-1", "batch=-1 is not a whole number", ""),
        ("batch=²", "batch=² is not a whole number", ""),
        ("batch=" + "9" * 5000, "is not a whole number above 0 and below 10^9", ""),
        ("threads=1000000000", "is not a whole number above 0 and below 10^9", ""),
        ("threads=many", "threads=many is not a whole number", ""),
        ("layout=", "layout= is not one of contiguous", ""),
        ("layout=nhwc", "layout=nhwc is not one of", ""),
        ("layouts=contiguous", "no axis 'layouts'", "'layout'"),
        ("colour=red", "no axis 'colour'", "batch"),
        ("=1", "no axis ''", ""),
        ("mode=eager,mode=compile", "names mode twice", "mode=A,B"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_remedy(text: str, error: str, hint: str) -> None:
    with pytest.raises(RequestError) as raised:
        read_among([text])
    assert error in raised.value.message
    assert hint in raised.value.hint


def test_zeros_before_a_number_change_nothing() -> None:
    assert read_among(["batch=" + "0" * 5000 + "999999999"]) == {"batch": (999_999_999,)}


@pytest.mark.parametrize("axis", AXES)
def test_an_axis_without_values_is_refused(axis: str) -> None:
    with pytest.raises(RequestError, match=f"--among {axis} has no values"):
        check_among({axis: []})


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize(("probe", "cpus"), [(PROBE, 1), (PROBE, 2), (PROBE, 64), (CUDA, 8)])
def test_every_case_of_a_device_can_be_and_the_default_is_the_simplest(probe: Probe, cpus: int, many: bool) -> None:
    space = space_of(probe, cpus, {}, many)
    default = default_case("resnet50", (3, 224, 224), probe, cpus, space.anchor)
    cases = cases_at(space, default)
    assert cases[0] == default
    assert len(cases) == len({*cases})
    assert {case.precision for case in cases} >= {default.precision, "bf16"}
    assert {case.threads for case in cases} == ({64, 32, 16, 8} if cpus == 64 else {1, 2} if cpus == 2 else {cpus})
    assert space.batch == (1,) if not many else space.batch[0] == 1 < space.anchor < space.batch[-1]


def test_a_named_axis_has_its_values_alone_and_an_image_its_batch() -> None:
    space = space_of(PROBE, 2, {"mode": ("compile",), "threads": (1, 1)}, True, 8)
    assert (space.mode, space.threads, space.batch) == (("compile",), (1,), (8,))
    assert space.asked == {"mode", "threads"}


def test_the_order_of_simplicity() -> None:
    ordered = [
        "eager fp32 contiguous 2", "eager fp32 contiguous 1", "eager fp32 channels_last 2", "eager bf16 contiguous 2",
        "compile fp32 contiguous 2", "compile bf16 channels_last 1",
    ]  # fmt: skip
    cases = cases_at(SIXTEEN, DEFAULT)
    by_name = {f"{case.mode} {case.precision} {case.layout} {case.threads}": case for case in cases}
    keys = [complexity(by_name[name], DEFAULT) for name in ordered]
    assert keys == sorted(keys)


def test_a_mode_that_the_device_has_not_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="--mode graph needs a CUDA device"):
        cases_at(Space(("contiguous",), ("fp32",), ("graph",), (1,), (1,)), DEFAULT)
