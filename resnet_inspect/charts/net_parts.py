"""The stages of a net as a drawing shows them: parts that repeat, and the shape that each gives."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

from resnet_inspect.graph import Graph, Node, TensorType
from resnet_inspect.graph.facts.blocks import blocks_by_stage, calls, made_of, projecting, row_of
from resnet_inspect.graph.ops.pointwise import Add

Kind = Literal["projection", "identity", "block", "layers"]


class Part(NamedTuple):
    """Alike blocks in a row, or layers outside blocks that give one type; ``out`` is what each gives."""

    kind: Kind
    out: TensorType
    times: int = 1

    @property
    def channels(self) -> int:
        return sides_of(self.out)[0]

    @property
    def resolution(self) -> int:
        return sides_of(self.out)[1]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage, what it is made of in words, its parts in the order they run, and the type it gives."""

    name: str
    made_of: str
    parts: tuple[Part, ...]
    out: TensorType

    @property
    def blocks(self) -> int:
        return sum(part.times for part in self.parts if part.kind != "layers")

    @property
    def projections(self) -> int:
        return sum(part.times for part in self.parts if part.kind == "projection")


def stages_of(graph: Graph) -> Iterator[Stage]:
    """The stages in the order they run; one without known blocks, as stem and head, has layers alone."""
    blocks, with_convolution = blocks_by_stage(graph), projecting(graph)
    sums = {node.name.rpartition(".")[0] for node in graph.nodes if isinstance(node.op, Add)}
    row, listed = row_of(graph, "block"), {block for each in blocks.values() for block in each}

    def kind_of(path: str) -> Kind:
        if path not in listed:
            return "layers"
        return "projection" if path in with_convolution else "identity" if path in sums else "block"

    stages = dict[str, dict[str, list[Node]]]()
    for _, node in graph.calls:
        stages.setdefault(node.stage, {}).setdefault(row(node), []).append(node)
    for stage, rows in stages.items():
        parts = list[Part]()
        for path, nodes in rows.items():
            kind = kind_of(path)
            parts += [Part(kind, node.out) for node in (nodes if kind == "layers" else nodes[-1:])]
        nodes = [node for each in rows.values() for node in each]
        words = made_of(graph, blocks.get(stage, []), with_convolution) or calls(nodes)
        yield Stage(stage, words, tuple(_alike(parts)), nodes[-1].out)


def _alike(parts: Iterable[Part]) -> Iterator[Part]:
    for (kind, *_), run in groupby(parts, lambda part: (part.kind, part.channels, part.resolution)):
        alike = [*run]
        yield alike[-1]._replace(times=1 if kind == "layers" else len(alike))


def sides_of(out: TensorType) -> tuple[int, int]:
    """Channels, and pixels along the longer side: of tokens as of a square map, of a vector 1."""
    match out.shape:
        case (_, channels, height, width):
            return channels, max(height, width)
        case (_, tokens, channels):
            return channels, round(tokens**0.5)
        case (*_, features):
            return features, 1
    return 1, 1
