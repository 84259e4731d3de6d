import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format
from resnet_inspect.vocabulary import OPTIMIZERS, PRECISIONS, TASKS, Optimizer, Precision, Task

EXAMPLES = (
    "resnet-inspect memory resnet50 --batch-size 32",
    "resnet-inspect memory resnet50 --task train --optimizer adam --batch-size 8",
    "resnet-inspect memory resnext50_32x4d --precision bf16 --format json",
)


@click.command("memory", epilog=options.examples(EXAMPLES))
@options.asked_of_a_model
@click.option("--task", type=click.Choice(TASKS), default="infer", help="A forward pass, or a training step.")
@click.option("--precision", type=click.Choice(PRECISIONS), default="fp32", help="Of weights and activations.")
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), default="sgd", help="The training step's.")
@click.option("--momentum", type=float, default=0.9, show_default=True, help="That of sgd; 0 keeps no state.")
@options.fused
def command(
    model: str,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
    task: Task,
    precision: Precision,
    optimizer: Optimizer,
    momentum: float,
    fused: bool,
) -> None:
    """The memory that running MODEL will ask for: how much, when, and what is alive at that moment."""
    answer = api.memory(model, input, batch_size, settings, task, precision, optimizer, momentum, fused)
    finish(answer, format, output)
