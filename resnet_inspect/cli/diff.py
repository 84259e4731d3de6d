import click

from resnet_inspect import api
from resnet_inspect.api.limits import DEFAULT_DEVICE
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format
from resnet_inspect.vocabulary import PRECISIONS, Precision

EXAMPLES = (
    "resnet-inspect diff resnet50 resnet50d",
    "resnet-inspect diff resnet50 --set stride_on=1x1",
    "resnet-inspect diff resnet50 mine.toml --batch-size 256 --device a100",
)


@click.command("diff", epilog=options.examples(EXAMPLES))
@click.argument("a")
@click.argument("b", required=False)
@options.image
@options.batch_size
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Change a field of B; may be repeated.")
@click.option("--device", default=DEFAULT_DEVICE, show_default=True, help="Whose floor; see `devices`.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="By default bf16 where the device has it.")
@options.format
@options.output
def command(
    a: str,
    b: str | None,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    device: str,
    precision: Precision | None,
    format: Format | None,
    output: str | None,
) -> None:
    """What changes from A to B, stage by stage: in the spec, and in what it costs. B is A unless it is named."""
    finish(api.diff(a, b, input, batch_size, settings, device, precision), format, output)
