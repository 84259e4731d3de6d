import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect show run.json",
    "resnet-inspect show run.json --format md",
)


@click.command("show", epilog=options.examples(EXAMPLES))
@click.argument("record", metavar="RUN.json")
@options.format
@options.output
def command(record: str, format: Format | None, output: str | None) -> None:
    """A saved Record as the table that bench printed, in any format."""
    finish(api.show(record), format, output)
