"""A Record goes out as JSON and comes back; one that is cut off, edited or of another kind is refused."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from random_records import LAW, records
from raw_results import pairs, raw, record, result

from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.errors import RequestError

SAMPLES = [[9.0, 10.0, 11.0], [10.0, 10.5], [12.0]]
TEXT = to_json(record(result(raw(latency_ms=SAMPLES, stage=pairs()))))


def read_edited(change: Callable[[Any], object], text: str = TEXT) -> Record:
    """What is read of ``text`` after ``change`` has had its way with the document."""
    document = json.loads(text)
    change(document)
    return from_json(json.dumps(document), "run.json")


@LAW
@given(records())
def test_a_record_comes_back_as_it_went_out(record: Record) -> None:
    assert from_json(to_json(record)) == record


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_never_written(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(record(replace(result(raw()), first_call_ms=number)))


@pytest.mark.parametrize("text", ["", TEXT[: len(TEXT) // 2], TEXT[:-3], "latency,10\n"])
def test_a_text_that_is_cut_off_or_no_json_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match=r"^run\.json is no whole JSON: ") as refused:
        from_json(text, "run.json")
    assert refused.value.hint == "give a whole file that `bench -o run.json` wrote"


@pytest.mark.parametrize("text", ["null", "[]", "1", '"x"', "{}", '{"schema": "resnet-inspect/report"}'])
def test_json_of_another_schema_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match=r"(?m)^run\.json is no bench Record$") as refused:
        from_json(text, "run.json")
    assert "resnet-inspect/bench" in refused.value.hint


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_another_version_is_refused_and_both_are_named(version: object) -> None:
    words = re.escape(f"run.json is of schema version {version}, this program reads 1")
    with pytest.raises(RequestError, match=f"(?m)^{words}$"):
        read_edited(lambda document: document.update(schema_version=version))


OPEN_ENDED = {"spec", "versions", "variables", "values", "unknown", "flags"}
LENIENT = {"latency", "throughput", "device_time", "enqueue"}


def paths(part: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where every key stands without which no Record is whole."""
    found = []
    for name, inner in part.items() if isinstance(part, dict) else enumerate(part):
        if isinstance(part, dict) and name not in {"schema", "schema_version", *LENIENT}:
            found.append((*path, name))
        if isinstance(inner, dict | list) and name not in OPEN_ENDED:
            found += paths(inner, (*path, name))
    return found


