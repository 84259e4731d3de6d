import click

from resnet_inspect.api import measured
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish

EXAMPLES = (
    "resnet-inspect show run.json",
    "resnet-inspect show run.json --format md",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("record", metavar="RUN.json")
@options.asked("format", "output")
def command(asked: Asked, record: str) -> None:
    """Print a saved Record as bench printed it, in any format."""
    finish(measured.show(record), asked)
