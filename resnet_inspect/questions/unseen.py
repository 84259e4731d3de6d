"""The work of code that torch counts and no call of its Graph accounts for."""

from collections.abc import Mapping

from resnet_inspect.graph import Graph
from resnet_inspect.units import counted, text

SHOWN = 3


def unseen_notes(graph: Graph) -> tuple[str, ...]:
    """A note for a Report that gives the work of ``graph``, where torch's own count of the same pass differs."""
    return (tell_unseen(graph.name, graph.unseen),) if graph.unseen else ()


def tell_unseen(name: str, unseen: Mapping[str, int]) -> str:
    """The FLOPs by module path that torch counts more in a pass of ``name`` than its calls account for."""
    paths = sorted(unseen, key=lambda path: -abs(unseen[path]))
    parts = [f"{_amount(unseen[path])} in {path or 'its forward'}" for path in paths[:SHOWN]]
    parts += [f"others in {counted(len(paths) - SHOWN, 'place')}"] if len(paths) > SHOWN else []
    return f"{name}: in the same pass, torch counts {', '.join(parts)}"


def _amount(flops: int) -> str:
    return f"{text(abs(flops), 'count')} FLOPs {'more' if flops > 0 else 'fewer'}"
