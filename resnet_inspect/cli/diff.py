import click

from resnet_inspect.api import comparisons
from resnet_inspect.api.hardware import DEFAULT_DEVICE
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.vocabulary import PRECISIONS, Precision, Task

EXAMPLES = (
    "resnet-inspect diff resnet50 resnet50d",
    "resnet-inspect diff resnet50 --set stride_on=1x1",
    "resnet-inspect diff resnet50 mine.toml --batch-size 256 --device a100",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("a")
@click.argument("b", required=False)
@options.asked("input", "batch_size", "settings", "kwargs", "format", "output")
@click.option("--device", default=DEFAULT_DEVICE, help="Device whose floor is compared, see `devices`; default: h200.")
@click.option(
    "--precision", type=click.Choice(PRECISIONS), help="Precision of that floor; default: bf16 where supported."
)
@options.task
@options.profile
def command(
    asked: Asked, a: str, b: str | None, device: str, precision: Precision | None, task: Task, profile: str | None
) -> None:
    """What changes from A to B, stage by stage: fields of the spec and their costs.

    B defaults to A, and --set or --kwargs change B.
    """
    finish(
        comparisons.diff(
            a, b, asked.input, asked.batch_size, asked.settings, asked.kwargs, device, precision, task, profile
        ),
        asked,
    )
