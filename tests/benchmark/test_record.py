"""A Record goes out and comes back, the text is of the schema that is shipped, and what was edited is refused."""

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import RESULT_KEYS, Check, Metric, Record, Result, from_json, metric, to_json
from resnet_inspect.errors import RequestError
from resnet_inspect.vocabulary import LAYOUTS, MODES, TASKS
from resnet_inspect.vocabulary import RUN_PRECISIONS as PRECISIONS

# Every metric is summed up when it is made and again when it is read: 1000 resamples each.
LAW = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

LOST = ("oom", "crashed", "timeout")

numbers = st.floats(allow_nan=False, allow_infinity=False)
durations = st.floats(1e-3, 1e4)
counts = st.integers(0, 2**53)
words = st.text(max_size=8)
some_rounds = st.lists(st.lists(durations, min_size=1, max_size=6), min_size=1, max_size=3)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=3,
)
cases = st.builds(
    Case,
    model=words,
    device=st.sampled_from(["cpu", "mps", "cuda:0", "cuda:11"]),
    batch_size=st.just(0),
    input=st.tuples(*[st.integers(1, 512)] * 4),
    task=st.sampled_from(TASKS),
    precision=st.sampled_from(PRECISIONS),
    layout=st.sampled_from(LAYOUTS),
    mode=st.sampled_from(MODES),
    threads=st.integers(1, 64),
    fused=st.booleans(),
).map(lambda case: replace(case, batch_size=case.input[0]))
checks = st.builds(Check, id=words, ok=st.booleans(), value=st.none() | numbers, limit=st.none() | numbers)
findings = st.fixed_dictionaries(
    {"code": words, "where": words, "values": st.dictionaries(words, numbers | words, max_size=2)}
)
predictions = st.none() | st.dictionaries(words, counts, max_size=2).map(lambda rows: {**rows, "peak_bytes": 4096})
limits = st.fixed_dictionaries({"flop_per_s": durations, "bytes_per_s": durations, "floor_ms": durations})
measurements = st.dictionaries(words, anything, max_size=2).map(lambda rows: {**rows, "requested_bytes": 4096})
costs = st.fixed_dictionaries({"params": counts, "macs": counts})
phases = st.fixed_dictionaries(dict.fromkeys(("forward_ms", "backward_ms", "optimizer_ms", "step_ms"), durations))
rows = st.fixed_dictionaries(
    {"name": words, "ms": durations, "share": numbers, "macs": counts}, optional={"stage": words}
)
ledgers = st.fixed_dictionaries(
    {
        "rows": st.lists(rows, min_size=1, max_size=2),
        "iterations": st.integers(1, 50),
        **dict.fromkeys(("total_ms", "plain_ms", "closure", "instrumentation"), numbers),
    }
)
energies = st.fixed_dictionaries(
    {
        **dict.fromkeys(("j_per_image", "net_j_per_image", "idle_w", "busy_w", "window_s"), numbers),
        "images": st.integers(1, 10**9),
    }
)
environments = st.fixed_dictionaries(
    {
        "date": st.just("2025-01-01T00:00:00+00:00"),
        "machine": st.dictionaries(words, anything, max_size=2).map(
            lambda more: {**more, "cpu_model": "AMD EPYC 9654", "cpus": 8, "memory_bytes": None}
        ),
        "versions": st.dictionaries(words, words, max_size=2).map(lambda more: {**more, "torch": "2.11.0"}),
        "grade": st.fixed_dictionaries({"letter": st.sampled_from("ABC"), "reasons": st.lists(words, max_size=2)}),
        "gpu": st.none() | st.dictionaries(words, anything, max_size=2),
    }
)


