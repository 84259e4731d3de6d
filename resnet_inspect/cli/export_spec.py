import click

from resnet_inspect.api import network
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import tell_written, write
from resnet_inspect.errors import RequestError

EXAMPLES = (
    "resnet-inspect export-spec resnet50d",
    "resnet-inspect export-spec resnet50 --set groups=32 --set base_width=4 -o mine.toml",
    "resnet-inspect summary mine.toml",
)


@click.command(epilog=options.examples(EXAMPLES))
@options.asked("model", "settings")
@click.option("-o", "--output", metavar="FILE.toml", help="Write to a file.")
def command(asked: Asked, output: str | None) -> None:
    """Print MODEL as a spec.toml, to edit and to use as a MODEL."""
    if output not in (None, "-") and not str(output).lower().endswith(".toml"):
        raise RequestError(f"-o {output}: a spec is read back from a file named .toml", hint=f"-o {output}.toml")
    write(network.export_spec(asked.model, asked.settings), output)
    tell_written(output)
