"""The options that mean the same in every command, declared once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from resnet_inspect.language import LANGUAGES
from resnet_inspect.render import FORMATS, Format
from resnet_inspect.vocabulary import DEPTHS, LAYOUTS, MODES, RUN_PRECISIONS, TASKS

Command = Callable[..., Any]


@dataclass(frozen=True)
class Asked:
    """What most commands take: a model, a batch of images, and where the answer goes."""

    model: str = "resnet50"
    input: str | None = None
    batch_size: int | None = None
    settings: tuple[str, ...] = ()
    kwargs: tuple[str, ...] = ()
    format: Format | None = None
    output: str | None = None

    @property
    def network(self) -> tuple[str, str | None, int | None, tuple[str, ...], tuple[str, ...]]:
        """The first five arguments of a verb."""
        return self.model, self.input, self.batch_size, self.settings, self.kwargs


# field of Asked -> the argument or option that sets it
FIELDS: dict[str, Callable[[Command], Command]] = {
    "model": click.argument("model", default=Asked.model),
    "input": click.option(
        "--input",
        multiple=True,
        callback=lambda context, option, values: ";".join(values) or None,
        metavar="N,C,H,W",
        help="Batch of images; default: one of the model's own size. Code may take several, as 1,10:int64.",
    ),
    "batch_size": click.option("--batch-size", type=int, metavar="N", help="Images per batch; default: 1."),
    "settings": click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="FIELD=VALUE",
        help="Change a field of the spec; repeatable.",
    ),
    "kwargs": click.option(
        "--kwargs",
        multiple=True,
        metavar="NAME=VALUE",
        help="Argument of what makes a net in code; repeatable.",
    ),
    "format": click.option("--format", type=click.Choice(FORMATS), help="Output format; default: table."),
    "output": click.option("-o", "--output", metavar="FILE", help="Write to FILE; its suffix sets the format."),
}
depth = click.option(
    "--depth", type=click.Choice(DEPTHS), default="stage", help="One row per stage (default), block or layer."
)
task = click.option(
    "--task", type=click.Choice(TASKS), default="infer", help="A forward pass (default) or a training step."
)
floor_device = click.option("--device", help="Add the least time per batch on this device; see `devices`.")
floor_precision = click.option(
    "--precision", metavar="fp32|tf32|bf16|fp16", help="Precision of that time; default: bf16 where supported."
)
profile = click.option(
    "--profile", metavar="FILE.json", help="Predict times by this profile, or one of `profile list`, of any machine."
)
here = click.option("--device", metavar="cpu|cuda", help="Predict times of this machine, as `calibrate` measured it.")
runs = click.option(
    "--runs", metavar="DIR", help="Take accuracies from runs of `train` in DIR, not from what is published."
)
writing = click.option(
    "--writing", metavar="LIBRARY", help="Library whose module layout is counted; default: the variant's own."
)
folded = click.option("--folded", is_flag=True, help="Fold BatchNorm into convolutions, and show the difference.")
recipe_batch_size = click.option("--batch-size", type=int, metavar="N", help="Images per batch; default: the recipe's.")
language = click.option(
    "--lang", type=click.Choice(LANGUAGES), default=None, help="Language of the text; default: the locale's."
)


def asked(*fields: str) -> Callable[[Command], Command]:
    """Give a command the options of these fields of Asked, or of all, and pass their values as one Asked."""
    names = fields or tuple(FIELDS)

    def decorate(command: Command) -> Command:
        @wraps(command)
        def collected(**values: Any) -> Any:  # click passes every value by its name
            return command(Asked(**{name: values.pop(name) for name in names}), **values)

        decorated: Command = collected
        for name in reversed(names):
            decorated = FIELDS[name](decorated)
        return decorated

    return decorate


def profiled(command: Command) -> Command:
    """Give a command the options that choose a profile: a file, or the conditions of one of this machine."""
    for option in (
        click.option("--threads", type=int, metavar="N", help="Threads of a stored profile; default: the most."),
        click.option("--mode", type=click.Choice(MODES), help="Mode of a stored profile; default: eager."),
        click.option("--layout", type=click.Choice(LAYOUTS), help="Layout of a stored profile; default: contiguous."),
        click.option("--precision", type=click.Choice(RUN_PRECISIONS), help="Precision of it; default: fp32."),
        click.option("--device", help="cpu or cuda: this machine, as calibrated; or one of `devices`, for floors."),
        profile,
    ):
        command = option(command)
    return command


def examples(lines: Sequence[str]) -> str:
    """An epilog that click prints as it stands."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
