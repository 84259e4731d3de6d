import click

from resnet_inspect.api import static
from resnet_inspect.cli import options
from resnet_inspect.cli.amounts import size
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.vocabulary import OPTIMIZERS, PRECISIONS, Optimizer, Precision, Task

EXAMPLES = (
    "resnet-inspect memory resnet50 --batch-size 32",
    "resnet-inspect memory resnext50_32x4d --precision fp16 --batch-size 256 --device t4",
    "resnet-inspect memory resnet50 --task train --optimizer adam --fit 24GiB",
)


@click.command(epilog=options.examples(EXAMPLES))
@options.asked()
@options.task
@click.option(
    "--precision", type=click.Choice(PRECISIONS), default="fp32", help="Type of weights and activations; default: fp32."
)
@click.option(
    "--optimizer", type=click.Choice(OPTIMIZERS), default="sgd", help="Optimizer of a training step; default: sgd."
)
@click.option("--momentum", type=float, default=0.9, help="Momentum of SGD; 0 keeps no state; default: 0.9.")
@click.option("--device", help="Say whether it fits this device; see `devices`.")
@click.option("--fit", type=size, metavar="24GiB", help="Find the largest batch whose peak keeps this.")
@options.folded
def command(
    asked: Asked,
    task: Task,
    precision: Precision,
    optimizer: Optimizer,
    momentum: float,
    folded: bool,
    device: str | None,
    fit: float | None,
) -> None:
    """Predict the memory that MODEL needs: its peak, when that is reached, and what is alive then."""
    finish(static.memory(*asked.network, task, precision, optimizer, momentum, folded, device, fit), asked)
