"""The command line: parse, call the api, print; errors leave through one door."""

import click

from resnet_inspect import __version__
from resnet_inspect.cli.compare import compare
from resnet_inspect.cli.export_spec import export_spec
from resnet_inspect.cli.flops import flops
from resnet_inspect.cli.list import list_command
from resnet_inspect.cli.options import examples
from resnet_inspect.cli.summary import summary
from resnet_inspect.errors import InspectError

EXAMPLES = (
    "resnet-inspect summary resnet50",
    "resnet-inspect flops --input 1,3,224,224",
    "resnet-inspect list --max-params 26M --sort macs",
)


class _Commands(click.Group):
    """The group of all commands, which turns an InspectError into two lines on stderr and its exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except InspectError as error:
            click.echo(f"error: {error.message}", err=True)
            if error.hint:
                click.echo(f"hint:  {error.hint}", err=True)
            ctx.exit(error.exit_code)


@click.group(
    cls=_Commands,
    commands=[summary, flops, list_command, compare, export_spec],
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(EXAMPLES),
)
@click.version_option(__version__, prog_name="resnet-inspect")
def main() -> None:
    """What a ResNet costs: shapes, parameters, MACs and FLOPs, exact, before anything runs."""
