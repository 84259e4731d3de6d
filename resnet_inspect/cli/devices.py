import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect devices",
    "resnet-inspect devices --format csv",
)


@click.command("devices", epilog=options.examples(EXAMPLES))
@options.format
@options.output
def command(format: Format | None, output: str | None) -> None:
    """The devices that roofline knows: peaks and bandwidth, each with its source."""
    finish(api.devices(), format, output)
