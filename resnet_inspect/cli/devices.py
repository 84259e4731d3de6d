import click

from resnet_inspect.api import hardware
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish

EXAMPLES = (
    "resnet-inspect devices",
    "resnet-inspect devices --format csv",
)


@click.command(epilog=options.examples(EXAMPLES))
@options.asked("format", "output")
def command(asked: Asked) -> None:
    """Devices that `roofline` knows: peak rates and bandwidth, each with its source."""
    finish(hardware.devices(), asked)
