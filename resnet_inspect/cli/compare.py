from typing import TYPE_CHECKING, Any

import click

from resnet_inspect.api import comparisons
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish

if TYPE_CHECKING:
    from resnet_inspect.vocabulary import Precision

EXAMPLES = (
    "resnet-inspect compare resnet50 resnext50_32x4d wide_resnet50_2",
    "resnet-inspect compare resnet50 legacy_seresnet50 --device a100 --batch-size 32",
    "resnet-inspect compare resnet50 mine.toml --format csv",
)


def _listed() -> list[Any]:
    """What ``compare_each`` takes, for each model of a pyproject.toml."""
    from resnet_inspect.cli import pyproject  # which a command with models does without

    ctx = click.get_current_context()
    _, listed = pyproject.each_model(ctx)
    if not listed:
        raise click.MissingParameter(ctx=ctx, param=ctx.command.params[0])
    return [tuple(params[name] for name in ("model", "input", "batch_size", "settings", "kwargs")) for params in listed]


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("models", metavar="MODEL MODEL...", nargs=-1)
@options.asked("input", "batch_size", "settings", "kwargs", "format", "output")
@options.floor_device
@options.floor_precision
@options.profile
@options.runs
def command(
    asked: Asked,
    models: tuple[str, ...],
    device: str | None,
    precision: "Precision | None",
    profile: str | None,
    runs: str | None,
) -> None:
    """Compare two or more models in one table, with ratios to the first.

    Without a MODEL these are the models of the nearest pyproject.toml that lists some; see `budget`.
    """
    if not models:
        finish(comparisons.compare_each(_listed(), device, precision, profile, runs), asked)
    finish(
        comparisons.compare(
            *models,
            input=asked.input,
            batch_size=asked.batch_size,
            settings=asked.settings,
            kwargs=asked.kwargs,
            device=device,
            precision=precision,
            profile=profile,
            runs=runs,
        ),
        asked,
    )
