from typing import TYPE_CHECKING

import click

from resnet_inspect.api import comparisons
from resnet_inspect.cli import options
from resnet_inspect.cli.amounts import amount
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.cli.progress import counting_nets
from resnet_inspect.questions.nets import SORTS, Sort

if TYPE_CHECKING:
    from resnet_inspect.vocabulary import Precision

EXAMPLES = (
    "resnet-inspect list 'wide*'",
    "resnet-inspect list --max-params 26M --max-macs 4.2G --sort macs",
    "resnet-inspect list --device a100 --input 32,3,224,224 --sort floor --max-floor-ms 5",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("pattern", default="*")
@click.option("--max-params", type=amount, metavar="26M", help="Most parameters allowed.")
@click.option("--max-macs", type=amount, metavar="4.2G", help="Most MACs allowed.")
@click.option("--sort", type=click.Choice(SORTS), help="Order of rows; default: by family.")
@options.floor_device
@options.floor_precision
@click.option("--max-floor-ms", type=float, metavar="5", help="Most milliseconds allowed per batch on --device.")
@options.profile
@click.option("--max-latency-ms", type=float, metavar="5", help="Most milliseconds predicted per batch.")
@click.option("--any-size", is_flag=True, help="Rank nets for every image size, each at its own.")
@click.option("--no-cache", is_flag=True, help="Count a library's nets again, and keep nothing.")
@options.asked("input", "batch_size", "kwargs", "format", "output")
def command(
    asked: Asked,
    pattern: str,
    max_params: float | None,
    max_macs: float | None,
    sort: Sort | None,
    device: str | None,
    precision: "Precision | None",
    max_floor_ms: float | None,
    no_cache: bool,
    any_size: bool,
    profile: str | None,
    max_latency_ms: float | None,
) -> None:
    """List variants whose name or family matches the glob PATTERN, with their costs.

    A PATTERN as 'timm:resnet*' or 'torchvision:*' lists that library's nets, and remembers what they cost.
    """
    with counting_nets() as show:
        answer = comparisons.list_variants(
            pattern, max_params, max_macs, sort, device, precision, max_floor_ms, asked.input, asked.batch_size,
            asked.kwargs, not no_cache, show, any_size, profile, max_latency_ms,
        )  # fmt: skip
    finish(answer, asked)
