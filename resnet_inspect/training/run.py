"""A run: the net, its data, its recipe and how it is executed; and an epoch of it, as the files keep them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from resnet_inspect.errors import RequestError
from resnet_inspect.training.recipe import Recipe
from resnet_inspect.typed_json import LENIENT, Count, JsonObject, Size
from resnet_inspect.vocabulary import Layout, TrainingMode, TrainingPrecision


@dataclass(frozen=True, kw_only=True)
class Run:
    """Everything that decides the weights at the end of a run, apart from the machine.

    Attributes:
        source: what the net is made of, as a worker's job.
        recipe_name: its name, with what was changed.
        data: as ``--data`` names it.
        image: C, H, W of what the net sees.
        workers: processes that load images; 0 loads in the process that trains. Each draws its own random numbers.
        world_size: processes that train, each with the recipe's batch.
    """

    model: str
    source: JsonObject
    recipe_name: str
    recipe: Recipe
    data: str
    image: tuple[Size, ...]
    precision: TrainingPrecision
    layout: Layout
    mode: TrainingMode
    seed: Count
    workers: Count
    world_size: Size = field(default=1, metadata=LENIENT)

    @property
    def name(self) -> str:
        """A folder's name for it."""
        return re.sub(r"[^\w.=+-]+", "_", self.model).strip("._") or "net"


@dataclass(frozen=True, slots=True)
class Epoch:
    """What came of an epoch, counted from 1. Losses are means over images; ``seconds`` are of training alone."""

    epoch: int
    train_loss: float
    test_loss: float
    test_accuracy: float
    learning_rate: float
    seconds: float
    images_per_s: float


def refuse_other(asked: Run, saved: Run, where: str) -> None:
    """Raise an error unless ``saved``, which lies in ``where``, is the run that was asked for.

    Raises:
        RequestError: it names the first difference.
    """
    for name, wanted, kept in _values(asked, saved):
        if wanted != kept:
            raise RequestError(
                f"{where} holds a run with {name} {_shown(kept)}, not {_shown(wanted)}",
                hint="resume with the options that it began with, or give -o another folder",
            )


def _values(one: Run, other: Run) -> Iterator[tuple[str, object, object]]:
    """What decides the weights of both: the fields of the runs, then those of their recipes."""
    for each in fields(Run):
        if each.name not in ("recipe", "recipe_name"):
            yield each.name, getattr(one, each.name), getattr(other, each.name)
    for each in fields(Recipe):
        yield each.name, getattr(one.recipe, each.name), getattr(other.recipe, each.name)


def _shown(value: object) -> str:
    return value if isinstance(value, str) and len(value) < 80 else str(value)[:76] + " …" * (len(str(value)) > 76)
