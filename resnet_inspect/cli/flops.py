import click

from resnet_inspect.api import static
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.vocabulary import Task

EXAMPLES = (
    "resnet-inspect flops --input 1,3,224,224",
    "resnet-inspect flops --as fvcore",
    "resnet-inspect flops resnet18 --task train --format json",
)


@click.command(epilog=options.examples(EXAMPLES))
@options.asked()
@options.task
@options.folded
@click.option("--as", "tool", metavar="TOOL", help="Count as another tool does; `reconcile` lists them.")
@options.writing
def command(asked: Asked, task: Task, folded: bool, tool: str | None, writing: str | None) -> None:
    """MACs and FLOPs of MODEL by stage and by operation."""
    finish(static.flops(*asked.network, task, folded, tool, writing), asked)
