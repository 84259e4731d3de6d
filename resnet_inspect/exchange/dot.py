"""A graph in the language of Graphviz (https://graphviz.org/doc/info/lang.html)."""

from resnet_inspect.escape import dot_text, visible
from resnet_inspect.exchange.diagram import Arrow, Box, Diagram, lines


def write(diagram: Diagram) -> str:
    """The diagram from top to bottom, with a cluster for each stage that frames boxes."""
    head = f"digraph {_quoted(diagram.name)} {{", "  node [shape=box]"
    return "\n".join((*head, *lines(diagram, _frame, _box, "  }", _arrow), "}")) + "\n"


def _frame(stage: str, first: int) -> str:
    return f"  subgraph cluster_{first} {{\n    label={_quoted(stage)}"


def _box(position: int, box: Box) -> str:
    look = ", shape=circle" if box.is_sum else ""
    return f"    n{position} [label={_quoted(*box.lines)}{look}]"


def _arrow(arrow: Arrow) -> str:
    look = f" [style=dashed, label={_quoted(arrow.label)}]" if arrow.label else ""
    return f"  n{arrow.source} -> n{arrow.target}{look}"


def _quoted(*lines: str) -> str:
    return '"' + r"\n".join(dot_text(visible(line)) for line in lines) + '"'
