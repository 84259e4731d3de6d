"""What goes out as JSON comes back as it was, and what is wrong with a document is said with its path."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typed_values import values_of

from resnet_inspect.benchmark import messages
from resnet_inspect.benchmark.breakdown import Breakdown
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import CpuRound, Job, Unwatched
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import (
    Check,
    Clocks,
    Environment,
    Memory,
    Metric,
    Metrics,
    Observation,
    Record,
    Result,
    RunCeilings,
)
from resnet_inspect.graph import Backward
from resnet_inspect.hardware.gpu import Gpu, GpuState, Probe
from resnet_inspect.hardware.machine import Machine
from resnet_inspect.typed_json import LENIENT, OPTIONAL, Count, Duration, Rate, Size, Time, decode, encode, keyed

LAW = settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@dataclass(frozen=True)
class Traced:
    """The kinds of field that only a Graph has."""

    held: Mapping[int, int]
    recorded: Mapping[int, Backward] | None


ANSWERS = {request.answer for request in vars(messages).values() if isinstance(request, messages.Request)}
STORED = (Plan, Case, Breakdown, Metric, Metrics, Check, Observation, Memory, RunCeilings, Clocks, Result, Record)
KINDS = sorted({*ANSWERS, Job, *STORED, Environment, Machine, Gpu, Probe, Traced}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@LAW
@given(data=st.data())
def test_every_message_and_every_part_of_a_record_comes_back_as_it_went_out(kind: Any, data: st.DataObject) -> None:
    value = data.draw(values_of(kind))
    assert decode(kind, json.loads(json.dumps(encode(value)))) == value


@dataclass(frozen=True)
class Wheel:
    spokes: int
    width_mm: float = field(metadata=keyed("width"))


@dataclass(frozen=True)
class Bicycle:
    """A field of every kind that the reader knows."""

    name: str
    wheels: tuple[Wheel, ...]
    frame_mm: tuple[float, float]
    brakes: Literal["disc", "rim"]
    is_electric: bool
    lamp: Wheel | None
    prices: Mapping[str, float | str]
    notes: Any
    bell: str | None = field(default=None, metadata=OPTIONAL)
    gears: int | None = field(default=7, metadata=LENIENT)


BICYCLE = Bicycle("roadster", (Wheel(36, 28.0), Wheel(36, 28.0)), (560.0, 540.0), "rim", False, None,
                  {"EUR": 900.0, "USD": "on request"}, [1, {"a": None}])  # fmt: skip


def document(**changes: Any) -> dict[str, Any]:
    values = {
        "name": "roadster",
        "wheels": [{"spokes": 36, "width": 28.0}, {"spokes": 36, "width": 28.0}],
        "frame_mm": [560.0, 540.0],
        "brakes": "rim",
        "is_electric": False,
        "lamp": None,
        "prices": {"EUR": 900.0, "USD": "on request"},
        "notes": [1, {"a": None}],
        "gears": 7,
    }
    return values | changes


def test_a_document_has_its_fields_keys_and_leaves_out_an_optional_none() -> None:
    assert encode(BICYCLE) == document()
    assert encode(Bicycle("b", (), (1.0, 2.0), "disc", True, None, {}, None, bell="ding"))["bell"] == "ding"


def test_a_document_is_read() -> None:
    assert decode(Bicycle, document()) == BICYCLE


def test_keys_that_no_field_has_are_passed_over() -> None:
    assert decode(Bicycle, document(basket="wicker")) == BICYCLE


def test_a_lenient_field_that_is_missing_is_its_default_and_one_that_is_there_is_read() -> None:
    short = document()
    del short["gears"]
    assert decode(Bicycle, short) == BICYCLE
    assert decode(Bicycle, document(gears=None)).gears is None


def test_a_whole_number_does_for_a_number_and_no_other_type_does_for_another() -> None:
    assert decode(Bicycle, document(frame_mm=[560, 540])) == BICYCLE


@pytest.mark.parametrize("key", [key for key in document() if key != "gears"])
def test_a_missing_key_is_named(key: str) -> None:
    short = document()
    del short[key]
    with pytest.raises(ValueError, match=rf"^the\.path\.{key} is missing$"):
        decode(Bicycle, short, "the.path")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": 1}, "name is 1, not text"),
        ({"is_electric": 0}, "is_electric is 0, not true or false"),
        ({"gears": "seven"}, "gears is 'seven', not a whole number"),
        ({"gears": True}, "gears is True, not a whole number"),
        ({"gears": 7.0}, "gears is 7.0, not a whole number"),
        ({"brakes": "drum"}, "brakes is 'drum', not one of disc, rim"),
        ({"brakes": ["disc"]}, "brakes is ['disc'], not one of disc, rim"),
        ({"wheels": {}}, "wheels is {}, not a list"),
        ({"wheels": [1]}, "wheels[0] is 1, not an object"),
        ({"wheels": [{"spokes": 36, "width": None}]}, "wheels[0].width is None, not a number"),
        ({"wheels": [{"spokes": 36}]}, "wheels[0].width is missing"),
        ({"frame_mm": [560.0]}, "frame_mm is [560.0], not a list of 2"),
        ({"frame_mm": [560.0, "x"]}, "frame_mm[1] is 'x', not a number"),
        ({"lamp": "red"}, "lamp is 'red', not an object"),
        ({"lamp": {"spokes": None, "width": 1}}, "lamp.spokes is None, not a whole number"),
        ({"prices": []}, "prices is [], not an object"),
        ({"prices": {"EUR": []}}, "prices.EUR is [], not text"),
        ({"bell": list(range(99))}, "bell is [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1 ..., not text"),
    ],
)  # fmt: skip
def test_a_part_of_another_type_is_named_with_its_path(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the message is compared whole
        decode(Bicycle, document(**changes))
    assert str(refused.value) == message


@dataclass(frozen=True)
class Ride:
    """A field of every kind that a rule bounds."""

    riders: Size
    stops: Count
    lap_ms: tuple[Time, ...]
    whole_ms: Duration
    turns_per_s: Rate
    bounded: float
    free: Any


RIDE: dict[str, Any] = {"riders": 1, "stops": 0, "lap_ms": [0.0, 0, 1e-9], "whole_ms": 1, "turns_per_s": 1.0,
                        "bounded": -5e-324, "free": {"a": [1.5]}}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"riders": 0}, "riders is 0, not a whole number from 1"),
        ({"stops": -1}, "stops is -1, not a whole number from 0"),
        ({"stops": 2**63}, "stops is 9223372036854775808, not a number below 2^63"),
        ({"stops": 10**400}, f"stops is {'1' + '0' * 35} ..., not a number below 2^63"),
        ({"lap_ms": [1.0, 5e-324]}, "lap_ms[1] is 5e-324, not a time of 0, or of 1e-9 ms or more"),
        ({"lap_ms": [float("nan")]}, "lap_ms[0] is nan, not a number below 2^63"),
        ({"whole_ms": 0}, "whole_ms is 0, not a time of 1e-9 ms or more"),
        ({"turns_per_s": 1e-300}, "turns_per_s is 1e-300, not a rate of 1 or more"),
        ({"bounded": float("inf")}, "bounded is inf, not a number below 2^63"),
        ({"bounded": -1e300}, "bounded is -1e+300, not a number below 2^63"),
        ({"free": {"a": [{"b": float("nan")}]}}, "free.a[0].b is nan, not a number below 2^63"),
    ],
)
def test_a_number_that_nothing_counts_is_named_with_its_path(changes: dict[str, Any], message: str) -> None:
    assert encode(decode(Ride, RIDE)) == RIDE
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the message is compared whole
        decode(Ride, RIDE | changes)
    assert str(refused.value) == message


def test_what_nests_too_deep_is_refused_before_anything_recurses_into_it() -> None:
    nested: Any = []
    for _ in range(20):
        nested = [nested]
    with pytest.raises(ValueError, match=r"^free\[0\]\S* nests too deep$"):
        decode(Ride, RIDE | {"free": nested})
    for _ in range(5000):
        nested = [nested]
    with pytest.raises(ValueError, match=r"nests too deep$"):
        decode(Ride, RIDE | {"riders": nested})


def test_a_document_of_another_type_is_named_so() -> None:
    with pytest.raises(ValueError, match=r"^the document is \[\], not an object$"):
        decode(Bicycle, [])


def test_a_type_that_json_cannot_hold_is_a_mistake_in_the_code() -> None:
    with pytest.raises(TypeError, match="bytes"):
        decode(bytes, "x")


CPU: dict[str, Any] = {"cpu_share": 0.9, "faults_per_call": 0.0, "yardstick_ms": [1.0, 2.0]}
GPU: dict[str, Any] = {"sm_mhz": 1980, "temperature_c": 50, "power_w": 400.0, "energy_j": None, "throttle": [],
                       "reason": "NVML does not tell energy_j"}  # fmt: skip


@pytest.mark.parametrize(("document", "kind"), [(CPU, CpuRound), (GPU, GpuState), ({}, Unwatched)])
def test_of_several_kinds_of_object_the_keys_tell_which_it_is(document: dict[str, Any], kind: type) -> None:
    assert isinstance(decode(Clocks, clocks(document)).rounds[0], kind)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (CPU | {"cpu_share": "all"}, "rounds[0].cpu_share is 'all', not a number"),
        (CPU | {"yardstick_ms": None}, "rounds[0].yardstick_ms is None, not a list"),
        ({"cpu_share": 0.9, "faults_per_call": 0.0}, "rounds[0].yardstick_ms is missing"),
        (GPU | {"throttle": "thermal"}, "rounds[0].throttle is 'thermal', not a list"),
        ({"cpu_shares": 0.9}, "rounds[0] is {'cpu_shares': 0.9}, not an object of a known kind"),
    ],
)
def test_an_object_that_is_nearly_of_a_kind_is_refused_as_that_kind(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the message is compared whole
        decode(Clocks, clocks(document))
    assert str(refused.value) == message


def clocks(state: dict[str, Any]) -> dict[str, Any]:
    return {"before": None, "rounds": [state], "after": None}
