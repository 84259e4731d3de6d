"""Times of nets on a machine whose coefficients are known, without a benchmark."""

import random
from collections.abc import Mapping, Sequence
from math import exp

from resnet_inspect.graph import Graph
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.prediction.features import features_of
from resnet_inspect.prediction.profile import Conditions, Sample, seconds_of
from resnet_inspect.sources import find, graph_of

NETS = (
    "resnet18", "resnet34", "resnet50", "resnet101", "wide_resnet50_2", "resnext50_32x4d", "resnet50d", "seresnet50",
)  # fmt: skip
FURTHER = ("resnet152", "wide_resnet101_2", "resnext50d_32x4d", "resnet34d", "seresnet34", "resnet26d", "seresnet101")
EAGER = Conditions(device="cuda", precision="amp-fp16", layout="channels_last", mode="eager", torch="2.15")
SHEET = Ceilings(
    device="t4", title="Tesla T4", precision="fp16", flop_per_s=65e12, flop_spread=0.0, bytes_per_s=320e9,
    bytes_spread=0.0, source="a data sheet",
)  # fmt: skip
# Seconds a FLOP, byte or call of a machine that is no model's: 2 to 5 times what the sheet allows.
PLANTED: Mapping[str, float] = {
    "conv3x3": 3e-14, "conv1x1": 5e-14, "dilated": 9e-14, "grouped": 4e-14, "depthwise": 9e-14, "stem": 4e-14,
    "linear": 5e-14, "products": 5e-14, "weights": 6e-12, "standardized": 6e-12, "activations": 5e-12,
    "pointwise": 4e-12, "norms": 9e-12, "blur": 9e-12, "large": 0.0, "calls": 5e-6,
}  # fmt: skip


def net(name: str, size: int = 224, batch_size: int = 32) -> Graph:
    return graph_of(find(name), (batch_size, 3, size, size))


def sample(name: str, size: int, noise: float = 0.0, batch_size: int = 32) -> Sample:
    """A net's time on the planted machine."""
    shape = (batch_size, 3, size, size)
    features = features_of(net(name, size, batch_size), "fp16", "eager")
    return Sample(name, shape, features, seconds_of(features.amounts, PLANTED) * exp(noise))


def noisy(names: Sequence[str], rng: random.Random, sigma: float) -> list[Sample]:
    return [sample(name, size, rng.gauss(0, sigma)) for name in names for size in (192, 256)]
