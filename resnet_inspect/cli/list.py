import click

from resnet_inspect import api
from resnet_inspect.analyze.variants import SORTS, Sort
from resnet_inspect.cli import options
from resnet_inspect.cli.amounts import amount
from resnet_inspect.cli.output import show
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect list 'wide*'",
    "resnet-inspect list --max-params 26M --max-macs 4.2G --sort macs",
    "resnet-inspect list 'resnet-rs' --format csv",
)


@click.command("list", epilog=options.examples(EXAMPLES))
@click.argument("pattern", default="*")
@click.option("--max-params", type=amount, metavar="26M", help="Only variants of at most so many parameters.")
@click.option("--max-macs", type=amount, metavar="4.2G", help="Only variants of at most so many MACs.")
@click.option("--sort", type=click.Choice(SORTS), help="Order of the rows; by default family by family.")
@options.format
@options.output
def command(
    pattern: str,
    max_params: int | None,
    max_macs: int | None,
    sort: Sort | None,
    format: Format | None,
    output: str | None,
) -> None:
    """Every variant whose name or family matches the glob PATTERN."""
    show(api.list_variants(pattern, max_params, max_macs, sort), format, output)
