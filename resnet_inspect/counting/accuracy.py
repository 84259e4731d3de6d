"""Published accuracy on the 50,000 validation images of ImageNet-1k, one crop each, in percent.

A result is of trained weights, so it belongs to a recipe as much as to an architecture: timm's resnet50 reaches 76 to
80 % at 224 pixels by recipe alone. ``accuracy.csv`` holds, as read in November 2026,

* torchvision: the weights enums of torchvision 0.29.2;
* timm: ``results/results-imagenet.csv`` of huggingface/pytorch-image-models, with the weights' tags as recipes; those
  of RegNet, Res2Net, ResNeSt and a few others are the file's at commit 0173a13;
* He et al.: the README of KaimingHe/deep-residual-networks, for its Caffe models.

A name of the zoo has the results of every source: torchvision and timm build the same nets under the same names.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

TrainedOn = Literal["imagenet-1k", "any"]
TRAINED_ON: tuple[TrainedOn, ...] = get_args(TrainedOn)
TABLE = Path(__file__).with_name("accuracy.csv")

# part of a recipe's name -> what it was trained on in addition to ImageNet-1k
MORE_DATA = {
    "in12k": "ImageNet-12k",
    "in21k": "ImageNet-21k",
    "ig1b": "a billion Instagram images",
    "yfcc100m": "YFCC100M",
    "swag": "3.6 billion Instagram images",
    "seer": "a billion Instagram images",
    "distilled": "the outputs of a net that saw ImageNet-21k",
}


class Accuracy(NamedTuple):
    """What ``source`` published of weights trained by ``recipe``, seen at ``size`` × ``size`` pixels; in percent.

    A user's own run has its data as its source, and no top-5.
    """

    source: str
    recipe: str
    size: int
    top1: float
    top5: float | None

    @property
    def label(self) -> str:
        return f"{self.source} {self.recipe}"

    @property
    def more_data(self) -> str:
        """What the weights were trained on in addition to ImageNet-1k; empty where that was all."""
        return next((data for part, data in MORE_DATA.items() if part in self.recipe.lower()), "")


def results_of(name: str) -> tuple[Accuracy, ...]:
    """Every published result of a variant, as ``resnet50``, or of a library's net, as ``timm:resnet50.a1_in1k``."""
    library, _, net = name.rpartition(":")
    net, _, tag = net.partition(".")
    if tag and not library:
        return ()
    rows = (_read(line) for line in _lines().get(net, ()))
    return tuple(row for row in rows if library in ("", row.source) and tag in ("", row.recipe))


def highest(results: Iterable[Accuracy], side: int, trained_on: TrainedOn = "imagenet-1k") -> Accuracy | None:
    """The result with the highest top-1 at ``side`` × ``side`` pixels, by default of weights that saw no more data."""
    rows = (row for row in results if row.size == side and (trained_on == "any" or not row.more_data))
    return max(rows, key=lambda row: row.top1, default=None)


def best(name: str, shape: tuple[int, ...], trained_on: TrainedOn = "imagenet-1k") -> Accuracy | None:
    """``highest`` of a net's results at the size of the images ``shape``."""
    return highest(results_of(name), side_of(shape), trained_on)


def side_of(shape: tuple[int, ...]) -> int:
    """The side of square colour images N, 3, S, S; 0 where the images are others."""
    return shape[3] if len(shape) == 4 and shape[1] == 3 and shape[2] == shape[3] else 0


@cache
def _lines() -> dict[str, list[str]]:
    """The table's lines by the net's name, read when a question first asks."""
    lines: dict[str, list[str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        name, _, rest = line.partition(",")
        lines.setdefault(name, []).append(rest)
    return lines


def _read(line: str) -> Accuracy:
    source, recipe, size, top1, top5 = line.split(",")
    return Accuracy(source, recipe, int(size), float(top1), float(top5))
