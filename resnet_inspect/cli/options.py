"""The options that mean the same in every command, declared once."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from resnet_inspect.language import LANGUAGES
from resnet_inspect.render import FORMATS

Command = Callable[..., Any]

model = click.argument("model", default="resnet50")
image = click.option("--input", metavar="N,C,H,W", help="Batch of images; by default one of the variant's own size.")
batch_size = click.option("--batch-size", type=int, metavar="N", help="Images in the batch.")
floor_device = click.option("--device", help="With the least time of the batch there; see `resnet-inspect devices`.")
floor_precision = click.option(
    "--precision", metavar="fp32|tf32|bf16|fp16", help="What the floor is of; by default bf16 where the device has it."
)
settings = click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Change a field of the spec; may be repeated."
)
writing = click.option("--writing", metavar="LIBRARY", help="Whose way of writing the net; by default its own.")
fused = click.option("--fused", is_flag=True, help="Fold BatchNorm into the convolutions, and show what that changes.")
format = click.option("--format", type=click.Choice(FORMATS), help="How to print; by default as a table.")
language = click.option(
    "--lang", type=click.Choice(LANGUAGES), default=None, help="Language of the text; by default the locale's."
)
output = click.option("-o", "--output", metavar="FILE", help="Write to a file; its suffix chooses the format.")


def stack(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """The options as one decorator, in the order that --help lists them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


asked_of_a_model = stack(model, image, batch_size, settings, format, output)


def examples(lines: Sequence[str]) -> str:
    """An epilog that click prints as it stands."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
