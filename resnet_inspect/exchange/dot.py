"""A graph in the language of Graphviz (https://graphviz.org/doc/info/lang.html)."""

from collections.abc import Iterator

from resnet_inspect.escape import dot_text, visible
from resnet_inspect.exchange.diagram import Box, Diagram


def write(diagram: Diagram) -> str:
    """The diagram from top to bottom, with a cluster for each stage that frames boxes."""
    return "\n".join((f"digraph {_quoted(diagram.name)} {{", "  node [shape=box]", *_lines(diagram), "}")) + "\n"


def _lines(diagram: Diagram) -> Iterator[str]:
    for stage, positions in diagram.stages.items():
        if stage:
            yield f"  subgraph cluster_{positions[0]} {{"
            yield f"    label={_quoted(stage)}"
        for position in positions:
            yield f"    n{position} [{_attributes(diagram.boxes[position])}]"
        if stage:
            yield "  }"
    for arrow in diagram.arrows:
        look = f" [style=dashed, label={_quoted(arrow.label)}]" if arrow.label else ""
        yield f"  n{arrow.source} -> n{arrow.target}{look}"


def _attributes(box: Box) -> str:
    label = f"label={_quoted(*box.lines)}"
    return f"{label}, shape=circle" if box.is_sum else label


def _quoted(*lines: str) -> str:
    return '"' + r"\n".join(dot_text(visible(line)) for line in lines) + '"'
