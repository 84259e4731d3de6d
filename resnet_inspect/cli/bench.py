import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

from resnet_inspect import api
from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import to_json
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish, write
from resnet_inspect.errors import RequestError
from resnet_inspect.render import Format
from resnet_inspect.vocabulary import LAYOUTS, MODES, TASKS
from resnet_inspect.vocabulary import RUN_PRECISIONS as PRECISIONS

if TYPE_CHECKING:
    from resnet_inspect.render.progress import Count, Tell

EXAMPLES = (
    "resnet-inspect bench --device cpu --quick",
    "resnet-inspect bench resnet18 --device cpu --batch-size 1,2 --quick -o run.json",
    "resnet-inspect bench resnet18 --device cpu --task train --batch-size 2 --per stage --quick --max-time 1",
)


def several(allowed: tuple[str, ...] | None = None) -> Callable[[str], tuple[str, ...]]:
    """A list with commas, of values that are allowed."""

    def read(text: str) -> tuple[str, ...]:
        values = tuple(text.split(","))
        for value in values:
            if allowed is not None and value not in allowed:
                raise click.BadParameter(f"{value!r} is not one of {', '.join(allowed)}")
        return values

    return read


def whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not whole numbers with commas, as 1,8,32") from None


def batch_sizes(text: str) -> tuple[int | str, ...]:
    return tuple(part if part == "max" else whole_numbers(part)[0] for part in text.split(","))


@click.command("bench", epilog=options.examples(EXAMPLES))
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--device", default="auto", help="cpu, cuda, cuda:N, mps or auto.")
@click.option(
    "--batch-size",
    type=batch_sizes,
    metavar="1,8,32",
    help="Images in a batch; max: the most that fit, on a CPU the most that take about 1 s.",
)
@options.image
@options.settings
@click.option("--task", type=several(TASKS), metavar="NAME,...", default="infer", help="infer, train or both.")
@click.option(
    "--precision",
    type=several(PRECISIONS),
    metavar="NAME,...",
    help=f"Any of {', '.join(PRECISIONS)}; by default fp32 on a CPU, and tf32 where a GPU has it.",
)
@click.option(
    "--layout", type=several(LAYOUTS), metavar="NAME,...", default="contiguous", help="contiguous, channels_last."
)
@click.option("--mode", type=several(MODES), metavar="NAME,...", default="eager", help=f"Any of {', '.join(MODES)}.")
@click.option(
    "--threads", type=whole_numbers, metavar="N", help="Threads that torch computes with; by default the usable cores."
)
@click.option("--quick", is_flag=True, help="A first look of two rounds; no baseline.")
@click.option("--min-time", type=click.FloatRange(0, min_open=True), metavar="S", help="Seconds of sampling, at least.")
@click.option(
    "--max-time",
    type=click.FloatRange(0, min_open=True),
    metavar="S",
    help="Seconds of latency samples an arm, after five rounds; of --per in a quick run.",
)
@click.option("--per", type=click.Choice(["stage", "layer"]), help="Also where the time of a call goes.")
@click.option("--fresh", is_flag=True, help="Every round in a new process: for runs to be compared later.")
@click.option("--fused", is_flag=True, help="Each arm once more, BatchNorm folded into its convolutions.")
@click.option("--ceilings", is_flag=True, help="Also what the device can do at most, and the floor that this sets.")
@click.option("--energy", is_flag=True, help="Also joules an image, over windows of 10 s (NVIDIA GPUs).")
@click.option("--seed", type=int, default=0, help="Of weights, input and the order of arms.")
@options.format
@click.option("-o", "--output", metavar="FILE.json", help="Save the Record, after every arm; - is stdout.")
def command(
    models: tuple[str, ...],
    device: str,
    batch_size: tuple[int | str, ...] | None,
    input: str | None,
    settings: tuple[str, ...],
    task: tuple[str, ...],
    precision: tuple[str, ...] | None,
    layout: tuple[str, ...],
    mode: tuple[str, ...],
    threads: tuple[int, ...] | None,
    quick: bool,
    min_time: float | None,
    max_time: float | None,
    per: str | None,
    energy: bool,
    fused: bool,
    fresh: bool,
    ceilings: bool,
    seed: int,
    format: Format | None,
    output: str | None,
) -> None:
    """Measure latency, throughput and memory of every combination, each in a process of its own.

    With -o FILE.json the Record, raw samples included, is saved after every arm. Exit code 4 if an arm failed.
    """
    if output is not None and output != "-" and not output.endswith(".json"):
        raise RequestError(
            f"-o {output}: a Record is JSON", hint="-o run.json, then `resnet-inspect show run.json --format md`"
        )

    folder = os.path.dirname(output or "")
    if folder and not os.path.isdir(folder):
        raise RequestError(
            f"-o {output}: there is no folder {folder}", hint="make it first: the Record is saved as it comes"
        )

    with _progress() as (tell, count):

        def save(record: Record) -> None:
            count(len(record.results), record.planned)
            if output is not None and output != "-":
                write(to_json(record), output)

        record = api.bench(
            models or ("resnet50",), device, batch_size, input, settings, task, precision, layout, mode, threads,
            quick=quick, min_time_s=min_time, max_time_s=max_time, seed=seed, argv=sys.argv[1:], save=save, tell=tell,
            per=per, energy=energy, fused=fused, fresh=fresh, ceilings=ceilings,
        )  # fmt: skip
    answer = api.show(record, strict=True)
    if format == "json" or output == "-":
        write(to_json(record), None)
        raise click.exceptions.Exit(answer.exit_code)
    finish(answer, format or "table", None)


def _progress() -> "AbstractContextManager[tuple[Tell, Count]]":
    """A live display on stderr; nothing where nobody watches."""
    if not sys.stderr.isatty():
        return nullcontext((lambda line: None, lambda done, planned: None))
    from resnet_inspect.render.progress import live  # rich costs 35 ms

    return live()
