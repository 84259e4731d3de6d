import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import show
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect compare resnet50 resnext50_32x4d wide_resnet50_2",
    "resnet-inspect compare resnet50 resnet50_v1 resnet50d --input 1,3,256,256",
    "resnet-inspect compare resnet50 mine.toml --format csv",
)


@click.command("compare", epilog=options.examples(EXAMPLES))
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True)
@options.image
@options.batch_size
@options.settings
@options.format
@options.output
def command(
    models: tuple[str, ...],
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
) -> None:
    """Two models or more in one table, with ratios to the first."""
    show(api.compare(models, input, batch_size, settings), format, output)
