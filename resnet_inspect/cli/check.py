import click

from resnet_inspect.api import checks
from resnet_inspect.api.answer import Answer
from resnet_inspect.cli import options
from resnet_inspect.cli.of_models import OfModels
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.progress import display

EXAMPLES = (
    "resnet-inspect check",
    "resnet-inspect check resnext50_32x4d --format md",
    "resnet-inspect check resnet18 --set shortcut=D --input 2,3,192,256",
)


@click.command(cls=OfModels, epilog=options.examples(EXAMPLES))
@options.asked()
def command(asked: Asked) -> Answer:
    """Compare our numbers for MODEL with fvcore, thop, torch and published ones.

    Exit code 1 if a number differs without a known reason.
    """
    with display() as (tell, _, _):
        tell(f"running torch, fvcore and thop on {asked.model}")
        return checks.check(*asked.network)
