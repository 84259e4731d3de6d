"""Records with parts changed, dropped and swapped, as text, and the command lines that read them."""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from raw_results import CEILINGS, ENVIRONMENT, GPU, pairs, raw, record, result, trained
from stage_times import result as staged

from fuzz import hostile
from resnet_inspect.benchmark.messages import Energy, Phases
from resnet_inspect.benchmark.record import metric
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.render import FORMATS

OLD = Path(__file__).parents[1] / "reference" / "record_v1.json"
QUANTITIES = ("latency", "throughput", "device_time", "enqueue")
ENERGY = Energy(j_per_image=0.05, net_j_per_image=0.04, idle_w=75.0, busy_w=375.0, window_s=10.0, images=8)
STEP = Phases(forward_ms=4.0, backward_ms=5.0, optimizer_ms=1.0, step_ms=10.0)
SHOWN = (("show", "run.json"), *(("show", "run.json", "--format", format) for format in FORMATS))
READERS = (
    *SHOWN,
    ("verdict", "run.json", "run.json", "--gate", "params,macs,memory,graph_breaks"),
    ("verdict", "run.json", "whole.json", "--allow-env-diff", "--format", "json"),
    ("verdict", "whole.json", "run.json", "--allow-env-diff", "--strict"),
    ("budget", "resnet18", "--input", "1,3,64,64", "--max-latency-ms", "5", "--record", "run.json"),
    ("budget", "--input", "8,3,224,224", "--max-latency-ms", "5", "--record", "run.json", "--format", "json"),
    ("roofline", "--record", "run.json", "--case", "1"),
    ("roofline", "--record", "run.json", "--case", "1", "--device", "h200", "--depth", "layer", "--format", "json"),
    ("roofline", "--record", "run.json"),
    ("lint", "resnet18", "--input", "1,3,64,64", "--record", "run.json"),
    ("lint", "resnet50", "--input", "256,3,224,224", "--record", "run.json", "--format", "json"),
)


@cache
def whole_records() -> tuple[str, ...]:
    """Records that every reader takes: one that was measured, and ones with every part that a Record may have."""
    on_cpu = raw(stage=pairs(), layer=pairs(), ceilings_before=CEILINGS, ceilings_after=CEILINGS)
    on_gpu = raw("cuda:0", stage=pairs(), energy=ENERGY)
    training = trained(raw("cuda:0", phases=STEP, stage=pairs()))
    whole = from_json(OLD.read_text(encoding="utf-8"))
    measured = replace(whole, results=whole.results[:1], planned=1)  # reading four takes four times as long
    patient = replace(measured, plan=replace(measured.plan, quick=False))  # so that a verdict takes it
    on_h200 = replace(ENVIRONMENT, gpu=GPU)
    return (
        to_json(measured),
        to_json(patient),
        to_json(record(result(on_cpu), result(raw(mode="compile")))),
        to_json(replace(record(result(on_gpu), result(training)), environment=on_h200)),
        to_json(replace(record(staged()), environment=on_h200)),
    )


def mutate(text: str, rng: Random) -> str:
    """The text of a Record with one part wrong, or a few."""
    if rng.random() < 0.1:
        return _garble(text, rng)
    document = json.loads(text)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        _change(document, rng)
    if rng.random() < 0.4:
        _recompute(document)
    return json.dumps(document, ensure_ascii=rng.random() < 0.5)


def _change(document: dict[str, Any], rng: Random) -> None:
    """Change one part in place."""
    if rng.random() < 0.15:
        _resample(document, rng)
        return
    holder, key = rng.choice([*_places(document, rng)])
    part = holder[key]
    match rng.randrange(12):
        case 0:
            del holder[key]
        case 1:
            holder[key] = deepcopy(rng.choice([*_parts(document)]))
        case 2 if isinstance(holder, list):
            holder.insert(key, deepcopy(part))
        case 3 if type(part) in (int, float):
            holder[key] = rng.choice((-part, part * 10**18, part / 3, int(part), 0))
        case 4 | 5:
            holder[key] = hostile.value(rng)
        case _:
            holder[key] = hostile.like(part, rng)


def _places(part: Any, rng: Random) -> Iterator[tuple[Any, Any]]:
    """Where a part stands: each key of each object, and one entry of each list, or long lists would hide the rest."""
    keys = [*part] if isinstance(part, dict) else [rng.randrange(len(part))] if part else []
    for key in keys:
        yield part, key
        if isinstance(part[key], dict | list):
            yield from _places(part[key], rng)


def _resample(document: dict[str, Any], rng: Random) -> None:
    """Samples of the right type that nobody measured."""
    results = document.get("arms")
    result = rng.choice(results) if isinstance(results, list) and results else None
    quantities = result.get("metrics") if isinstance(result, dict) else None
    held = quantities.get(rng.choice(QUANTITIES)) if isinstance(quantities, dict) else None
    if isinstance(held, dict):
        number = rng.choice((0.0, -1.0, 1e-300, 5e-324, 1e18, 1e308, 1e-9, 3))
        samples = held.get("samples_ms") or [1.0]
        if not isinstance(samples, list):  # an earlier change
            return
        held["samples_ms"] = rng.choice(([number] * len(samples), [number, *samples[1:]], [], samples[:1]))
        held["round_lengths"] = rng.choice(([len(held["samples_ms"])], [1] * len(held["samples_ms"]), [0], []))


def _recompute(document: dict[str, Any]) -> None:
    """Let the statistics follow from the samples, as a forger would."""
    for part in _parts(document):
        if isinstance(part, dict) and "samples_ms" in part and "round_lengths" in part:
            try:
                rounds, start = [], 0
                for length in part["round_lengths"]:
                    rounds.append(part["samples_ms"][start : start + length])
                    start += length
                told = json.loads(json.dumps(_encoded(rounds, document["protocol"]["seed"]), allow_nan=False))
            except Exception:  # no statistics of nonsense
                continue
            part.update(told)


def _encoded(rounds: Sequence[Sequence[float]], seed: int) -> Any:
    from resnet_inspect.typed_json import encode

    return encode(metric(rounds, seed))


def _parts(part: Any) -> Iterator[Any]:
    yield part
    if isinstance(part, dict):
        for inner in part.values():
            yield from _parts(inner)
    elif isinstance(part, list):
        for inner in part[:20]:
            yield from _parts(inner)


def _garble(text: str, rng: Random) -> str:
    at = rng.randrange(len(text))
    match rng.randrange(7):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + hostile.word(rng) + text[at + 1 :]
        case 2:
            return rng.choice(("[", '{"a":')) * rng.choice((10, 5000, 200_000))
        case 3:
            return rng.choice(("", "null", "[]", "0", "NaN", '"x"', "\ufeff{}", "9" * 5000, "{}", "true"))
        case 4:
            old = rng.choice(("null", "true", "0.0", "1", '"fp32"'))
            new = rng.choice(("NaN", "Infinity", "1e999", "9" * 400, "-0", "[]"))
            return text.replace(old, new, rng.randrange(1, 4))
        case 5:
            return text.replace('"findings": []', '"findings": ' + "[" * 3000 + "]" * 3000)
        case _:
            return text[: at // 2] + text[at:]
