import os

import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.language import from_environment
from resnet_inspect.linter import PRECISIONS
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect lint tutorial_resnet18_cifar10",
    "resnet-inspect lint resnext50_32x4d --precision fp16 --format md",
    "resnet-inspect lint resnet18 --input 1,3,32,32 --record run.json",
)


def codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in text.split(","))


@click.command("lint", epilog=options.examples(EXAMPLES))
@options.asked_of_a_model
@click.option("--precision", type=click.Choice(PRECISIONS), help="Look at channels too, as tensor cores take them.")
@click.option("--record", metavar="RUN.json", help="Look at measured stage times too: a file of bench --per stage.")
@click.option("--ignore", type=codes, metavar="RI003,RI010", help="Rules to leave out.")
@click.option("--strict", is_flag=True, help="Exit code 1 if there is a finding.")
@options.language
def command(
    model: str,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
    precision: str | None,
    record: str | None,
    ignore: tuple[str, ...] | None,
    strict: bool,
    lang: str | None,
) -> None:
    """What in the architecture of MODEL costs more than it gives, or was left out by accident."""
    language = lang or from_environment(os.environ)
    answer = api.lint(model, input, batch_size, settings, precision, record, ignore or (), language, strict)
    finish(answer, format, output)
