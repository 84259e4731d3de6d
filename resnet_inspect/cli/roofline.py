import click

from resnet_inspect.api import hardware
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.vocabulary import DEPTHS, PRECISIONS, Depth, Precision

EXAMPLES = (
    "resnet-inspect roofline resnet50 --device h200 --batch-size 256",
    "resnet-inspect roofline resnext50_32x4d --device rtx4090 --batch-size 32 --depth block",
    "resnet-inspect roofline --record run.json --machine",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("model", required=False)  # resnet50, or what the Record measured
@options.asked("input", "batch_size", "settings", "kwargs", "format", "output")
@click.option("--device", help="Name from `devices`, or cpu or cuda for this machine; default: h200.")
@click.option(
    "--precision", type=click.Choice(PRECISIONS), help="Precision of the pass; default: bf16 where supported."
)
@click.option(
    "--depth", type=click.Choice(DEPTHS), default="stage", help="One row per stage (default), block or layer."
)
@click.option("--machine", is_flag=True, help="Measure this machine's ceilings instead of using a data sheet.")
@click.option("--record", metavar="RUN.json", help="Compare times that bench measured with the floor.")
@click.option("--case", type=int, metavar="N", help="Row of the Record, from 1; default: the matching row.")
def command(
    asked: Asked,
    model: str | None,
    device: str | None,
    precision: Precision | None,
    depth: Depth,
    machine: bool,
    record: str | None,
    case: int | None,
) -> None:
    """The least time MODEL needs on a device, and whether compute or bandwidth sets it."""
    answer = hardware.roofline(
        model,
        asked.input,
        asked.batch_size,
        asked.settings,
        asked.kwargs,
        device,
        precision,
        depth,
        record,
        case,
        machine,
    )  # fmt: skip
    finish(answer, asked)
