import os

import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.language import from_environment
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect explain resnet50",
    "resnet-inspect explain receptive-field",
    "resnet-inspect explain resnet18 --lang zh -o resnet18.md",
)


@click.command("explain", epilog=options.examples(EXAMPLES))
@click.argument("word", default="resnet50")
@click.option("--list", "listed", is_flag=True, help="Every word there is, models apart.")
@options.language
@options.image
@options.batch_size
@options.settings
@options.format
@options.output
def command(
    word: str,
    listed: bool,
    lang: str | None,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
) -> None:
    """What WORD means: a model, told stage by stage with its own numbers, a term, or the code of a finding."""
    language = lang or from_environment(os.environ)
    answer = api.glossary(language) if listed else api.explain(word, input, batch_size, settings, language)
    finish(answer, format, output)
