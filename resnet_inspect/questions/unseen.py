"""The work of code that torch counts and no call of its Graph accounts for."""

from collections.abc import Iterator, Mapping

from resnet_inspect.graph import Graph
from resnet_inspect.graph.ops.torch_call import UNUSED
from resnet_inspect.units import counted, text

SHOWN = 3


def unseen_notes(graph: Graph) -> tuple[str, ...]:
    """What a Report of the work of ``graph`` says: how it ran, what no call reads, and where torch counts otherwise."""
    unseen = (tell_unseen(graph.name, graph.unseen),) if graph.unseen else ()
    return (*graph.notes, *_unread(graph), *unseen)


def _unread(graph: Graph) -> Iterator[str]:
    for node in graph.nodes[-1:]:
        if node.name == UNUSED and node.params:
            names = [*node.weights()]
            more = f" and {counted(len(names) - SHOWN, 'other')}" if len(names) > SHOWN else ""
            yield f"{node.params:,} parameters that no call reads are counted: {', '.join(names[:SHOWN])}{more}"


def tell_unseen(name: str, unseen: Mapping[str, int]) -> str:
    """The FLOPs by module path that torch counts more in a pass of ``name`` than its calls account for."""
    paths = sorted(unseen, key=lambda path: -abs(unseen[path]))
    parts = [f"{_amount(unseen[path])} in {path or 'its forward'}" for path in paths[:SHOWN]]
    parts += [f"others in {counted(len(paths) - SHOWN, 'place')}"] if len(paths) > SHOWN else []
    return f"{name}: in the same pass, torch counts {', '.join(parts)}"


def _amount(flops: int) -> str:
    return f"{text(abs(flops), 'count')} FLOPs {'more' if flops > 0 else 'fewer'}"
