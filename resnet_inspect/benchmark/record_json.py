"""Record <-> JSON of version 1; what is read was checked against its own samples."""

import json
from collections.abc import Iterator
from dataclasses import replace

from resnet_inspect import versioned_json
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Metric, Record, Result, metric
from resnet_inspect.benchmark.statistics import may_be_interval
from resnet_inspect.errors import RequestError
from resnet_inspect.escape import json_text
from resnet_inspect.typed_json import JsonObject, decode, encode

SCHEMA = "resnet-inspect/bench"
SCHEMA_VERSION = 1
EMPTY = "[]\n}"  # how a Record without results ends: they are its last field

Written = dict[Case, tuple[Result, str]]


def to_json(record: Record, written: Written | None = None) -> str:
    """The text of ``record``; ``written`` keeps that of each result, for a Record that grows and is written again."""
    head = _dumps({"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **encode(replace(record, results=()))})
    results = ",\n  ".join(_texts(record, {} if written is None else written))
    return (f"{head.removesuffix(EMPTY)}[\n  {results}\n ]\n}}" if results else head) + "\n"


def _texts(record: Record, written: Written) -> Iterator[str]:
    for result in record.results:
        if result.case not in written or written[result.case][0] != result:
            written[result.case] = result, _dumps(encode(result)).replace("\n", "\n  ")
        yield written[result.case][1]


def _dumps(document: JsonObject) -> str:
    return json_text(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False))


def from_json(text: str, source: str = "the record") -> Record:
    """The Record that ``to_json`` wrote.

    Raises:
        RequestError: the text is cut off, has another schema or version, or its statistics do not follow from its
            samples.
    """
    document = versioned_json.load(text, source, SCHEMA, SCHEMA_VERSION, "bench Record", "bench -o run.json")
    try:
        record = decode(Record, document)
        if record.planned < len(record.results):
            raise ValueError(f"{len(record.results)} results of {record.planned} planned cases")
        for result in record.results:
            _check_consistent(result)
    except ValueError as error:
        raise RequestError(f"{source} is not whole: {error}", hint="was it edited?") from None
    for result in record.results:
        for name, statistics in result.metrics.items():
            if statistics is not None and not _follows(statistics, record.plan.seed):
                raise RequestError(
                    f"{source}: {name} of {result.case.label} is not what its samples give", hint="was it edited?"
                )
    return record


def _check_consistent(result: Result) -> None:
    """Raises ValueError where two parts of a result contradict each other."""
    case, latency, reference_ms = result.case, result.metrics.latency, result.reference_ms
    if len(case.input) != 4 or case.input[0] != case.batch_size:
        raise ValueError(f"a batch of {case.batch_size} at input {case.input}")
    compared = (latency, result.metrics.device_time or latency)
    if reference_ms and any(metric is None or len(reference_ms) != len(metric.round_lengths) for metric in compared):
        raise ValueError(f"{case.label} lacks a reference workload (yardstick_ms) for every round")


def _follows(statistics: Metric, seed: int) -> bool:
    """Whether the statistics are those of their samples; no samples give no statistics.

    The interval is held to a few of its resamples: all of them cost 10 ms. What decides by it, computes it again.
    """
    rounds, ci95_ms = statistics.rounds, statistics.ci95_ms
    try:
        return (
            sum(statistics.round_lengths) == statistics.n
            and metric(rounds, seed, ci95_ms) == statistics
            and may_be_interval(ci95_ms, rounds, seed)
        )
    except (ValueError, OverflowError):
        return False
