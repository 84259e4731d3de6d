import sys

import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect check",
    "resnet-inspect check resnext50_32x4d --format md",
    "resnet-inspect check resnet18 --set shortcut=D --input 2,3,192,256",
)


@click.command("check", epilog=options.examples(EXAMPLES))
@options.asked_of_a_model
def command(
    model: str,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
) -> None:
    """Hold our numbers of MODEL against fvcore, thop and torch, and against what is published.

    Exit code 1 if one differs without a known reason.
    """
    if sys.stderr.isatty():
        click.echo(f"running torch, fvcore and thop on {model} …", err=True)
    answer = api.check(model, input, batch_size, settings)
    finish(answer, format, output)
