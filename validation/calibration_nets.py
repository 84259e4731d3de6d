"""How was the list of `resnet_inspect/prediction/calibration_nets.py` made, and how good is it?

    python validation/calibration_nets.py

Prints the rows of the list, each with the mean variance that the predictions for the zoo's nets at 224 pixels and
batches of 1 and 8 have after it, for an error of 1 in each measurement; then how many of these nets are outside.

Each row is the net and size that lowers this variance most (V-optimal; Atkinson, Donev and Tobias 2007, chapter 10), or
brings in a kind of call that many nets have. No net comes more often than twice, and no call takes longer than
``LONGEST_S`` at the rates of a CPU with two cores. The nets of ASKED stand in the list anyway.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from resnet_inspect import sources
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.prediction.calibration_nets import ANCHOR, CALIBRATION, Workload
from resnet_inspect.prediction.features import features_of
from resnet_inspect.prediction.fit import units_of
from resnet_inspect.prediction.profile import seconds_of, shares_of
from resnet_inspect.resnet.zoo import variants

CPU = Ceilings(device="cpu", title="two cores", precision="fp32", flop_per_s=1.5e11, flop_spread=0.0, bytes_per_s=2e10,
               bytes_spread=0.0, source="about what two cores with AVX-512 reach")  # fmt: skip
UNITS = units_of(CPU)
LONGEST_S = 0.5
SIZES = (1, 224), (8, 224), (8, 128)
# What people ask for, and nets whose weights, calls or standardised weights have shares that the others lack.
ASKED = (
    Workload("resnet50", 8, 224),
    Workload("resnet20_cifar", 1, 32),
    Workload("tutorial_resnet18_cifar10", 1, 32),
    Workload("nf_resnet26", 1, 224),
    Workload("resnet50_gn", 8, 128),
    Workload("resnet152", 1, 224),
    Workload("wide_resnet50_2", 1, 224),
)
FIRST = 10  # rows that come before ASKED
KINDS_COUNT = 3.0  # times what a lower variance counts
DOUBT = 0.01  # of each coefficient, in measurements: the pull of the fit


class Candidate(NamedTuple):
    """A net at a size: its shares of work by class, the kinds of call that matter in it, and seconds of a call."""

    shares: np.ndarray
    kinds: frozenset[str]
    seconds: float


def candidate(workload: Workload) -> Candidate:
    net, batch, side = workload
    features = features_of(sources.graph_of(sources.find(net), (batch, 3, side, side)), "fp32", "eager")
    row = np.array([*shares_of(features.amounts, UNITS).values()])
    return Candidate(row, features.material, seconds_of(features.amounts, UNITS))


def choose(candidates: dict[Workload, Candidate], targets: Sequence[Candidate], count: int) -> list[Workload]:
    """``count`` workloads in the order of what each adds to those before it, ANCHOR and ASKED among these."""
    chosen, found = [ANCHOR, *ASKED], list[Workload]()
    while len(found) < count:
        worth = worths(candidates, targets, [candidates[each] for each in chosen])
        often = Counter(each.net for each in chosen)
        allowed = (w for w, each in candidates.items() if each.seconds < LONGEST_S and often[w.net] < 2)
        best = max((w for w in allowed if w not in chosen and w.side > 32), key=worth.__getitem__)
        chosen.append(best)
        found.append(best)
    return [*found[:FIRST], *ASKED, *found[FIRST:]]


def worths(
    candidates: dict[Workload, Candidate], targets: Sequence[Candidate], chosen: Sequence[Candidate]
) -> dict[Workload, float]:
    """By how much each candidate lowers the variance after ``chosen``, and the share of targets whose kinds it adds."""
    inverse = np.linalg.inv(information(chosen))
    before = variances(targets, inverse).sum()
    rows = np.array([target.shares for target in targets])
    missing = [target.kinds - frozenset[str]().union(*(each.kinds for each in chosen)) for target in targets]
    worth = dict[Workload, float]()
    for workload, (row, kinds, _) in candidates.items():
        moved = inverse @ row
        lowered = ((rows @ moved) ** 2).sum() / (1 + row @ moved)
        brought = sum(bool(kind) and kind <= kinds for kind in missing)
        worth[workload] = float(lowered / before + KINDS_COUNT * brought / len(targets))
    return worth


def information(rows: Sequence[Candidate]) -> np.ndarray:
    shares = np.array([row.shares for row in rows])
    return np.asarray(shares.T @ shares + DOUBT * np.eye(len(UNITS)))


def variances(targets: Sequence[Candidate], inverse: np.ndarray) -> np.ndarray:
    rows = np.array([target.shares for target in targets])
    return np.asarray(np.einsum("ij,jk,ik->i", rows, inverse, rows))


def main() -> None:
    specs = {variant.name: variant.spec for variant in variants()}
    # A head of attention takes images of one size alone.
    names = [name for name, spec in specs.items() if spec.input_size >= 64 and spec.head != "attention"]
    workloads = [Workload(name, batch, side) for name in names for batch, side in SIZES]
    candidates = {workload: candidate(workload) for workload in (*workloads, *ASKED)}
    targets = [each for workload, each in candidates.items() if workload.side == 224]
    measured = [candidates[ANCHOR]]
    for workload in choose(candidates, targets, len(CALIBRATION) - len(ASKED)):
        measured.append(candidates[workload])
        mean = variances(targets, np.linalg.inv(information(measured))).mean()
        kept = "" if workload in CALIBRATION else ", not in the list"
        print(f'    Workload("{workload.net}", {workload.batch}, {workload.side}),  # {mean:.3f}{kept}')
    seen = frozenset[str]().union(*(each.kinds for each in measured))
    print(f"{sum(not target.kinds <= seen for target in targets)} of {len(targets)} have a kind that no net here has")


if __name__ == "__main__":
    main()
