import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import write
from resnet_inspect.errors import RequestError

EXAMPLES = (
    "resnet-inspect export-spec resnet50d",
    "resnet-inspect export-spec resnet50 --set groups=32 --set base_width=4 -o mine.toml",
    "resnet-inspect summary mine.toml",
)


@click.command("export-spec", epilog=options.examples(EXAMPLES))
@options.model
@options.settings
@click.option("-o", "--output", metavar="FILE", help="Write to a file.")
def command(model: str, settings: tuple[str, ...], output: str | None) -> None:
    """MODEL as a spec.toml, to change and to read back."""
    if output not in (None, "-") and not str(output).lower().endswith(".toml"):
        raise RequestError(f"-o {output}: a spec is read back from a file named .toml", hint=f"-o {output}.toml")
    write(api.export_spec(model, settings), output)
