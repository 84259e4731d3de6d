"""How a net is trained, as data: a TOML file, checked at the border."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import cos, pi
from typing import Annotated, Any, Literal

from resnet_inspect.errors import RequestError
from resnet_inspect.toml_files import read_toml
from resnet_inspect.typed_json import OPTIONAL, Rule, Size, decode, encode
from resnet_inspect.vocabulary import Optimizer

NAMES = ("tutorial", "modern")

_above_0: Rule = (lambda number: number > 0, "a number above 0")
_from_0: Rule = (lambda number: number >= 0, "a number from 0")
_share: Rule = (lambda number: 0 <= number < 1, "a number from 0 to below 1")
_padding: Rule = (lambda number: 0 <= number <= 1024, "a whole number from 0 to 1024")
_each_above_0: Rule = (lambda numbers: numbers and min(numbers) > 0, "a list of numbers above 0")
_accuracy: Rule = (lambda number: 0 <= number <= 1, "a number from 0 to 1")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides how a net is trained, apart from the net, its data and its seed.

    Attributes:
        lr: the largest learning rate; ``lr_factor`` scales it.
        decay_norms: whether weight decay reaches norms and biases, too.
        schedule: ``inverse`` is 1/(epoch + 1), ``cosine`` falls to 0 after a linear warm-up.
        warmup_share: part of all steps that warms up.
        ema_decay: decay of an average of the weights, which is then evaluated; 0 keeps none.
        crop_padding: pixels of zeros around an image before a part of it is cropped.
        mean, std: of each channel, for pixels from 0 to 1.
        reached: test accuracy that the recipe's source reports.
    """

    optimizer: Optimizer
    lr: Annotated[float, _above_0]
    momentum: Annotated[float, _share]
    weight_decay: Annotated[float, _from_0]
    decay_norms: bool
    schedule: Literal["inverse", "cosine"]
    warmup_share: Annotated[float, _share]
    epochs: Size
    batch_size: Size
    label_smoothing: Annotated[float, _share]
    ema_decay: Annotated[float, _share]
    shuffle: bool
    crop_padding: Annotated[int, _padding]
    flip: bool
    mean: tuple[float, ...]
    std: Annotated[tuple[float, ...], _each_above_0]
    reached: Annotated[float, _accuracy] | None = field(default=None, metadata=OPTIONAL)


def load(name: str, settings: Sequence[str] = ()) -> Recipe:
    """The recipe of that name, or in that TOML file, with every ``field=value`` of ``settings`` applied.

    Raises:
        RequestError: there is no such recipe, or a field is missing, unknown or out of range.
    """
    values = _read(name)
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or key not in _fields():
            raise RequestError(f"--set-recipe {text}: no field of a recipe", hint=f"FIELD=VALUE with {_fields_hint()}")
        values[key] = _value(value)
    return _checked(name, values)


def change(recipe: Recipe, epochs: int | None, batch_size: int | None) -> Recipe:
    """The recipe with another number of epochs or another batch size.

    Raises:
        RequestError: one of them is below 1.
    """
    given = {"epochs": epochs, "batch_size": batch_size}
    for name, number in given.items():
        if number is not None and (not isinstance(number, int) or number < 1):
            option = name.replace("_", "-")
            raise RequestError(f"--{option} {number!r} is not a whole number from 1", hint=f"as --{option} 10")
    return replace(recipe, **{name: number for name, number in given.items() if number is not None})  # type: ignore[arg-type]  # whole numbers


def dump(recipe: Recipe) -> str:
    """TOML that ``load`` reads back to the same recipe."""
    values: Mapping[str, Any] = encode(recipe)
    return "".join(f"{name} = {_toml(value)}\n" for name, value in values.items())


def lr_factor(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The factor of the learning rate in a step, counted from 0 over all epochs.

    The cosine is that of Loshchilov and Hutter (2017, arXiv:1608.03983), without restarts.
    """
    if recipe.schedule == "inverse":
        return 1 / (step // steps_per_epoch + 1)
    total = recipe.epochs * steps_per_epoch
    warmup = round(recipe.warmup_share * total)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + cos(pi * (step - warmup) / (total - warmup)))


def _read(name: str) -> dict[str, Any]:
    """The values of a recipe of ours or of a file.

    Raises:
        RequestError: the file cannot be read, or is not TOML.
    """
    known = name.lower() in NAMES
    path = os.path.join(os.path.dirname(__file__), "recipes", f"{name.lower()}.toml") if known else name
    if not (known or name.lower().endswith(".toml")):
        raise RequestError(f"unknown recipe {name!r}", hint=f"{', '.join(NAMES)}, or a file as mine.toml")
    return read_toml(path, f"{', '.join(NAMES)}, or a file that exists", "a run writes its recipe.toml as an example")


def _checked(name: str, values: Mapping[str, Any]) -> Recipe:
    unknown = values.keys() - _fields()
    if unknown:
        raise RequestError(f"recipe {name}: unknown field {min(unknown)!r}", hint=_fields_hint())
    try:
        recipe = decode(Recipe, dict(values))
    except ValueError as error:
        raise RequestError(
            f"recipe {name}: {error}", hint="as --set-recipe lr=0.02 --set-recipe shuffle=true"
        ) from None
    if len(recipe.mean) != len(recipe.std):
        raise RequestError(
            f"recipe {name}: mean has {len(recipe.mean)} channels, std {len(recipe.std)}", hint="give both as many"
        )
    return recipe


def _fields() -> set[str]:
    return {each.name for each in fields(Recipe)}


def _fields_hint() -> str:
    return f"one of {', '.join(each.name for each in fields(Recipe))}"


def _value(text: str) -> Any:
    """The TOML value in ``text``, or the text itself where it is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, KeyError, RecursionError):
        return text


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'  # a choice, with nothing to escape
        case _:
            return str(value)
