from typing import TYPE_CHECKING

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


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True)
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
    """Compare two or more models in one table, with ratios to the first."""
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
