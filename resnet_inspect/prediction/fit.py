"""Fit a profile to the times of a few nets.

The coefficients are the non-negative least squares of relative errors, each sample weighted by its own interval, drawn
weakly towards what the ceilings allow: a class of work that no net isolates keeps that. The interval comes of leaving
out one net at a time (jackknife; Barber et al. 2021, doi:10.1214/20-AOS1965), whose errors are first divided by what
the net's leverage adds to them, as in studentised residuals.
"""

from collections.abc import Mapping, Sequence
from math import ceil, log, sqrt

from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.prediction.features import BYTE_CLASSES, CLASSES, FLOP_CLASSES, ORDINARY, WorkClass
from resnet_inspect.prediction.matrices import Matrix, Vector, inverse, quadratic
from resnet_inspect.prediction.nnls import nnls
from resnet_inspect.prediction.profile import (
    Conditions,
    Origin,
    Profile,
    Residual,
    Sample,
    beyond,
    seconds_of,
    shares_of,
)

FEWEST = 4  # nets: each is left out once, and the others must still say something
REACHED = 0.7  # of both peaks: inductor's and autoparallel's estimates of what kernels reach
CALL_S = 4e-6  # of a launch, by the same
# Without ceilings: FLOP and calls that take as long as a byte, as on a common GPU or CPU within a factor of three.
FLOP_PER_BYTE, BYTES_PER_CALL = 50.0, 1e6
# How much longer a FLOP or byte takes there than elsewhere: these kernels reach less, no cache holds the weights, and
# batch_norm reads weights twice and writes what the convolution reads.
SLOWER: dict[WorkClass, float] = {
    "grouped": 2.0, "stem": 2.0, "dilated": 2.0, "depthwise": 4.0, "weights": 2.0, "standardized": 4.0, "large": 0.5,
}  # fmt: skip
PULL = 0.02  # weight of the pull towards the units, in samples
CONFIDENCE = 0.9
NOWHERE = Origin()
RARE = 0.15  # of the nets, or one: a kind of call that no more have is rare
UNTESTED = 0.5  # a second GroupNorm or blur net took up to 1.6 times what the first let expect, in timm's tables
LEAST_SPREAD = 0.08  # as a logarithm: what changes between two days
EXACT = 0.05  # a sample's interval counts as at least this: the model errs by more, and a longer call is no surer


def fit(
    samples: Sequence[Sample],
    conditions: Conditions,
    ceilings: Ceilings | None = None,
    reference_ms: float | None = None,
    origin: Origin = NOWHERE,
) -> Profile:
    """The profile of ``samples``, taken under ``conditions``.

    Raises:
        RequestError: there are fewer than ``FEWEST`` nets.
    """
    nets = [*dict.fromkeys(sample.name for sample in samples)]
    if len(nets) < FEWEST:
        raise RequestError(f"a profile needs {FEWEST} nets or more, got {len(nets)}", hint="calibrate with more nets")
    units = _scaled(samples, units_of(ceilings))
    weights = _weights(samples)
    rows = [_row(sample, units) for sample in samples]
    parts = {net: _gram(rows, weights, [s.name == net for s in samples]) for net in nets}
    whole = _gram(rows, weights, [True] * len(samples))
    coefficients, covariance = _solved(*whole, units)
    residuals, errors = list[Residual](), {net: list[float]() for net in nets}
    for net in nets:
        without, covariance_without = _solved(*_minus(whole, parts[net]), units)
        of_net = [(sample, row) for sample, row in zip(samples, rows, strict=True) if sample.name == net]
        for sample, row in of_net:
            predicted = seconds_of(sample.features.amounts, without)
            residuals.append(Residual(net, sample.input, 1e3 * sample.seconds, 1e3 * predicted))
            scale = sample.seconds / predicted  # rows count in the measured time, leverage in the predicted one
            leverage = quadratic([value * scale for value in row], covariance_without)
            errors[net].append(abs(log(scale)) / sqrt(1 + leverage))
    names, all_shares = [s.name for s in samples], [shares_of(s.features.amounts, units) for s in samples]
    spread, kind_spreads = _spreads(samples, errors, _extremes(names, all_shares))
    return Profile(
        conditions=conditions,
        coefficients=coefficients,
        units=units,
        covariance=tuple(map(tuple, covariance)),
        spread=spread,
        kind_spreads=kind_spreads,
        shares=_largest(all_shares),
        kinds=frozenset[str]().union(*(sample.features.kinds for sample in samples)),
        samples=tuple(samples),
        residuals=tuple(residuals),
        host_s_per_call=_host(samples),
        ceilings=ceilings,
        reference_ms=reference_ms,
        origin=origin,
    )


def _extremes(names: Sequence[str], shares: Sequence[Mapping[WorkClass, float]]) -> set[str]:
    """The nets that would be outside if the others alone were fitted; ``shares`` are of a sample of each name."""
    extremes = set[str]()
    for net in {*names}:
        most = _largest([each for name, each in zip(names, shares, strict=True) if name != net])
        if any(beyond(each, most) for name, each in zip(names, shares, strict=True) if name == net):
            extremes.add(net)
    return extremes


