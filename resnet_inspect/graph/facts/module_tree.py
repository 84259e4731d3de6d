"""The modules of a graph as a tree, and the blocks in it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.receptive_field import views

PLAIN = ("Sequential", "ModuleList", "ModuleDict", "")  # classes that say nothing of what they hold
BLOCK_LAYERS = 2  # a convolution with its norm is no block
STAGES_AT_A_RESOLUTION = 2  # EfficientNet has 7 stages at 5 resolutions, Xception 12 blocks


@dataclass(slots=True, eq=False)
class Module:
    """A module with the modules and functional calls in it, in the order they run.

    Attributes:
        class_name: empty for a call, and for a container that is not called itself, as an nn.ModuleList.
        calls: positions in ``Graph.nodes``.
        reads: the latest call before it that it reads.
        layers: how many convolutions and linear layers, without those of gates and heads, which see the whole image.
        jumps: the jumps of the maps that it reads and computes.
    """

    path: str
    class_name: str
    calls: list[int] = field(default_factory=list)
    reads: int = 0
    layers: int = 0
    jumps: list[int] = field(default_factory=list)
    children: dict[str, "Module"] = field(default_factory=dict)

    @property
    def halvings(self) -> int:
        return max(len(set(self.jumps)) - 1, 0)

    @property
    def is_plain(self) -> bool:
        return self.class_name in PLAIN

    @property
    def may_be_a_stage(self) -> bool:
        """Whether its class says so, or says nothing."""
        return self.is_plain or "Stage" in self.class_name

    @property
    def may_be_a_block(self) -> bool:
        return bool(self.children) and self.layers >= BLOCK_LAYERS

    def find(self, path: str) -> "Module | None":
        """The module at ``path``, which is relative to the root."""
        if path == self.path:
            return self
        within = (child for child in self.children.values() if f"{path}.".startswith(f"{child.path}."))
        return next((found for child in within if (found := child.find(path))), None)


def module_tree(graph: Graph) -> Module:
    """The root of the tree."""
    root = Module("", graph.containers.get("", ""))
    seen = views(graph)
    for position, node in graph.calls:
        jumps = [view.jump for view in (*(seen[i] for i in node.inputs[:1]), seen[position]) if view and node.inputs]
        is_layer = bool(node.macs and seen[position])
        modules = [root]
        for path in _paths(graph, node):
            children = modules[-1].children
            if path not in children:
                children[path] = Module(path, graph.containers.get(path, ""))
            modules.append(children[path])
        for module in modules:
            module.calls.append(position)
            module.reads = max(module.reads, *(i for i in node.inputs if i < module.calls[0]), 0)
            module.layers += is_layer
            module.jumps += jumps
    return root


def chain(module: Module) -> list[Module]:
    """The children that repeat, each reading the one before it: of one class, or numbered.

    A numbered child without a twin is half of the module or more, unless the module calls itself a stage.
    """
    large = [child for child in module.children.values() if child.may_be_a_block]
    classes = Counter(child.class_name for child in large)

    def is_link(child: Module) -> bool:
        is_numbered = child.path[-1:].isdecimal()
        most = "Stage" in module.class_name or 2 * child.layers >= module.layers
        return classes[child.class_name] > 1 or (is_numbered and most)

    links = {child for child in large if is_link(child)}
    repeated = {child.class_name for child in links if not child.is_plain}  # a small block may have one layer
    ordered = [child for child in module.children.values() if child in links or child.class_name in repeated]
    return ordered if all(later.reads >= earlier.calls[0] for earlier, later in pairwise(ordered)) else []


def list_of_blocks(module: Module) -> list[Module]:
    """The chain of the children, if it is one of blocks: its links hold no chain, or are too many for stages."""
    links = chain(module)
    many = len(links) > STAGES_AT_A_RESOLUTION * (module.halvings + 1)
    are_blocks = many and not any(link.may_be_a_stage for link in links)
    return links if are_blocks or not any(map(blocks_in, links)) else []


def blocks_in(module: Module) -> list[Module]:
    """The links of the outermost chains; in place of a link that is a list or a tree of links, the links in it."""
    links = chain(module)
    if not links:
        return [block for child in module.children.values() for block in blocks_in(child)]
    return [
        block
        for link in links
        for block in ((link.is_plain or link.class_name == module.class_name) and blocks_in(link)) or [link]
    ]


def enclosing(path: str) -> Iterator[str]:
    """The paths of the modules around ``path``, outermost first."""
    end = path.find(".")
    while end >= 0:
        yield path[:end]
        end = path.find(".", end + 1)


def _paths(graph: Graph, node: Node) -> Iterator[str]:
    """Paths of the modules around a call, outermost first, then its own name: a leaf may run in several places."""
    own = node.module or node.name
    yield from enclosing(own)
    if own in graph.containers:  # a call with the weights of a module that makes other calls, too
        yield own
    yield node.name