def written(path: tuple[str | int, ...]) -> str:
    """As a message names it: ``arms[0].config.threads``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


@pytest.mark.parametrize("path", paths(json.loads(TEXT)), ids=written)
def test_a_record_without_one_of_its_keys_is_refused(path: tuple[str | int, ...]) -> None:
    def drop(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    with pytest.raises(RequestError) as refused:
        read_edited(drop)
    assert refused.value.message == f"run.json is not whole: {written(path)} is missing"
    assert refused.value.hint == "was it edited?"


def test_quantities_that_a_record_does_not_have_are_none() -> None:
    def drop(document: Any) -> None:
        document["arms"][0].update(clocks=None)
        for name in LENIENT:
            del document["arms"][0]["metrics"][name]

    (result,) = read_edited(drop).results
    assert [metric for _, metric in result.metrics.items()] == [None] * 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": "two"}, "arms[0].config.batch_size is 'two', not a whole number"),
        ({"input": [8, 3, 224, "a"]}, "arms[0].config.input[3] is 'a', not a whole number"),
        ({"threads": None}, "arms[0].config.threads is None, not a whole number"),
        ({"mode": "fast"}, "arms[0].config.mode is 'fast', not one of eager, graph, compile, compile+graph"),
        ({"device": "tpu"}, "arms[0].config.device is 'tpu', not cpu, mps, cuda or cuda:N"),
        ({"threads": 0}, "arms[0].config.threads is 0, not a whole number from 1"),
        ({"input": [8, 3, 0, 2]}, "arms[0].config.input[2] is 0, not a whole number from 1"),
        ({"batch_size": 7}, "a batch of 7 at input (8, 3, 224, 224)"),
        ({"input": [8, 3, 224]}, "a batch of 8 at input (8, 3, 224)"),
    ],
)
def test_a_case_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_edited(lambda document: document["arms"][0]["config"].update(change))
    assert refused.value.message == f"run.json is not whole: {message}"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda rounds: rounds.pop(), "lacks a reference workload (yardstick_ms) for every round"),
        (lambda rounds: rounds[1].pop("yardstick_ms"), "arms[0].clocks.rounds[1].yardstick_ms is missing"),
        (lambda rounds: rounds[1].update(yardstick_ms=3.0), "arms[0].clocks.rounds[1].yardstick_ms is 3.0, not a list"),
        (lambda rounds: rounds[1].update(yardstick_ms=[]), "geometric mean"),
        (
            lambda rounds: rounds[1].update(yardstick_ms=[-1.0]),
            "yardstick_ms[0] is -1.0, not a time of 1e-9 ms or more",
        ),
    ],
)
def test_a_round_without_a_whole_reference_workload_is_refused(edit: Callable[[Any], object], message: str) -> None:
    with pytest.raises(RequestError, match=rf"^run\.json is not whole: .*{re.escape(message)}"):
        read_edited(lambda document: edit(document["arms"][0]["clocks"]["rounds"]))


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (float("nan"), "nan, not a number below 2^63"),
        (float("inf"), "inf, not a number below 2^63"),
        (-(2**63), "-9223372036854775808, not a number below 2^63"),
        (1e300, "1e+300, not a number below 2^63"),
        (5e-324, "5e-324, not a time of 0, or of 1e-9 ms or more"),
        ("x", "'x', not a number"),
    ],
)
def test_a_sample_that_no_clock_gives_is_refused(number: object, shown: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_edited(lambda document: latency_of(document)["samples_ms"].__setitem__(1, number))
    assert refused.value.message == f"run.json is not whole: arms[0].metrics.latency.samples_ms[1] is {shown}"


@pytest.mark.parametrize("text", ["[" * 5000, '{"schema":' * 5000])
def test_json_that_nests_too_deep_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        from_json(text, "run.json")
    assert refused.value.message == "run.json is no whole JSON: it nests too deep"


@pytest.mark.parametrize("depth", [18, 400, 900, 960, 980])
def test_a_part_that_nests_too_deep_is_refused(depth: int) -> None:
    for place in ("spec", "findings", "flags"):
        with pytest.raises(RequestError, match=r"^run\.json is n"):
            from_json(
                TEXT.replace(f'"{place}": ', f'"{place}": {{"a": {"[" * depth}{"]" * depth}}}, "_": '), "run.json"
            )


def test_a_record_with_more_results_than_cases_is_refused() -> None:
    with pytest.raises(RequestError) as refused:
        read_edited(lambda document: document.update(planned=0))
    assert refused.value.message == "run.json is not whole: 1 results of 0 planned cases"


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
    "an empty round": lambda m: m["round_lengths"].append(0),
    "a round dropped": lambda m: m["round_lengths"].pop(),
    "no rounds": lambda m: m.update(n=0, samples_ms=[], round_lengths=[]),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_metric_that_is_not_what_its_samples_give_is_refused(edit: Callable[[Any], object]) -> None:
    def change(document: Any) -> None:
        document["arms"][0].update(clocks=None)  # which would have to fit the rounds
        edit(latency_of(document))

    with pytest.raises(RequestError, match=r"(?m)^run\.json: latency of resnet50 .* is not what its samples give$"):
        read_edited(change)


WRONG: list[tuple[Callable[[Any], object], str]] = [
    (lambda d: d.update(arms=None), "arms is None, not a list"),
    (lambda d: d.update(arms=[1]), "arms[0] is 1, not an object"),
    (lambda d: d.update(environment=1), "environment is 1, not an object"),
    (lambda d: d.update(protocol=[]), "protocol is [], not an object"),
    (lambda d: d.update(argv=1), "argv is 1, not a list"),
    (lambda d: d.update(planned="1"), "planned is '1', not a whole number"),
    (lambda d: d["environment"]["grade"].update(letter="D"), "environment.grade.letter is 'D', not one of A, B, C"),
    (lambda d: d["arms"][0].update(status="fine"),
     "arms[0].status is 'fine', not one of ok, invalid, oom, crashed, timeout"),
    (lambda d: latency_of(d)["samples_ms"].__setitem__(0, "10"),
     "arms[0].metrics.latency.samples_ms[0] is '10', not a number"),
    (lambda d: latency_of(d)["round_lengths"].__setitem__(0, "3"),
     "arms[0].metrics.latency.round_lengths[0] is '3', not a whole number"),
    (lambda d: latency_of(d)["ci95_ms"].pop(), "arms[0].metrics.latency.ci95_ms is [9.0], not a list of 2"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_part_of_another_type_is_refused_by_its_path(edit: Callable[[Any], object], message: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_edited(edit)
    assert refused.value.message == f"run.json is not whole: {message}"
