from typing import TYPE_CHECKING

import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format

if TYPE_CHECKING:
    from resnet_inspect.vocabulary import Precision

EXAMPLES = (
    "resnet-inspect compare resnet50 resnext50_32x4d wide_resnet50_2",
    "resnet-inspect compare resnet50 legacy_seresnet50 --device a100 --batch-size 32",
    "resnet-inspect compare resnet50 mine.toml --format csv",
)


@click.command("compare", epilog=options.examples(EXAMPLES))
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True)
@options.image
@options.batch_size
@options.settings
@options.floor_device
@options.floor_precision
@options.format
@options.output
def command(
    models: tuple[str, ...],
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    device: str | None,
    precision: "Precision | None",
    format: Format | None,
    output: str | None,
) -> None:
    """Two models or more in one table, with ratios to the first."""
    finish(api.compare(models, input, batch_size, settings, device, precision), format, output)
