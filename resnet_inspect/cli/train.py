import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from resnet_inspect.api import training
from resnet_inspect.cli import options, progress, stderr
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.training.processes import read_place
from resnet_inspect.vocabulary import LAYOUTS, TRAINING_MODES, TRAINING_PRECISIONS

EXAMPLES = (
    "resnet-inspect train tutorial_resnet18_cifar10 --data cifar10 --dry-run",
    "resnet-inspect train tutorial_resnet18_cifar10 --data fake:64 --epochs 1 --workers 0 --device cpu",
)
REDRAW_S = 0.1


@contextmanager
def display(has_bar: bool) -> Iterator[tuple[Callable[[str], None], Callable[[int, int], None]]]:
    """Lines for stderr, and what is shown below them where there is a bar."""
    if not has_bar:
        yield stderr.note, lambda done, planned: None
        return
    with progress.display("steps") as (describe, count, leave):
        describe("training")
        drawn = 0.0

        def count_now_and_then(done: int, planned: int) -> None:
            nonlocal drawn
            if time.monotonic() - drawn > REDRAW_S:
                drawn = time.monotonic()
                count(done, planned)

        yield leave, count_now_and_then


@click.command(epilog=options.examples(EXAMPLES))
@options.asked("model", "input", "settings", "kwargs", "format")
@options.recipe_batch_size
@click.option(
    "--data",
    required=True,
    metavar="NAME",
    help="cifar10, cifar100, cifar10:DIR, imagefolder:DIR, or fake:N made-up images.",
)
@click.option("--recipe", default="tutorial", metavar="NAME", help="tutorial (default), modern or a file as mine.toml.")
@click.option("--set-recipe", multiple=True, metavar="FIELD=VALUE", help="Change a field of the recipe; repeatable.")
@click.option("--epochs", type=int, metavar="N", help="Epochs; default: the recipe's.")
@click.option(
    "--precision",
    type=click.Choice(TRAINING_PRECISIONS),
    default="fp32",
    help="Type of convolutions; amp- is autocast; default: fp32.",
)
@click.option("--layout", type=click.Choice(LAYOUTS), default="contiguous", help="Default: contiguous.")
@click.option("--mode", type=click.Choice(TRAINING_MODES), default="eager", help="Default: eager.")
@click.option("--seed", type=int, default=0, help="Seed of weights, order and augmentation; default: 0.")
@click.option("--workers", type=int, default=2, metavar="N", help="Processes that load images; default: 2.")
@click.option("--device", default="auto", help="cpu, cuda, cuda:N, mps or auto (default); see `devices` for --dry-run.")
@click.option(
    "-o", "--output", "folder", metavar="DIR", help="Folder of the run; default: runs/ with the model's name."
)
@click.option("--resume", is_flag=True, help="Continue the run in that folder.")
@options.profile
@click.option("--dry-run", is_flag=True, help="Say what the run will cost, and run nothing.")
def command(
    asked: Asked,
    batch_size: int | None,
    data: str,
    recipe: str,
    set_recipe: tuple[str, ...],
    epochs: int | None,
    precision: str,
    layout: str,
    mode: str,
    seed: int,
    workers: int,
    device: str,
    folder: str | None,
    resume: bool,
    profile: str | None,
    dry_run: bool,
) -> None:
    """Train MODEL, test it after every epoch, and keep checkpoints, results.json, history.csv and scalars.

    Ctrl-C ends with a checkpoint, and --resume continues as if nothing had happened. `torchrun --standalone
    --nproc-per-node 2 -m resnet_inspect train ...` trains in two processes, each with the batch.
    """
    place = read_place()
    with display(place.is_first) as (tell, count):
        answer = training.train(
            asked.model, asked.input, batch_size, asked.settings, asked.kwargs, data=data, recipe=recipe,
            recipe_settings=set_recipe, epochs=epochs, precision=precision,
            layout=layout, mode=mode, seed=seed, workers=workers, device=device, folder=folder, resume=resume,
            dry_run=dry_run, profile=profile, tell=tell, progress=count,
        )  # fmt: skip
    if not place.is_first:
        raise click.exceptions.Exit(answer.exit_code)
    finish(answer, asked)