def _largest(shares: Sequence[Mapping[WorkClass, float]]) -> dict[str, float]:
    """The largest share of each class."""
    return {name: max(each[name] for each in shares) for name in CLASSES}


def _spreads(
    samples: Sequence[Sample], errors: Mapping[str, Sequence[float]], extremes: set[str]
) -> tuple[float, dict[str, float]]:
    """The quantile of the errors of nets without a rare kind of call, and of each rare kind's where that is larger.

    An odd kind that one net alone has is fitted to that net, and nothing tells how another fares: ``UNTESTED``. Errors
    of ``extremes`` are of nets that a profile without them would not predict.
    """
    holders = dict[str, set[str]]()
    for sample in samples:
        for kind in sample.features.kinds:
            holders.setdefault(kind, set()).add(sample.name)
    rare = {kind: nets for kind, nets in holders.items() if len(nets) <= max(1, RARE * len(errors))}
    odd = set[str]().union(*rare.values())
    if len(extremes | odd) <= len(errors) / 2:  # of few nets, each may be unlike the others
        odd |= extremes
    common = [error for net, of_net in errors.items() if net not in odd or len(odd) == len(errors) for error in of_net]
    spread = max(LEAST_SPREAD, quantile(common))
    of_kinds = {kind: quantile([error for net in nets for error in errors[net]]) for kind, nets in rare.items()}
    untested = (kind for kind, nets in rare.items() if len(nets) == 1 and kind not in ORDINARY)
    of_kinds |= {kind: max(UNTESTED, of_kinds[kind]) for kind in untested}
    return spread, {kind: of_kind for kind, of_kind in of_kinds.items() if of_kind > spread}


def units_of(ceilings: Ceilings | None) -> dict[str, float]:
    """Seconds of a FLOP, byte or call that the ceilings let expect; without ceilings, in proportion."""
    flop_s, byte_s, call_s = 1 / FLOP_PER_BYTE, 1.0, BYTES_PER_CALL
    if ceilings is not None:
        flop_s, byte_s, call_s = 1 / (REACHED * ceilings.flop_per_s), 1 / (REACHED * ceilings.bytes_per_s), CALL_S
    units = {name: flop_s if name in FLOP_CLASSES else byte_s if name in BYTE_CLASSES else call_s for name in CLASSES}
    return {name: unit * SLOWER.get(name, 1.0) for name, unit in units.items()}


def quantile(errors: Sequence[float]) -> float:
    """The error that ``CONFIDENCE`` of further ones keep to, by rank; the largest where there are too few."""
    rank = ceil(CONFIDENCE * (len(errors) + 1))
    return sorted(errors)[min(rank, len(errors)) - 1]


def _scaled(samples: Sequence[Sample], units: Mapping[str, float]) -> dict[str, float]:
    """``units`` times the constant with the least squares of relative errors."""
    ratios = [seconds_of(sample.features.amounts, units) / sample.seconds for sample in samples]
    scale = sum(ratios) / sum(ratio * ratio for ratio in ratios)
    return {name: unit * scale for name, unit in units.items()}


def _weights(samples: Sequence[Sample]) -> Vector:
    """Inverse variances of the samples, 1 in the mean."""
    weights = [1 / max(sample.interval, EXACT) ** 2 for sample in samples]
    mean = sum(weights) / len(weights)
    return [weight / mean for weight in weights]


def _row(sample: Sample, units: Mapping[str, float]) -> Vector:
    """What each class takes in its units, as a share of the sample's time."""
    return [sample.features.amounts[name] * units[name] / sample.seconds for name in CLASSES]


Sums = tuple[Matrix, Vector]


def _gram(rows: Sequence[Vector], weights: Vector, chosen: Sequence[bool]) -> Sums:
    """XᵀWX and XᵀW1 of the chosen rows."""
    size = range(len(CLASSES))
    kept = [(row, weight) for row, weight, keep in zip(rows, weights, chosen, strict=True) if keep]
    gram = [[sum(w * row[i] * row[j] for row, w in kept) for j in size] for i in size]
    return gram, [sum(w * row[i] for row, w in kept) for i in size]


def _minus(whole: Sums, part: Sums) -> Sums:
    gram = [[a - b for a, b in zip(x, y, strict=True)] for x, y in zip(whole[0], part[0], strict=True)]
    return gram, [a - b for a, b in zip(whole[1], part[1], strict=True)]


def _solved(gram: Matrix, moment: Vector, units: Mapping[str, float]) -> tuple[dict[str, float], Matrix]:
    """The coefficients, and the inverse of the matrix that gave them, with the pull towards 1 in each unit."""
    pulled = [[value + PULL * (i == j) for j, value in enumerate(line)] for i, line in enumerate(gram)]
    found = nnls(pulled, [value + PULL for value in moment])
    return {name: value * units[name] for name, value in zip(CLASSES, found, strict=True)}, inverse(pulled)


def _host(samples: Sequence[Sample]) -> float:
    """Seconds of one call on the host, by the least squares of relative errors; 0 where no sample tells."""
    ratios = [s.features.amounts["calls"] / s.enqueue_s for s in samples if s.enqueue_s is not None]
    return sum(ratios) / sum(ratio * ratio for ratio in ratios) if any(ratios) else 0.0
