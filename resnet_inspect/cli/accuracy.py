import click

from resnet_inspect.api import training
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish

EXAMPLES = (
    "resnet-inspect accuracy runs/tutorial_resnet18_cifar10/best.pt",
    "resnet-inspect accuracy runs/tutorial_resnet18_cifar10/last.pt --data fake:64 --workers 0",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("checkpoint")
@options.asked("kwargs", "format", "output")
@options.recipe_batch_size
@click.option("--data", metavar="NAME", help="Data set, as `train` takes it; default: the run's.")
@click.option("--model", metavar="MODEL", help="The net, if it is code.")
@click.option("--workers", type=int, default=2, metavar="N", help="Processes that load images; default: 2.")
@click.option("--device", default="auto", help="cpu, cuda, cuda:N, mps or auto (default).")
def command(
    asked: Asked,
    checkpoint: str,
    batch_size: int | None,
    data: str | None,
    model: str | None,
    workers: int,
    device: str,
) -> None:
    """Test the weights of CHECKPOINT, which `train` wrote, on the test images of a data set."""
    finish(training.accuracy(checkpoint, data, model, asked.kwargs, batch_size, workers, device), asked)