@st.composite
def results(draw: st.DrawFn, seed: int) -> Result:
    status = draw(st.sampled_from(["ok", "ok", "invalid", *LOST]))
    common: dict[str, Any] = {
        "case": draw(cases),
        "status": status,
        "valid": status == "ok",
        "cost": draw(costs),
        "spec": draw(st.dictionaries(words, anything, max_size=2)),
        "findings": tuple(draw(st.lists(findings, max_size=2))),
    }
    if status in LOST:
        return Result(**common, memory={"predicted": draw(predictions), "measured": None})
    measured = [metric(draw(some_rounds), seed) for _ in range(2)]
    on_device = metric(draw(some_rounds), seed) if draw(st.booleans()) else None
    return Result(
        **common,
        metrics={"latency": measured[0], "throughput": measured[1], "device_time": on_device, "enqueue": on_device},
        images_per_s=draw(durations),
        memory={"predicted": draw(predictions), "measured": draw(measurements)},
        first_call_ms=draw(durations),
        compile_ms=draw(st.none() | durations),
        stopped=draw(st.sampled_from(["precise", "time", "noise", "quick", "interrupted"])),
        checks=tuple(draw(st.lists(checks, max_size=2))),
        unknown=draw(st.dictionaries(words, words, max_size=2)),
        phases=draw(st.none() | phases),
        stages=draw(st.none() | ledgers),
        layers=draw(st.none() | ledgers),
        energy=draw(st.none() | energies),
        ceilings=draw(st.none() | limits),
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    plan = draw(
        st.builds(Plan, seed=st.integers(0, 2**32), quick=st.booleans(), fresh=st.booleans(), max_time_s=durations)
    )
    played = draw(st.lists(results(plan.seed), max_size=2))
    return Record(tuple(draw(st.lists(words, max_size=3))), draw(environments), plan, len(played), tuple(played))


CONFIG = Case("resnet50", "cpu", 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 8)
WHERE = {
    "date": "2025-01-01T00:00:00+00:00",
    "machine": {"cpu_model": "AMD EPYC 9654", "cpus": 8, "memory_bytes": None},
    "versions": {"torch": "2.11.0"},
    "grade": {"letter": "A", "reasons": []},
    "gpu": None,
}


def measured(rounds: list[list[float]]) -> Record:
    """One arm whose calls took so long."""
    metrics: dict[str, Metric | None] = {name: metric(rounds, 0) for name in ("latency", "throughput")}
    result = Result(CONFIG, "ok", True, {**metrics, "device_time": None, "enqueue": None}, 100.0,
              {"predicted": None, "measured": None}, {"params": 1, "macs": 1}, {}, 20.0, stopped="precise",
              checks=(Check("latency-positive", True, 9.0, 0.0),))  # fmt: skip
    return Record(("bench",), WHERE, Plan(), 1, (result,))


TEXT = to_json(measured([[9.0, 10.0, 11.0], [10.0, 10.5], [12.0]]))


@cache
def schema() -> Any:
    return json.loads((files("resnet_inspect.benchmark") / "bench.schema.json").read_text(encoding="utf-8"))


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


def read_edited(change: Callable[[Any], object], text: str = TEXT) -> Record:
    """What is read of ``text`` after ``change`` has had its way with the document."""
    document = json.loads(text)
    change(document)
    return from_json(json.dumps(document), "run.json")


@LAW
@given(records())
def test_a_record_comes_back_as_it_went_out(record: Record) -> None:
    assert from_json(to_json(record)) == record


@LAW
@given(records())
def test_what_is_written_is_of_the_schema_that_is_shipped(record: Record) -> None:
    validator().validate(json.loads(to_json(record)))


@pytest.mark.parametrize(("n", "known"), [(299, False), (300, True)])
def test_the_schema_knows_from_when_a_99th_percentile_is_told(n: int, known: bool) -> None:
    record = measured([[float(x) for x in range(1, n + 1)]])
    document = json.loads(to_json(record))
    validator().validate(document)
    assert from_json(to_json(record)) == record
    latency = document["arms"][0]["metrics"]["latency"]
    latency["p99_ms"] = None if known else 1.0
    assert not validator().is_valid(document)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_never_written(number: float) -> None:
    record = measured([[10.0]])
    result = replace(record.results[0], first_call_ms=number)
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(replace(record, results=(result,)))


def test_the_schema_is_one_and_describes_every_property() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())

    def look(part: Any, path: str) -> None:
        for name, inner in part.get("properties", {}).items():
            assert inner.get("description"), f"{path}/{name}"
            look(inner, f"{path}/{name}")

    for name, part in {"": schema(), **schema()["$defs"]}.items():
        look(part, name)


@pytest.mark.parametrize(
    ("kind", "name", "elsewhere"),
    [
        (Case, "config", set()),
        (Metric, "metric", set()),
        (Check, "check", set()),
        (Plan, "protocol", set()),
        (Result, "arm", {"images_per_s"}),  # stands with the metrics
    ],
)
def test_the_schema_has_the_fields_of_the_classes_and_no_others(kind: Any, name: str, elsewhere: set[str]) -> None:
    part = schema()["$defs"][name]
    assert (
        set(part["properties"])
        == set(part["required"])
        == {RESULT_KEYS.get(field.name, field.name) for field in fields(kind)} - elsewhere
    )
    assert part["additionalProperties"] is False


