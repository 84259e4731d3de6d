import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format
from resnet_inspect.vocabulary import DEPTHS, PRECISIONS, Depth, Precision

EXAMPLES = (
    "resnet-inspect roofline resnet50 --device h200 --batch-size 256",
    "resnet-inspect roofline resnext50_32x4d --device rtx4090 --batch-size 32 --depth block",
    "resnet-inspect roofline --record run.json --machine",
)


@click.command("roofline", epilog=options.examples(EXAMPLES))
@click.argument("model", required=False)  # resnet50, or what the Record measured
@options.image
@options.batch_size
@options.settings
@options.format
@options.output
@click.option("--device", help="One of `resnet-inspect devices`, by default h200; cpu, cuda: measured here.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="By default bf16 where the device has it.")
@click.option("--depth", type=click.Choice(DEPTHS), default="stage", help="One row a stage, a block or a pass.")
@click.option("--machine", is_flag=True, help="Measure the ceilings of this machine's --device (cpu, cuda) instead.")
@click.option("--record", metavar="RUN.json", help="Lay the times that bench measured beside the floor.")
@click.option("--case", type=int, metavar="N", help="Which row of the Record, from 1; by default the one that fits.")
def command(
    model: str | None,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
    device: str | None,
    precision: Precision | None,
    depth: Depth,
    machine: bool,
    record: str | None,
    case: int | None,
) -> None:
    """How fast MODEL could run at most on a device: what it computes and moves, and which of the two holds it back."""
    answer = api.roofline(model, input, batch_size, settings, device, precision, depth, record, case, machine)
    finish(answer, format, output)
