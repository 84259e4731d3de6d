import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect reconcile",
    "resnet-inspect reconcile resnet18 --measure",
    "resnet-inspect reconcile resnetv2_50 --batch-size 2 --format json",
)


@click.command("reconcile", epilog=options.examples(EXAMPLES))
@options.asked_of_a_model
@options.writing
@click.option("--measure", is_flag=True, help="Run the tools that are installed, each in a process of its own.")
def command(
    model: str,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
    writing: str | None,
    measure: bool,
) -> None:
    """What every counter says of MODEL, and what each adds or leaves out. Exit code 1 if a tool says otherwise."""
    answer = api.reconcile(model, input, batch_size, settings, writing, measure)
    finish(answer, format, output)
