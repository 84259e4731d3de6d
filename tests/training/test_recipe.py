"""Recipes as data: read, checked, changed and written; learning rates against torch's own schedulers."""

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from resnet_inspect.errors import RequestError
from resnet_inspect.training.recipe import NAMES, Recipe, change, dump, load, lr_factor

STEPS = 7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("settings", [(), ("lr=0.02", "shuffle=true", "mean=[0.5, 0.5, 0.5]", "schedule=cosine")])
def test_a_recipe_is_written_as_it_is_read(name: str, settings: tuple[str, ...], tmp_path: Path) -> None:
    recipe = load(name, settings)
    (tmp_path / "mine.toml").write_text(dump(recipe), encoding="utf-8")
    assert load(str(tmp_path / "mine.toml")) == recipe
    if settings:
        assert (recipe.lr, recipe.shuffle, recipe.mean, recipe.schedule) == (0.02, True, (0.5, 0.5, 0.5), "cosine")


def test_the_tutorials_recipe_is_the_tutorials() -> None:
    recipe = load("tutorial")
    assert (recipe.optimizer, recipe.lr, recipe.batch_size, recipe.epochs) == ("adam", 0.01, 64, 50)
    assert (recipe.weight_decay, recipe.label_smoothing, recipe.ema_decay, recipe.shuffle) == (0, 0, 0, False)
    assert (recipe.crop_padding, recipe.flip, recipe.reached) == (4, True, 0.8216)


@pytest.mark.parametrize(
    "settings",
    [
        *(f"{name}={value}" for name in ("lr", "epochs", "batch_size") for value in ("0", "-1", "nan", "inf", "many")),
        *(f"{name}={value}" for name in ("momentum", "ema_decay", "label_smoothing") for value in ("1", "-0.1", "x")),
        *("optimizer=lion", "schedule=", "std=[0, 1, 1]", "std=[]", "std=[1]", "mean=3", "shuffle=1", "flip=maybe"),
        *(
            "epochs=1.5",
            "crop_padding=-1",
            "crop_padding=99999",
            "weight_decay=-1",
            "reached=2",
            "nope=1",
            "lr",
            "=",
            "",
        ),
    ],
)
def test_a_field_out_of_range_is_refused_in_one_line(settings: str) -> None:
    with pytest.raises(RequestError) as refused:
        load("tutorial", [settings])
    assert "\n" not in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("name", ["nope", "nope.toml", "", "\0.toml"])
def test_a_recipe_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(RequestError) as refused:
        load(name)
    assert refused.value.hint


@pytest.mark.parametrize("field", [each.name for each in fields(Recipe) if each.name != "reached"])
def test_a_file_without_a_field_is_refused_by_its_name(field: str, tmp_path: Path) -> None:
    lines = dump(load("modern")).splitlines()
    (tmp_path / "mine.toml").write_text("\n".join(x for x in lines if not x.startswith(f"{field} =")), encoding="utf-8")
    with pytest.raises(RequestError, match=f"{field} is missing"):
        load(str(tmp_path / "mine.toml"))


def test_epochs_and_batch_size_change_a_recipe() -> None:
    recipe = load("modern")
    assert change(recipe, 3, None) == replace(recipe, epochs=3)
    assert change(recipe, None, 8) == replace(recipe, batch_size=8)
    with pytest.raises(RequestError):
        change(recipe, 0, None)


def test_the_tutorials_learning_rates_are_those_of_torchs_lambda_lr() -> None:
    recipe = load("tutorial")
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=recipe.lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (epoch + 1))
    for step in range(5 * STEPS):
        assert optimizer.param_groups[0]["lr"] == recipe.lr * lr_factor(recipe, step, STEPS)
        optimizer.step()
        if step % STEPS == STEPS - 1:
            schedule.step()


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_a_cosine_is_torchs_after_a_linear_warm_up(share: float) -> None:
    recipe = change(load("modern", [f"warmup_share={share}"]), 10, None)
    warmup, total = round(share * 10 * STEPS), 10 * STEPS
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total - warmup)
    assert [lr_factor(recipe, step, STEPS) for step in range(warmup)] == [(n + 1) / warmup for n in range(warmup)]
    for step in range(warmup, total):
        assert math.isclose(lr_factor(recipe, step, STEPS), optimizer.param_groups[0]["lr"], abs_tol=1e-9)
        optimizer.step()
        schedule.step()
