from typing import TYPE_CHECKING

import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.amounts import amount
from resnet_inspect.cli.output import finish
from resnet_inspect.questions.variants import SORTS, Sort
from resnet_inspect.render import Format

if TYPE_CHECKING:
    from resnet_inspect.vocabulary import Precision

EXAMPLES = (
    "resnet-inspect list 'wide*'",
    "resnet-inspect list --max-params 26M --max-macs 4.2G --sort macs",
    "resnet-inspect list --device a100 --batch-size 32 --sort floor --max-floor-ms 5",
)


@click.command("list", epilog=options.examples(EXAMPLES))
@click.argument("pattern", default="*")
@click.option("--max-params", type=amount, metavar="26M", help="Only variants of at most so many parameters.")
@click.option("--max-macs", type=amount, metavar="4.2G", help="Only variants of at most so many MACs.")
@click.option("--sort", type=click.Choice(SORTS), help="Order of the rows; by default family by family.")
@options.floor_device
@options.floor_precision
@click.option("--max-floor-ms", type=float, metavar="5", help="Only variants whose floor is at most so many ms.")
@options.image
@options.batch_size
@options.format
@options.output
def command(
    pattern: str,
    max_params: int | None,
    max_macs: int | None,
    sort: Sort | None,
    device: str | None,
    precision: "Precision | None",
    max_floor_ms: float | None,
    input: str | None,
    batch_size: int | None,
    format: Format | None,
    output: str | None,
) -> None:
    """Every variant whose name or family matches the glob PATTERN."""
    answer = api.list_variants(pattern, max_params, max_macs, sort, device, precision, max_floor_ms, input, batch_size)
    finish(answer, format, output)
