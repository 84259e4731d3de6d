import sys

import click

from resnet_inspect.api import tuning
from resnet_inspect.benchmark.interrupts import INTERRUPTS, SIGNALS
from resnet_inspect.cli import options
from resnet_inspect.cli.amounts import seconds, size
from resnet_inspect.cli.bench import ending_at_once
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.cli.recording import display, recording
from resnet_inspect.errors import RequestError

EXAMPLES = (
    "resnet-inspect tune resnet18 --device cpu --input 1,3,32,32 --for latency --among threads=1 --budget 2min",
    "resnet-inspect tune resnet18 --device cpu --input 1,3,32,32 --among mode=eager,batch=1,8 --budget 1min",
)
ABOVE_0 = click.FloatRange(0, min_open=True)


@click.command(epilog=options.examples(EXAMPLES))
@options.asked("model", "input", "settings", "kwargs", "format")
@click.option(
    "--for",
    "goal",
    type=click.Choice(("throughput", "latency")),
    default="throughput",
    help="Most images a second (default), or the shortest call.",
)
@click.option("--device", default="auto", help="cpu, cuda, cuda:N, mps or auto (default).")
@click.option(
    "--among",
    multiple=True,
    metavar="AXIS=A,B,...",
    help="Values of layout, precision, mode, threads or batch to try; default: all that the device has.",
)
@click.option("--max-latency-ms", type=ABOVE_0, metavar="5", help="Longest latency allowed, its interval included.")
@click.option("--max-memory", type=size, metavar="8GiB", help="Highest peak of a call allowed.")
@click.option(
    "--max-error", type=ABOVE_0, default=0.02, metavar="0.02", help="Largest distance from fp32 outputs; default: 0.02."
)
@click.option("--budget", type=seconds, default="5min", metavar="5min", help="Time for the search; default: 5min.")
@click.option("--delta", type=ABOVE_0, metavar="0.05", help="What is a tie; default: 0.05, on CUDA 0.02.")
@click.option("--seed", type=int, default=0, help="Seed of weights, input and case order; default: 0.")
@click.option("-o", "--output", metavar="FILE.json", help="Save the Record after every case.")
def command(
    asked: Asked,
    goal: str,
    device: str,
    among: tuple[str, ...],
    max_latency_ms: float | None,
    max_memory: float | None,
    max_error: float,
    budget: float,
    delta: float | None,
    seed: int,
    output: str | None,
) -> None:
    """Find the fastest layout, precision, mode, threads and batch of a model on this machine, by racing them.

    What surely loses is dropped. Last, the winner races torch's default in new processes; that ratio is the answer.
    Exit code 1 if nothing meets the bounds, 4 if the budget is too short to decide.
    """
    if output == "-":
        raise RequestError("-o -: the answer goes to stdout, and the Record to a file", hint="as -o tuned.json")
    with INTERRUPTS.listening(*SIGNALS), ending_at_once(), recording(output) as file:
        with display(file, at_most_s=budget) as (tell, progress):
            answer = tuning.tune(
                asked.model, goal, device, asked.input, asked.settings, asked.kwargs, among, budget, max_latency_ms,
                max_memory, max_error, delta, seed, sys.argv[1:], file.save, tell, progress,
            )  # fmt: skip
        finish(answer, asked)
