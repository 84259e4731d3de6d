import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.render import Format
from resnet_inspect.vocabulary import DEPTHS, Depth

EXAMPLES = (
    "resnet-inspect summary resnet50",
    "resnet-inspect summary seresnet50 --depth block",
    "resnet-inspect summary resnet50 --set stem=3:1:64 --set stem_pool=none --input 1,3,32,32",
)


@click.command("summary", epilog=options.examples(EXAMPLES))
@options.asked_of_a_model
@click.option("--depth", type=click.Choice(DEPTHS), default="stage", help="One row a stage, a block or a layer.")
@options.fused
def command(
    model: str,
    input: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    format: Format | None,
    output: str | None,
    depth: Depth,
    fused: bool,
) -> None:
    """Shapes, parameters, MACs, FLOPs and activations of MODEL, stage by stage."""
    finish(api.summary(model, input, batch_size, settings, depth, fused), format, output)
