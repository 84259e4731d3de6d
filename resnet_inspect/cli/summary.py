import click

from resnet_inspect.api import static
from resnet_inspect.api.answer import Answer
from resnet_inspect.cli import options
from resnet_inspect.cli.of_models import OfModels
from resnet_inspect.cli.options import Asked
from resnet_inspect.vocabulary import Depth

EXAMPLES = (
    "resnet-inspect summary resnet50",
    "resnet-inspect summary seresnet50 --depth block",
    "resnet-inspect summary resnet50 --set stem=3:1:64 --set stem_pool=none --input 1,3,32,32",
)


@click.command(cls=OfModels, epilog=options.examples(EXAMPLES))
@options.asked()
@options.depth
@options.folded
@options.profile
@options.here
def command(asked: Asked, depth: Depth, folded: bool, profile: str | None, device: str | None) -> Answer:
    """Shapes, parameters, MACs, FLOPs and activations of MODEL, stage by stage."""
    return static.summary(*asked.network, depth, folded, profile, device)
