"""The shipped schema accepts Records, refuses anything else, and describes every class of a Record."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.resources import files
from typing import Any, get_args, get_type_hints

import jsonschema
import pytest
from conftest import HERE
from hypothesis import given
from random_records import LAW, records
from raw_results import raw, record, result

from resnet_inspect.benchmark.breakdown import Breakdown, PartTime
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import CpuRound, Energy, MeasuredMemory, Phases, Unwatched
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import (
    Check,
    Clocks,
    Cost,
    Environment,
    Memory,
    Metric,
    Metrics,
    Observation,
    Record,
    Result,
    Roof,
    RunCeilings,
    Scaling,
)
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.graph.facts.memory import PeakMemory
from resnet_inspect.hardware.gpu import Gpu, GpuState
from resnet_inspect.hardware.machine import Grade, Machine
from resnet_inspect.vocabulary import LAYOUTS, MODES, RUN_PRECISIONS, TASKS

TEXT = to_json(record(result(raw())))


@cache
def schema() -> Any:
    return json.loads((files("resnet_inspect.benchmark") / "bench.schema.json").read_text(encoding="utf-8"))


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


@LAW
@given(records())
def test_the_text_fits_the_schema_that_is_shipped(record: Record) -> None:
    validator().validate(json.loads(to_json(record)))


def test_a_record_of_an_earlier_version_fits_it_too() -> None:
    validator().validate(json.loads((HERE / "reference" / "record_v1.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(("n", "known"), [(299, False), (300, True)])
def test_the_schema_knows_from_when_a_99th_percentile_is_told(n: int, known: bool) -> None:
    measured = record(result(raw(latency_ms=[[float(x) for x in range(1, n + 1)]])))
    document = json.loads(to_json(measured))
    validator().validate(document)
    assert from_json(to_json(measured)) == measured
    latency = document["arms"][0]["metrics"]["latency"]
    latency["p99_ms"] = None if known else 1.0
    assert not validator().is_valid(document)


def test_the_schema_is_valid_and_describes_every_property() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())

    def look(part: Any, path: str) -> None:
        for name, inner in part.get("properties", {}).items():
            assert inner.get("description"), f"{path}/{name}"
            look(inner, f"{path}/{name}")

    for name, part in {"": schema(), **schema()["$defs"]}.items():
        look(part, name)


# The dataclasses of a Record, and where the schema describes each.
DESCRIBED = {
    Record: "",
    Result: "result",
    Case: "case",
    Metrics: "metrics",
    Metric: "metric",
    Memory: "memory",
    PeakMemory: "predicted",
    MeasuredMemory: "measured",
    Cost: "cost",
    Check: "check",
    Observation: "finding",
    Phases: "phases",
    Breakdown: "breakdown",
    PartTime: "part",
    Energy: "energy",
    Scaling: "scaling",
    RunCeilings: "ceilings",
    Roof: "roof",
    Clocks: "clocks",
    CpuRound: "cpu_round",
    GpuState: "gpu_state",
    Unwatched: "unwatched",
    Environment: "environment",
    Machine: "machine",
    Grade: "grade",
    Gpu: "gpu",
    Plan: "plan",
}


@pytest.mark.parametrize(("kind", "name"), DESCRIBED.items(), ids=lambda x: getattr(x, "__name__", ""))
def test_the_schema_has_the_keys_of_the_classes_and_no_others(kind: Any, name: str) -> None:
    part = schema()["$defs"][name] if name else schema()
    metadata = {field.metadata.get("key", field.name): field.metadata for field in fields(kind)}
    stamp = set() if name else {"schema", "schema_version"}
    assert set(part["properties"]) == {*metadata, *stamp}
    assert set(part["required"]) == {key for key in metadata if not metadata[key].get("lenient")} | stamp
    assert part["additionalProperties"] is False


def test_the_schema_describes_every_class_that_a_record_holds() -> None:
    assert set(schema()["$defs"]) == {*DESCRIBED.values()} - {""}
    assert classes_in(Record) == set(DESCRIBED)


def classes_in(kind: Any) -> set[type]:
    """Every dataclass that a value of ``kind`` may hold."""
    if isinstance(kind, type) and is_dataclass(kind):
        return {kind}.union(*map(classes_in, get_type_hints(kind).values()))
    return set().union(*map(classes_in, get_args(kind)))


def test_the_schema_knows_the_words_of_the_grid() -> None:
    properties = schema()["$defs"]["case"]["properties"]
    for name, known in (("task", TASKS), ("precision", RUN_PRECISIONS), ("layout", LAYOUTS), ("mode", MODES)):
        assert properties[name]["enum"] == list(known)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(schema="resnet-inspect/report"),
        lambda document: document.update(schema_version=2),
        lambda document: document.update(more=1),
        lambda document: document["arms"][0].update(more=1),
        lambda document: document["arms"][0].update(status="fine"),
        lambda document: document["arms"][0].update(valid=False),
        lambda document: document["arms"][0]["metrics"].pop("latency"),
        lambda document: document["arms"][0]["metrics"].pop("images_per_s"),
        lambda document: document["arms"][0]["config"].update(input=[1, 3, 224]),
        lambda document: document["arms"][0]["config"].update(threads="8"),
        lambda document: document["arms"][0]["checks"][0].pop("limit"),
        lambda document: document["environment"].pop("grade"),
    ],
)
def test_the_schema_refuses_what_is_not_a_record(change: Callable[[Any], object]) -> None:
    document = json.loads(TEXT)
    validator().validate(document)
    change(document)
    assert not validator().is_valid(document)
