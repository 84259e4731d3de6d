import sys

import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import show
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect check",
    "resnet-inspect check resnext50_32x4d --format md",
    "resnet-inspect check resnet18 --set shortcut=D --input 2,3,192,256",
)


@click.command("check", epilog=options.examples(EXAMPLES))
@options.asked_of_a_model
@click.pass_context
def command(
    ctx: click.Context,
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
    show(answer, format, output)
    ctx.exit(0 if answer.ok else 1)