def test_the_schema_knows_the_words_that_the_grid_knows() -> None:
    properties = schema()["$defs"]["config"]["properties"]
    for name, known in (("task", TASKS), ("precision", PRECISIONS), ("layout", LAYOUTS), ("mode", MODES)):
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


@pytest.mark.parametrize("text", ["", TEXT[: len(TEXT) // 2], TEXT[:-3], "latency,10\n"])
def test_a_text_that_is_cut_off_or_no_json_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match=r"^run\.json is no whole JSON: ") as refused:
        from_json(text, "run.json")
    assert refused.value.hint == "was its writing cut short?"


@pytest.mark.parametrize("text", ["null", "[]", "1", '"x"', "{}", '{"schema": "resnet-inspect/report"}'])
def test_json_of_another_schema_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match=r"^run\.json is no bench Record$") as refused:
        from_json(text, "run.json")
    assert "resnet-inspect/bench" in refused.value.hint


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_another_version_is_refused_and_both_are_named(version: object) -> None:
    words = re.escape(f"run.json is of schema version {version}, this program reads 1")
    with pytest.raises(RequestError, match=f"^{words}$"):
        read_edited(lambda document: document.update(schema_version=version))


def paths(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every key of the document stands whose absence a reader would stumble over."""
    open_ended = {"spec", "versions", "values", "unknown", "cost", "memory"}
    found = []
    for name, inner in part.items() if isinstance(part, dict) else enumerate(part):
        if isinstance(part, dict) and path[-1:] != ("metrics",) and name not in ("schema", "schema_version"):
            found.append((*path, name))
        if isinstance(inner, dict | list) and name not in open_ended:
            found += paths(inner, (*path, name))
    return found


@pytest.mark.parametrize(
    "change", [{"batch_size": "two"}, {"batch_size": 7}, {"input": [1, 3, "a"]}, {"threads": None}]
)
def test_a_configuration_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="is not whole: a batch of"):
        read_edited(lambda document: document["arms"][0]["config"].update(change))


@pytest.mark.parametrize("path", paths(json.loads(TEXT)), ids=lambda path: "/".join(map(str, path)))
def test_a_record_without_one_of_its_keys_is_refused(path: tuple[Any, ...]) -> None:
    def drop(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    with pytest.raises(RequestError, match=rf"^run\.json is not whole: .*{path[-1]}") as refused:
        read_edited(drop)
    assert refused.value.hint == "was it edited?"


def latency_of(document: Any) -> Any:
    return document["arms"][0]["metrics"]["latency"]


EDITS: dict[str, Callable[[Any], object]] = {
    "the median": lambda m: m.update(median_ms=9.0),
    "the interval": lambda m: m.update(ci95_ms=[10.0, 10.1]),
    "a percentile": lambda m: m.update(p95_ms=10.0),
    "a percentile that is unknown": lambda m: m.update(p99_ms=12.0),
    "the number of samples": lambda m: m.update(n=5),
    "a sample": lambda m: m["samples_ms"].__setitem__(0, 8.0),
    "the last sample dropped": lambda m: m["samples_ms"].pop(),
    "the first sample dropped": lambda m: m["samples_ms"].pop(0),
    "a sample added": lambda m: m["samples_ms"].append(10.0),
    "no samples": lambda m: m["samples_ms"].clear(),
    "a sample that is no number": lambda m: m["samples_ms"].__setitem__(0, float("nan")),
    "a sample that is a word": lambda m: m["samples_ms"].__setitem__(0, "10"),
    "an empty round": lambda m: m["round_lengths"].append(0),
    "a round dropped": lambda m: m["round_lengths"].pop(),
    "no rounds": lambda m: m.update(n=0, samples_ms=[], round_lengths=[]),
    "a round that is a word": lambda m: m["round_lengths"].__setitem__(0, "3"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_metric_that_is_not_what_its_samples_give_is_refused(edit: Callable[[Any], object]) -> None:
    with pytest.raises(RequestError, match=r"^run\.json: latency of resnet50 .* is not what its samples give$"):
        read_edited(lambda document: edit(latency_of(document)))


@pytest.mark.parametrize("name", ["arms", "environment", "protocol", "argv"])
@pytest.mark.parametrize("value", [None, 1])
def test_a_part_of_another_kind_is_refused(name: str, value: object) -> None:
    with pytest.raises(RequestError, match=r"^run\.json is not whole: "):
        read_edited(lambda document: document.update({name: value}))
