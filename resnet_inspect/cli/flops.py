import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format
from resnet_inspect.vocabulary import TASKS, Task

EXAMPLES = (
    "resnet-inspect flops --input 1,3,224,224",
    "resnet-inspect flops --as fvcore",
    "resnet-inspect flops resnet18 --task train --format json",
)


@click.command("flops", epilog=options.examples(EXAMPLES))
@options.asked_of_a_model
@click.option("--task", type=click.Choice(TASKS), default="infer", help="A forward pass, or a training step.")
@options.fused
@click.option("--as", "tool", metavar="TOOL", help="Count as fvcore, thop, torchinfo … would; `reconcile` lists them.")
@options.writing
def command(
    model: str,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
    task: Task,
    fused: bool,
    tool: str | None,
    writing: str | None,
) -> None:
    """MACs and FLOPs of MODEL, by stage and by kind of operation."""
    finish(api.flops(model, input, batch_size, settings, task, fused, tool, writing), format, output)
