"""A graph as boxes and arrows: what the languages of diagrams have in common."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.blocks import block_name, blocks_by_stage, calls, made_of, projecting, row_of
from resnet_inspect.graph.facts.work import Work, work_by
from resnet_inspect.graph.ops.pointwise import Add
from resnet_inspect.units import text
from resnet_inspect.vocabulary import Depth

SUM = "+"


@dataclass(frozen=True, slots=True)
class Box:
    """A stage, a block, a call or a block's sum, with the lines of its label; ``stage`` frames it, where not empty."""

    lines: tuple[str, ...]
    stage: str = ""

    @property
    def is_sum(self) -> bool:
        return self.lines == (SUM,)


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another, by their positions; a shortcut has a label, identity or projection."""

    source: int
    target: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes in the order they run."""

    name: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    @property
    def stages(self) -> Mapping[str, Sequence[int]]:
        """The positions of the boxes in each stage's frame; those without a frame are under the empty name."""
        framed: dict[str, list[int]] = {}
        for position, box in enumerate(self.boxes):
            framed.setdefault(box.stage, []).append(position)
        return framed


def lines(
    diagram: Diagram,
    frame: Callable[[str, int], str],
    box: Callable[[int, Box], str],
    end: str,
    arrow: Callable[[Arrow], str],
) -> Iterator[str]:
    """The text of a diagram in a language that writes a frame for a stage and its first box, a box and an arrow so."""
    for stage, positions in diagram.stages.items():
        if stage:
            yield frame(stage, positions[0])
        for position in positions:
            yield box(position, diagram.boxes[position])
        if stage:
            yield end
    yield from map(arrow, diagram.arrows)


def draw(graph: Graph, depth: Depth) -> Diagram:
    """A box for each stage, block or call, with its output, parameters and MACs; a block's shortcut goes to its sum."""
    key = row_of(graph, depth)
    nodes: dict[str, list[Node]] = {}
    for _, node in graph.calls:
        nodes.setdefault(key(node), []).append(node)
    describe, shortcuts = _descriptions(graph, depth), _shortcuts(graph) if depth == "block" else {}
    boxes = [Box((graph.nodes[i].name, str(graph.nodes[i].out))) for i in graph.inputs]
    enters, leaves = dict[str, int](), dict[str, int]()
    for row, work in work_by(graph, key).items():
        stage = nodes[row][0].stage
        enters[row] = leaves[row] = len(boxes)
        boxes.append(Box((row, *filter(None, describe(row, nodes[row])), *_costs(work)), "" if stage == row else stage))
        if row in shortcuts:
            leaves[row] = len(boxes)
            boxes.append(Box((SUM,), stage))
    arrows: dict[Arrow, None] = {}  # in the order they are found, each once
    given = {position: box for box, position in enumerate(graph.inputs)}
    for _, node in graph.calls:
        row = key(node)
        for i in node.inputs:
            source = given[i] if i in given else leaves[key(graph.nodes[i])]
            if source != leaves[row]:
                arrows[Arrow(source, enters[row])] = None
                if row in shortcuts:
                    arrows.setdefault(Arrow(source, leaves[row], shortcuts[row]))
                    arrows.setdefault(Arrow(enters[row], leaves[row]))
    return Diagram(graph.name, tuple(boxes), tuple(arrows))


def _descriptions(graph: Graph, depth: Depth) -> Callable[[str, Sequence[Node]], Iterator[str]]:
    """What a row consists of, as in the table of ``summary`` at that depth."""
    blocks, with_convolution = blocks_by_stage(graph), projecting(graph)
    each = {block for listed in blocks.values() for block in listed}

    def describe(row: str, nodes: Sequence[Node]) -> Iterator[str]:
        if depth == "layer":
            yield f"{nodes[0].kind} {nodes[0].op.detail}".strip()
        elif depth == "stage":
            yield made_of(graph, blocks[row], with_convolution) or calls(nodes)
        else:
            yield block_name(graph, row) if row in each else calls(nodes)

    return describe


def _costs(work: Work) -> Iterator[str]:
    yield str(work.output)
    costs = ((work.params, "params"), (work.macs, "MACs"))
    if counted := ", ".join(f"{text(number, 'count')} {noun}" for number, noun in costs if number):
        yield counted


def _shortcuts(graph: Graph) -> dict[str, str]:
    """What the shortcut of each block does that ends in a sum."""
    sums = {node.name.rpartition(".")[0] for node in graph.nodes if isinstance(node.op, Add)}
    blocks = {block for listed in blocks_by_stage(graph).values() for block in listed}
    with_convolution = projecting(graph)
    return {block: "projection" if block in with_convolution else "identity" for block in sums & blocks}
