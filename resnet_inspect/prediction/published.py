"""A profile of a published table: nets held out at random, others chosen and fitted, the rest to judge by."""

import random
from dataclasses import dataclass
from pathlib import Path

from resnet_inspect.benchmark.case import ARITHMETIC
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.prediction.design import choose_nets
from resnet_inspect.prediction.fit import FEWEST, fit
from resnet_inspect.prediction.judge import Judged, judge
from resnet_inspect.prediction.profile import Conditions, Origin, Profile
from resnet_inspect.prediction.published_times import read_times, samples_of
from resnet_inspect.units import counted
from resnet_inspect.vocabulary import Layout, Mode, Precision, RunPrecision

USUAL_NETS = 24  # of timm's tables, more make the errors of the others hardly smaller


@dataclass(frozen=True, slots=True)
class Fitted:
    """A profile, the rows of nets that it has not seen, and the names that are no nets of the zoo."""

    profile: Profile
    held_out: tuple[Judged, ...]
    left_out: tuple[str, ...]


def calibrate_from(
    path: str,
    device_like: str | None = None,
    precision: RunPrecision | None = None,
    layout: Layout = "contiguous",
    mode: Mode = "eager",
    threads: int | None = None,
    test: int | None = None,
    nets: int | None = None,
    seed: int = 0,
    argv: tuple[str, ...] = (),
) -> Fitted:
    """As ``api.prediction.calibrate_from``, which describes the arguments.

    Raises:
        RequestError: the table cannot be read or has too few nets, or no data sheet gives the device's peak.
    """
    ceilings, precision = _sheet(device_like, precision)
    conditions = Conditions(
        device=device_like or "published",
        precision=precision,
        layout=layout,
        mode=mode,
        threads=threads,
        machine=ceilings.title if ceilings else "",
    )
    samples, left_out = samples_of(read_times(path), conditions)
    names = sorted({sample.name for sample in samples})
    held_out = _held_out(names, test, seed, path)
    rest = [sample for sample in samples if sample.name not in held_out]
    count = min(USUAL_NETS, len(names) - len(held_out)) if nets is None else nets
    most = len(names) - len(held_out)
    if not FEWEST <= count <= most:
        have = f"{path} has {counted(len(names), 'net')} of the zoo"
        if held_out:
            have += f", and --test holds out {len(held_out)}"
        range_of_nets = f"--nets {FEWEST} to {most}" if most > FEWEST else f"a profile needs {FEWEST} nets of the zoo"
        raise RequestError(f"{have}: {count} cannot be fitted", hint=range_of_nets)
    chosen = set(choose_nets([(sample.name, sample.features) for sample in rest], count, ceilings))
    origin = Origin(argv=argv, source=Path(path).name)
    profile = fit([sample for sample in rest if sample.name in chosen], conditions, ceilings, origin=origin)
    unseen = held_out or set(names) - chosen
    judged = judge(profile, [sample for sample in samples if sample.name in unseen])
    return Fitted(profile, tuple(judged), tuple(left_out))


def _sheet(device: str | None, precision: RunPrecision | None) -> tuple[Ceilings | None, RunPrecision]:
    """The ceilings of a device's data sheet, and the precision: by default the usual one there."""
    if device is None:
        return None, precision or "fp32"
    sheet = find_device(device)
    run_in = precision or sheet.precision
    arithmetic: Precision = ARITHMETIC[run_in]
    ceilings = Ceilings(
        device=sheet.name,
        title=sheet.title,
        precision=arithmetic,
        flop_per_s=sheet.peak(arithmetic),
        flop_spread=0.0,
        bytes_per_s=sheet.bandwidth,
        bytes_spread=0.0,
        source=sheet.source,
    )
    return ceilings, run_in


def _held_out(names: list[str], test: int | None, seed: int, path: str) -> set[str]:
    """``test`` random nets.

    Raises:
        RequestError: the others would be too few to fit.
    """
    if test is None:
        return set()
    if not 0 < test <= len(names) - FEWEST:
        raise RequestError(
            f"--test {test}: {path} has {counted(len(names), 'net')} of the zoo, and a fit needs {FEWEST}",
            hint=f"hold out 1 to {max(1, len(names) - FEWEST)}",
        )
    return set(random.Random(seed).sample(names, test))
