"""Does a profile predict nets that it has not seen?

    python validation/prediction.py [--device cpu] [--threads 1,2] [--batch-size 1,8] [--nets 48] [--seed 0]
                                    [--out DIR] [--quick]

Calibrates (once for each number of threads), then measures other nets of the zoo afresh, each at two of the batches and
numbers of threads, interleaved as `bench` does. DIR (by default prediction-results) holds both Records, which grow case
by case: a run that was ended goes on where it stopped. --calibration RUN.json takes a Record of bench or calibrate
instead, --nets 0 calibrates only, --report judges what DIR holds and measures nothing.

On two quiet cores: 18 minutes of calibration and 15 of nets. On a GPU: 4 and, for 20 nets, 6.

Reading the tables: an error is predicted over measured, less one. "at the calibration's pace" divides each time by its
round's reference workload first: the difference is the machine's change of pace, which --pace allows for. MACs, floor
and nearest net are what one does without a profile: a constant fitted to the same calibration, and the calibration net
of the most similar mix of work, scaled by FLOP.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, zip_longest
from pathlib import Path
from random import Random

from prediction_errors import tables

from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.benchmark.request import Request, graph_of
from resnet_inspect.benchmark.run import run
from resnet_inspect.errors import InspectError
from resnet_inspect.prediction.features import features_of
from resnet_inspect.prediction.measure import Way, is_interrupted, measure
from resnet_inspect.prediction.measured import conditions_of, profiles_of
from resnet_inspect.prediction.profile import Profile, seconds_of
from resnet_inspect.resnet.zoo import variants

SIDES = 224, 160, 128  # of an image: the first whose call is not too long
LONGEST_S = 1.0  # of a call
MIN_TIME_S = 1.5  # of sampling, as in a calibration


def main(argv: Sequence[str] | None = None) -> int:
    asked = _parse(argv)
    folder = Path(asked.out)
    folder.mkdir(parents=True, exist_ok=True)
    calibration, truth = folder / "calibration.json", folder / "truth.json"
    threads = _numbers(asked.threads) if asked.device == "cpu" else None
    batches = _numbers(asked.batch_size)
    try:
        if asked.calibration:
            record = _read(Path(asked.calibration))
        elif calibration.exists():
            record = _read(calibration)
        else:
            record = calibrate(asked, threads, calibration)
        profiles = profiles_of(record)
        if not profiles:
            raise SystemExit("the calibration has too few nets")
        if not asked.nets:
            return 0
        if not asked.report:
            cases = choose(profiles, record, batches, asked.nets, asked.seed)
            measure_truth(cases, truth, asked.quick)
        for line in tables(profiles, record, _read(truth)):
            print(line)
    except InspectError as error:
        raise SystemExit(str(error)) from None
    return 0


def calibrate(asked: argparse.Namespace, threads: tuple[int, ...] | None, path: Path) -> Record:
    """The calibration's Record, which is saved once it is whole."""
    unfinished = path.with_suffix(".partial.json")
    way = Way(device=asked.device, precision=asked.precision, layout=asked.layout, mode=asked.mode, threads=threads)
    record = measure(way, asked.quick, 0, sys.argv, lambda record: _write(record, unfinished), _tell, _count)
    if is_interrupted(record):
        raise SystemExit(130)
    _write(record, path)
    unfinished.unlink(missing_ok=True)
    return record


def choose(
    profiles: Sequence[Profile], calibration: Record, batches: Sequence[int], nets: int, seed: int
) -> list[Case]:
    """Cases of ``nets`` nets that the calibration lacks, family by family; each net at two of the ways it can run.

    The ways are numbers of threads and batch sizes, and no call takes longer than ``LONGEST_S``.
    """
    ways = {conditions_of(calibration, result.case): result.case for result in calibration.results}
    likes = [(profile, ways[profile.conditions], batch) for batch in batches for profile in profiles]
    turns = cycle(range(len(likes)))
    cases: list[Case] = []
    chosen = 0
    for name in _unseen({net for profile in profiles for net in profile.nets}, seed):
        first = next(turns)
        fitting = []
        for way in range(len(likes)):
            profile, like, batch = likes[(first + way) % len(likes)]
            cases_by_size = (
                replace(like, model=name, batch_size=batch, input=(batch, 3, side, side)) for side in SIDES
            )
            short = next((case for case in cases_by_size if _seconds(profile, case) < LONGEST_S), None)
            fitting += [] if short is None else [short]
        # The next way of running, and the way most unlike it.
        pair = [fitting[0], max(fitting, key=lambda case: _unlike(case, fitting[0]))] if fitting else []
        cases += dict.fromkeys(pair)
        chosen += bool(pair)
        if chosen == nets:
            break
    return cases


def _unseen(seen: set[str], seed: int) -> list[str]:
    """The zoo's nets of photographs that are not ``seen``: a random one of each family, then a second, and so on."""
    families: dict[str, list[str]] = {}
    for variant in variants():
        of_any_size = variant.spec.input_size >= 64 and variant.spec.head != "attention"
        if of_any_size and variant.name not in seen:
            families.setdefault(variant.family, []).append(variant.name)
    rng = Random(seed)
    shuffled = [rng.sample(names, len(names)) for names in families.values()]
    return [name for turn in zip_longest(*shuffled) for name in turn if name is not None]


def _seconds(profile: Profile, case: Case) -> float:
    """What a call may take, also of a net that the profile would not predict."""
    graph = graph_of(case, sources.find(case.model))
    return seconds_of(features_of(graph, case.arithmetic, case.mode, case.kind == "cpu").amounts, profile.coefficients)


def _unlike(one: Case, other: Case) -> int:
    return (one.threads != other.threads) + (one.batch_size != other.batch_size)


def measure_truth(cases: Sequence[Case], path: Path, quick: bool) -> None:
    """Measure those of ``cases`` that the Record in ``path`` lacks, and add them to it as they end."""
    before = _read(path) if path.exists() else None
    done = tuple(result for result in before.results if result.stopped != "interrupted") if before else ()
    left = tuple(case for case in cases if case not in {result.case for result in done})
    if not left:
        return

    def save(record: Record) -> None:
        _write(replace(record, planned=len(done) + record.planned, results=(*done, *record.results)), path)

    nets = tuple(sources.find(name) for name in dict.fromkeys(case.model for case in left))
    min_time_s = None if quick else MIN_TIME_S
    request = Request(nets=nets, device=left[0].device, modes=(left[0].mode,), quick=True, min_time_s=min_time_s,
                      argv=tuple(sys.argv), cases=left)  # fmt: skip
    if is_interrupted(run(request, save, _tell, _count)):
        raise SystemExit(130)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Does a profile predict nets that it has not seen?")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision")
    parser.add_argument("--layout", default="contiguous")
    parser.add_argument("--mode", default="eager")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batch-size", default="1,8")
    parser.add_argument("--nets", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="prediction-results")
    parser.add_argument("--calibration")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--report", action="store_true")
    return parser.parse_args(argv)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _read(path: Path) -> Record:
    return from_json(path.read_text(encoding="utf-8"), str(path))


def _write(record: Record, path: Path) -> None:
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(to_json(record), encoding="utf-8")
    os.replace(unfinished, path)


def _tell(line: str) -> None:
    pass


def _count(ended: int, planned: int) -> None:
    print(f"\r{ended} of {planned} cases", end="" if ended < planned else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
