"""The verbs that give a network itself: as a Graph, a spec or a torch module."""

from typing import TYPE_CHECKING

from resnet_inspect.api.shown import ShownGraph, show_as
from resnet_inspect.graph import Graph
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.sources import Input, Kwargs, Model, Settings, find, find_variant, graph_of

if TYPE_CHECKING:
    from torch import nn


def lower(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
) -> Graph:
    """The network as a list of typed calls. Code and torch modules are traced; everything else is lowered from a spec.

    Raises:
        RequestError: there is no such model, or it cannot take the input.
    """
    return show_as(ShownGraph, graph_of(find(model, settings, kwargs), input, batch_size))


def fold(model: Model | Graph = "resnet50") -> Graph:
    """The network with every BatchNorm that directly follows a convolution folded into it, as for inference."""
    from resnet_inspect.graph.fold import fold

    return show_as(ShownGraph, fold(model if isinstance(model, Graph) else lower(model)))


def build(model: Model | Graph = "resnet50", *, device: str = "cpu", zero_init_residual: bool = False) -> "nn.Module":
    """The network as a torch module, initialised as torchvision initialises its own.

    Torch's random state stays as it is: seed torch in between to build two networks with different weights.
    """
    from resnet_inspect.runtime.build import build  # torch lives behind this line

    network = model if isinstance(model, Graph) else lower(model)
    return build(network, device=device, zero_init_residual=zero_init_residual)


def spec(model: Model = "resnet50", settings: Settings = ()) -> ResNetSpec:
    """The network as data."""
    return find_variant(model, settings).spec


def export_spec(model: Model = "resnet50", settings: Settings = ()) -> str:
    """The network as a spec.toml that reads back to the same spec."""
    from resnet_inspect.resnet import toml

    return toml.dump(find_variant(model, settings).spec)
