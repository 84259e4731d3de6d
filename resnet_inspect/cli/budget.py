import click

from resnet_inspect.api import checks
from resnet_inspect.api.answer import Answer
from resnet_inspect.cli import options, pyproject
from resnet_inspect.cli.amounts import amount, size
from resnet_inspect.cli.of_models import OfModels
from resnet_inspect.cli.options import Asked

EXAMPLES = (
    "resnet-inspect budget resnet50 --max-params 26M --max-macs 4.2G --max-memory 200MiB",
    "resnet-inspect budget resnet18 --input 1,3,32,32 --max-latency-ms 5000 --record run.json",
)


def configure(ctx: click.Context, _: click.Parameter, config: str | None) -> str:
    return pyproject.defaults(ctx, config)


@click.command(cls=OfModels, epilog=options.examples(EXAMPLES))
@options.asked()
@click.option("--max-params", type=amount, metavar="26M", help="Most parameters allowed.")
@click.option("--max-macs", type=amount, metavar="4.2G", help="Most MACs allowed.")
@click.option("--max-flops", type=amount, metavar="8.4G", help="Most FLOPs allowed, at 2 per MAC.")
@click.option(
    "--max-activations", type=amount, metavar="12M", help="Most outputs of convolutions and linear layers allowed."
)
@click.option("--max-memory", type=size, metavar="200MiB", help="Highest predicted peak of fp32 inference.")
@click.option("--max-latency-ms", type=float, metavar="5", help="Highest median latency of any matching case.")
@click.option("--record", metavar="RUN.json", help="Record with that latency, as bench -o saved it.")
@options.profile
@options.here
@click.option(
    "--config",
    metavar="FILE",
    callback=configure,
    is_eager=True,  # before the options that it gives defaults to
    help="File with the limits; default: the nearest such pyproject.toml.",
)
def command(
    asked: Asked,
    max_params: float | None,
    max_macs: float | None,
    max_flops: float | None,
    max_activations: float | None,
    max_memory: float | None,
    max_latency_ms: float | None,
    record: str | None,
    profile: str | None,
    device: str | None,
    config: str,
) -> Answer:
    """Check that MODEL keeps its limits. Exit code 1 if one is exceeded, 4 if a latency is INCONCLUSIVE.

    A pyproject.toml in this folder or above gives the limits that are not given here:

    \b
        [tool.resnet-inspect]
        model = "resnet50"         # or a spec.toml; also input, batch-size, set, kwargs
        max-params = "26M"         # also max-macs, max-flops, max-activations
        max-memory = "200MiB"
        max-latency-ms = 5
        record = "run.json"        # paths are relative to the pyproject.toml

    It may list several models, which `budget`, `check`, `compare`, `lint` and `summary` take where they are given none:

    \b
        [[tool.resnet-inspect.models]]
        model = "resnet50"         # and any key of above, for this model
    """
    return checks.budget(
        *asked.network,
        max_params,
        max_macs,
        max_flops,
        max_activations,
        max_memory,
        max_latency_ms,
        record,
        config,
        profile,
        device,
    )
