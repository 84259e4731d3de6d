import click

from resnet_inspect.api import checks
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish

EXAMPLES = (
    "resnet-inspect reconcile",
    "resnet-inspect reconcile resnet18 --measure",
    "resnet-inspect reconcile resnetv2_50 --batch-size 2 --format json",
)


@click.command(epilog=options.examples(EXAMPLES))
@options.asked()
@options.writing
@click.option("--measure", is_flag=True, help="Also run each installed tool, in a process of its own.")
def command(asked: Asked, writing: str | None, measure: bool) -> None:
    """What each FLOP counter reports for MODEL, and what it adds or leaves out.

    Exit code 1 if a tool that ran contradicts its rule.
    """
    finish(checks.reconcile(*asked.network, writing, measure), asked)
