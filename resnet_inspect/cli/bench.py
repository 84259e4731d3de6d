import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

from resnet_inspect.api import measured
from resnet_inspect.benchmark.interrupts import INTERRUPTS, SIGNALS
from resnet_inspect.benchmark.record_json import to_json
from resnet_inspect.cli import lists, options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish, write
from resnet_inspect.cli.recording import display, recording
from resnet_inspect.errors import INTERRUPTED
from resnet_inspect.vocabulary import LAYOUTS, MODES, RUN_PRECISIONS, TASKS

EXAMPLES = (
    "resnet-inspect bench --device cpu --quick",
    "resnet-inspect bench resnet18 --device cpu --batch-size 1,2 --quick -o run.json",
    "resnet-inspect bench resnet18 --device cpu --task train --batch-size 2 --per stage --quick --max-time 1",
)
SECONDS = click.FloatRange(0, min_open=True)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """After a signal, wait for no finalizers: torch, which a net of code has loaded, has seconds of them."""
    try:
        yield
    except (click.exceptions.Exit, KeyboardInterrupt) as end:
        if INTERRUPTS.since is None:
            raise
        for stream in sys.stdout, sys.stderr:
            with suppress(OSError):
                if stream is not None:
                    stream.flush()
        os._exit(end.exit_code if isinstance(end, click.exceptions.Exit) else INTERRUPTED)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--device", default="auto", help="cpu, cuda, cuda:N, mps or auto (default).")
@click.option(
    "--batch-size",
    type=lists.batch_sizes,
    metavar="1,8,32",
    help="Images per batch; max: as many as fit (on a CPU, in about 1 s).",
)
@click.option(
    "--task", type=lists.words(TASKS), metavar="NAME,...", default="infer", help="infer (default), train or both."
)
@click.option(
    "--precision",
    type=lists.words(RUN_PRECISIONS),
    metavar="NAME,...",
    help=f"Any of {', '.join(RUN_PRECISIONS)}; default: tf32 on GPUs that have it, else fp32.",
)
@click.option(
    "--layout",
    type=lists.words(LAYOUTS),
    metavar="NAME,...",
    default="contiguous",
    help="contiguous (default), channels_last or both.",
)
@click.option(
    "--mode",
    type=lists.words(MODES),
    metavar="NAME,...",
    default="eager",
    help=f"Any of {', '.join(MODES)}; default: eager.",
)
@click.option(
    "--threads", type=lists.whole_numbers, metavar="N", help="Threads of torch on a CPU; default: all usable cores."
)
@click.option(
    "--gpus", type=lists.whole_numbers, metavar="1,2,4", help="Train in so many processes, each with a batch and a GPU."
)
@click.option(
    "--processes", type=lists.whole_numbers, metavar="1,2", help="Train in so many processes, each with a batch."
)
@click.option("--quick", is_flag=True, help="Two rounds for a first look; not a baseline.")
@click.option("--min-time", type=SECONDS, metavar="S", help="Sample each case for at least S seconds.")
@click.option(
    "--max-time",
    type=SECONDS,
    metavar="S",
    help="Stop a case after S seconds and five rounds; with --quick, limits --per.",
)
@click.option("--per", type=click.Choice(["stage", "layer"]), help="Also time each stage, or each stage and layer.")
@click.option("--fresh", is_flag=True, help="Start a process for every round, for runs to be compared later.")
@click.option("--folded", is_flag=True, help="Also measure each case with BatchNorm folded into convolutions.")
@click.option("--ceilings", is_flag=True, help="Also measure the device's ceilings, and the floor they set.")
@click.option("--energy", is_flag=True, help="Also measure joules per image over 10 s windows (NVIDIA GPUs).")
@click.option("--seed", type=int, default=0, help="Seed of weights, input and case order; default: 0.")
@options.asked("input", "settings", "kwargs", "format")
@click.option("-o", "--output", metavar="FILE.json", help="Save the Record after every case; - prints it.")
def command(
    asked: Asked,
    models: tuple[str, ...],
    device: str,
    batch_size: tuple[int | str, ...] | None,
    task: tuple[str, ...],
    precision: tuple[str, ...] | None,
    layout: tuple[str, ...],
    mode: tuple[str, ...],
    threads: tuple[int, ...] | None,
    gpus: tuple[int, ...] | None,
    processes: tuple[int, ...] | None,
    quick: bool,
    min_time: float | None,
    max_time: float | None,
    per: str | None,
    energy: bool,
    folded: bool,
    fresh: bool,
    ceilings: bool,
    seed: int,
    output: str | None,
) -> None:
    """Measure latency, throughput and memory of every combination, each in a process of its own.

    Sampling stops at ±2% (±1% on CUDA), when the interval stops shrinking, or after 30 s. Exit code 4 if a case
    failed.
    """
    with INTERRUPTS.listening(*SIGNALS), ending_at_once(), recording(output) as file:
        with display(file) as (tell, progress):
            record = measured.bench(
                models or (asked.model,), device, batch_size, asked.input, asked.settings, asked.kwargs, task,
                precision, layout, mode, threads, quick=quick, min_time_s=min_time, max_time_s=max_time, seed=seed,
                argv=sys.argv[1:], save=file.save, tell=tell, progress=progress, per=per, energy=energy,
                folded=folded, fresh=fresh, ceilings=ceilings, processes=processes, gpus=gpus,
            )  # fmt: skip
        answer = measured.show(record, strict=True)
        if asked.format == "json" or output == "-":
            write(to_json(record), None)
            raise click.exceptions.Exit(answer.exit_code)
        finish(answer, asked)
