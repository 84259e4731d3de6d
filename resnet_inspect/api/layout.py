"""The module layout that counters see, and the name under which numbers are published: of a spec or of code."""

from typing import TYPE_CHECKING

from resnet_inspect.api.answer import one_of
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.sources import VariantSource

if TYPE_CHECKING:
    from resnet_inspect.counting.writing import Layout
    from resnet_inspect.sources.source import Source

LIBRARIES = ("torchvision", "timm")
OF_CODE = "its own"


def lay_out(source: "Source", graph: Graph, writing: str | None = None) -> "Layout":
    """A spec's calls as the library ``writing`` lays them out, by default its family's own; code's as they were traced.

    Raises:
        RequestError: there is no such library, or code would have to be laid out as a library does.
    """
    from resnet_inspect.counting.writing import WRITINGS, Layout, as_traced, as_written

    if isinstance(source, VariantSource):
        name = one_of("writing", writing, (None, *WRITINGS)) or source.variant.writing
        return Layout(name, as_written(graph, name))
    if writing is not None:
        raise RequestError(f"--writing lays out a spec, and {source.name} has modules of its own", hint="leave it out")
    return Layout(OF_CODE, as_traced(graph, getattr(source, "classes", {})))


def published_name(source: "Source", graph: Graph) -> str:
    """The name under which papers and libraries print costs of the net; empty where they hold for another net.

    They hold for a net as it comes and for one image of its own size.
    """
    if graph.input.shape != (1, *source.image):
        return ""
    return name_as_it_comes(source).rpartition(":")[2]


def name_as_it_comes(source: "Source") -> str:
    """``resnet50`` or ``timm:resnet50``; empty for a changed variant, and for code of the user's own."""
    if isinstance(source, VariantSource):
        return "" if source.variant.family == "spec" else source.name
    return source.name if source.name.partition(":")[0] in LIBRARIES else ""
