"""Graphs as JSON, to be changed as Records are, and the command lines that read them."""

from dataclasses import replace
from functools import cache

from resnet_inspect import sources
from resnet_inspect.exchange.graph_json import to_json
from resnet_inspect.graph import Backward

READERS = (
    ("summary", "net.json"),
    ("summary", "net.json", "--depth", "block", "--format", "md"),
    ("summary", "net.json", "--depth", "layer", "--folded", "--format", "json"),
    ("flops", "net.json", "--task", "train"),
    ("memory", "net.json", "--format", "html"),
    ("memory", "net.json", "--task", "train"),
    ("roofline", "net.json", "--device", "h200", "--depth", "layer"),
    ("compare", "resnet18", "net.json"),
    ("budget", "net.json", "--max-params", "26M"),
    ("export", "net.json"),
    ("export", "net.json", "--format", "mermaid", "--depth", "block"),
    ("export", "net.json", "--format", "dot", "--depth", "layer"),
)


@cache
def whole_graphs() -> tuple[str, ...]:
    """Graphs that every reader takes: lowered ones with most operations, and one with what a trace adds."""
    nets = ("resnet18", "legacy_seresnet50", "resnetblur18", "resnet20_cifar", "resnetv2_50")
    graphs = [sources.graph_of(sources.find(name), (2, 3, 64, 64)) for name in nets]
    last = len(graphs[0].nodes) - 1
    backward = {i: Backward(frozenset({i - 1}), frozenset(node.op.params()), last)
                for i, node in enumerate(graphs[0].nodes) if i > 1}  # fmt: skip
    traced = replace(graphs[0], held={i: i for i in range(last)}, recorded=backward, unseen={"layer1": -3})
    return tuple(map(to_json, (traced, *graphs)))
