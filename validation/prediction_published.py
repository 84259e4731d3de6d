"""How far does a profile of a published table lie from the times of nets that it has not seen?

    python validation/prediction_published.py [--seeds 5] [--test 40]

Fits timm's two tables in tests/reference/timm_speed.csv: six, eight and 24 chosen nets against random others that were
held out first, and every net against all the others. Next to it stand MACs × a constant and floor × a constant, fitted
to the same nets and judged by the same rows. Nothing is measured; it takes about five minutes.

Reading the table: errors are of rows inside the calibration, an error is predicted over published, less one. "worst
outside" is the largest error that the coefficients would have made where the profile gave a reason and no number.
"""

import argparse
import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.prediction.fit import fit
from resnet_inspect.prediction.judge import Judged, accuracy, judge
from resnet_inspect.prediction.profile import Profile, Sample, seconds_of
from resnet_inspect.prediction.published import calibrate_from
from resnet_inspect.prediction.published_times import lowered, read_times, samples_of
from resnet_inspect.vocabulary import Precision

SPEED = Path(__file__).parent.parent / "tests" / "reference" / "timm_speed.csv"
TABLES = {
    "i7-12700H fp32 compiled, batch 1": ("cpu-i7_12700h-dynamo", (None, "fp32", "contiguous", "compile")),
    "RTX 3090 amp eager, batch 1024": (
        "amp-nhwc-pt240-cu124-rtx3090",
        ("rtx3090", "amp-fp16", "channels_last", "eager"),
    ),
}
HEADER = (
    f"{'table':33} {'nets':>12} {'median':>7} {'p90':>6} {'worst':>6} {'cover':>6} {'outside':>8} {'worst there':>12}"
    f" {'MACs × c':>9} {'floor × c':>10}"
)


@dataclass(frozen=True, slots=True)
class Trial:
    """A profile and rows of nets that it has not seen."""

    profile: Profile
    judged: Sequence[Judged]


def main() -> None:
    parser = argparse.ArgumentParser(description="The truth of predictions from published tables.")
    parser.add_argument("--seeds", type=int, default=5, help="random choices of nets that are held out")
    parser.add_argument("--test", type=int, default=40, help="nets that each holds out")
    asked = parser.parse_args()
    print(HEADER)
    with tempfile.TemporaryDirectory() as folder:
        for title, (source, conditions) in TABLES.items():
            path = _table(source, Path(folder))
            for nets in (6, 8, 24):
                trials = [_held_out(path, conditions, asked.test, nets, seed) for seed in range(asked.seeds)]
                _print(title, f"{nets} chosen", trials)
            _print(title, "each left out", [*_each_left_out(path, conditions)])


def _table(source: str, folder: Path) -> Path:
    """The rows of one of timm's files, as a file of its own."""
    with SPEED.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if source in row["source_file"]]
    path = folder / f"{source}.csv"
    with path.open("w", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def _held_out(path: Path, conditions: tuple[str | None, ...], test: int, nets: int, seed: int) -> Trial:
    made = calibrate_from(str(path), *conditions, test=test, nets=nets, seed=seed)  # type: ignore[arg-type]  # a row of conditions
    return Trial(made.profile, made.held_out)


def _each_left_out(path: Path, conditions: tuple[str | None, ...]) -> Iterator[Trial]:
    like = calibrate_from(str(path), *conditions).profile  # type: ignore[arg-type]  # a row of conditions
    samples, _ = samples_of(read_times(str(path)), like.conditions)
    for name in dict.fromkeys(sample.name for sample in samples):
        others = [sample for sample in samples if sample.name != name]
        profile = fit(others, like.conditions, like.ceilings)
        yield Trial(profile, judge(profile, [sample for sample in samples if sample.name == name]))


def _print(title: str, nets: str, trials: Sequence[Trial]) -> None:
    judged = [each for trial in trials for each in trial.judged]
    outside = [each for each in judged if each.error is None]
    would = [
        seconds_of(each.sample.features.amounts, trial.profile.coefficients) / each.sample.seconds - 1
        for trial in trials
        for each in trial.judged
        if each.error is None
    ]
    reached = accuracy(judged)
    print(
        f"{title:33} {nets:>12} {_share(reached.median_error, 7)} {_share(reached.p90_error, 6)}"
        f" {_share(reached.worst_error, 6)} {_share(reached.coverage, 6)} {len(outside):4}/{len(judged):<4} "
        f"{_share(max(map(abs, would), default=None), 11)} {_share(_by_macs(trials), 9)}"
        f" {_share(_by_floor(trials), 10)}"
    )


@cache
def _macs(name: str, input: tuple[int, ...]) -> float:
    return float(work_of(lowered(name, input)).macs)


@cache
def _floor_s(name: str, input: tuple[int, ...], device: str, precision: Precision) -> float:
    return floors_ms(lowered(name, input), find_device(device), precision)[0] / 1e3


def _by_macs(trials: Sequence[Trial]) -> float:
    """The median error of MACs × a constant."""
    return _median_error(trials, lambda sample: _macs(sample.name, sample.input))


def _by_floor(trials: Sequence[Trial]) -> float | None:
    """The median error of the floor × a constant; None without ceilings."""
    profile = trials[0].profile
    if profile.ceilings is None:
        return None
    device, precision = profile.conditions.device, profile.conditions.arithmetic
    return _median_error(trials, lambda sample: _floor_s(sample.name, sample.input, device, precision))


def _median_error(trials: Sequence[Trial], cost: Callable[[Sample], float]) -> float:
    """Of a cost times the constant that fits a trial's calibration nets, on the rows inside the calibration."""
    errors = []
    for trial in trials:
        constant = median(sample.seconds / cost(sample) for sample in trial.profile.samples)
        inside = (each.sample for each in trial.judged if each.error is not None)
        errors += [abs(constant * cost(sample) / sample.seconds - 1) for sample in inside]
    return median(errors)


def _share(value: float | None, width: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{100 * value:{width - 1}.1f}%"


if __name__ == "__main__":
    main()
