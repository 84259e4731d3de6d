import os

import click

from resnet_inspect.api import checks
from resnet_inspect.api.answer import Answer
from resnet_inspect.cli import lists, options
from resnet_inspect.cli.of_models import OfModels
from resnet_inspect.cli.options import Asked
from resnet_inspect.language import from_environment
from resnet_inspect.linter import PRECISIONS

EXAMPLES = (
    "resnet-inspect lint tutorial_resnet18_cifar10",
    "resnet-inspect lint resnext50_32x4d --precision fp16 --format md",
    "resnet-inspect lint resnet18 --input 1,3,32,32 --record run.json",
)


@click.command(cls=OfModels, epilog=options.examples(EXAMPLES))
@options.asked()
@click.option("--precision", type=click.Choice(PRECISIONS), help="Also check channel counts for tensor cores.")
@click.option("--record", metavar="RUN.json", help="Also check stage times that bench --per stage saved.")
@click.option("--ignore", type=lists.words(), metavar="RI003,RI010", help="Rules to skip.")
@click.option("--strict", is_flag=True, help="Exit with code 1 if there is a finding.")
@options.language
def command(
    asked: Asked,
    precision: str | None,
    record: str | None,
    ignore: tuple[str, ...] | None,
    strict: bool,
    lang: str | None,
) -> Answer:
    """Find what costs more in MODEL than it gives, and what was left out by accident."""
    language = lang or from_environment(os.environ)
    return checks.lint(*asked.network, precision, record, ignore or (), language, strict)
