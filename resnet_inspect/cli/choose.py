from typing import TYPE_CHECKING

import click

from resnet_inspect.api import choices
from resnet_inspect.cli import options
from resnet_inspect.cli.amounts import amount, percentage, size
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.cli.progress import counting_nets
from resnet_inspect.counting.accuracy import TRAINED_ON, TrainedOn
from resnet_inspect.questions.choose import SORTS, Sort

if TYPE_CHECKING:
    from resnet_inspect.vocabulary import RunPrecision

EXAMPLES = (
    "resnet-inspect choose --device t4 --batch-size 8 --max-latency-ms 10 --max-params 30M --min-top1 78",
    "resnet-inspect choose --device a100 --among 'resnet,resnext' --sort ms",
    "resnet-inspect choose --input 1,3,32,32 --any-size --record run.json --among resnet",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.option("--device", help="Name from `devices`, or cpu or cuda for this machine by its profile.")
@click.option("--max-latency-ms", type=float, metavar="10", help="Most milliseconds allowed per batch.")
@click.option("--max-params", type=amount, metavar="30M", help="Most parameters allowed.")
@click.option("--max-memory", type=size, metavar="2GiB", help="Highest predicted peak of inference allowed.")
@click.option("--min-top1", type=percentage, metavar="78", help="Least published top-1 accuracy, in percent.")
@click.option("--sort", type=click.Choice(SORTS), default="top1", help="Order of rows; default: top1.")
@click.option("--among", default="*", metavar="GLOB,...", help="Nets to choose from, as 'resnet*,timm:resnet*'.")
@click.option(
    "--any-size", is_flag=True, help="Take nets for every image size, each at its own unless --input is given."
)
@click.option(
    "--precision", metavar="fp32|bf16|amp-fp16|...", help="Precision of that time; default: the profile's, or bf16."
)
@click.option(
    "--trained-on", type=click.Choice(TRAINED_ON), default="imagenet-1k", help="Weights whose accuracy counts."
)
@click.option("--record", metavar="RUN.json", help="Record whose times come first, as bench -o saved it.")
@options.profile
@options.runs
@click.option("--no-cache", is_flag=True, help="Count a library's nets again, and keep nothing.")
@options.asked("input", "batch_size", "format", "output")
def command(
    asked: Asked,
    device: str | None,
    max_latency_ms: float | None,
    max_params: float | None,
    max_memory: float | None,
    min_top1: float | None,
    sort: Sort,
    among: str,
    any_size: bool,
    precision: "RunPrecision | None",
    trained_on: TrainedOn,
    record: str | None,
    profile: str | None,
    runs: str | None,
    no_cache: bool,
) -> None:
    """The nets that keep the bounds on a device, by published accuracy, or that of --runs, and time.

    A time is measured (--record), predicted (a profile) or a floor, and each row says which. Exit code 1 if none fits.
    """
    with counting_nets() as show:
        answer = choices.choose(
            device, asked.batch_size, max_latency_ms, max_params, max_memory, min_top1, sort, among, any_size,
            asked.input, precision, trained_on, record, profile, not no_cache, show, runs,
        )  # fmt: skip
    finish(answer, asked)
