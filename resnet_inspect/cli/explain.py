import os

import click

from resnet_inspect.api import words as api
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.language import from_environment

EXAMPLES = (
    "resnet-inspect explain resnet50",
    "resnet-inspect explain receptive-field",
    "resnet-inspect explain resnet18 --lang zh -o resnet18.md",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="List every word except models.")
@options.language
@options.asked("input", "batch_size", "settings", "kwargs", "format", "output")
def command(asked: Asked, words: tuple[str, ...], listed: bool, lang: str | None) -> None:
    """Explain WORD: a model stage by stage with its own numbers, a term, or the code of a finding."""
    language = lang or from_environment(os.environ)
    if listed:
        finish(api.glossary(language), asked)
    word = " ".join(words) if words else asked.model
    finish(api.explain(word, asked.input, asked.batch_size, asked.settings, asked.kwargs, language), asked)
