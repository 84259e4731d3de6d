import click

from resnet_inspect import api
from resnet_inspect.cli import options, pyproject
from resnet_inspect.cli.amounts import amount, size
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect budget resnet50 --max-params 26M --max-macs 4.2G --max-memory 200MiB",
    "resnet-inspect budget resnet18 --input 1,3,32,32 --max-latency-ms 5000 --record run.json",
)
KEYS = (
    "model", "input", "batch-size", "set", "max-params", "max-macs", "max-flops", "max-activations", "max-memory",
    "max-latency-ms", "record",
)  # fmt: skip


def configure(ctx: click.Context, _: click.Parameter, config: str | None) -> str:
    return pyproject.defaults(ctx, config, KEYS)


@click.command("budget", epilog=options.examples(EXAMPLES))
@options.asked_of_a_model
@click.option("--max-params", type=amount, metavar="26M", help="Parameters.")
@click.option("--max-macs", type=amount, metavar="4.2G", help="Multiply-accumulates.")
@click.option("--max-flops", type=amount, metavar="8.4G", help="FLOPs, 2 per MAC.")
@click.option("--max-activations", type=amount, metavar="12M", help="Output elements of convolutions and fc.")
@click.option("--max-memory", type=size, metavar="200MiB", help="Predicted peak of an inference in fp32.")
@click.option("--max-latency-ms", type=float, metavar="5", help="Median latency of each arm that fits, in --record.")
@click.option("--record", metavar="RUN.json", help="What bench -o wrote.")
@click.option(
    "--config",
    metavar="FILE",
    callback=configure,
    is_eager=True,  # before the options that it gives defaults to
    help="A pyproject.toml; by default the nearest one upwards with a table [tool.resnet-inspect].",
)
def command(
    model: str,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
    max_params: int | None,
    max_macs: int | None,
    max_flops: int | None,
    max_activations: int | None,
    max_memory: int | None,
    max_latency_ms: float | None,
    record: str | None,
    config: str,
) -> None:
    """Whether MODEL keeps to its budgets. Exit code 1 if one is over, 4 if a latency is INCONCLUSIVE.

    What is not given here is read from a pyproject.toml:

    \b
        [tool.resnet-inspect]
        model = "resnet50"         # or a spec.toml; also input, batch-size, set
        max-params = "26M"         # also max-macs, max-flops, max-activations
        max-memory = "200MiB"
        max-latency-ms = 5
        record = "run.json"        # paths are relative to the pyproject.toml
    """
    answer = api.budget(
        model, input, batch_size, settings, max_params, max_macs, max_flops, max_activations, max_memory,
        max_latency_ms, record, config,
    )  # fmt: skip
    finish(answer, format, output)
