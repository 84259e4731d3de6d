"""A graph as a flowchart of Mermaid, which Markdown shows on GitHub and elsewhere (https://mermaid.js.org)."""

from resnet_inspect.escape import mermaid_text, visible
from resnet_inspect.exchange.diagram import Arrow, Box, Diagram, lines


def write(diagram: Diagram) -> str:
    """The diagram from top to bottom, with a subgraph for each stage that frames boxes."""
    return "\n".join(("flowchart TD", *lines(diagram, _frame, _box, "  end", _arrow))) + "\n"


def _frame(stage: str, first: int) -> str:
    return f'  subgraph s{first}["{_text(stage)}"]'


def _box(position: int, box: Box) -> str:
    label = "<br>".join(map(_text, box.lines))
    return f'    n{position}(("{label}"))' if box.is_sum else f'    n{position}["{label}"]'


def _arrow(arrow: Arrow) -> str:
    link = f'-. "{_text(arrow.label)}" .->' if arrow.label else "-->"
    return f"  n{arrow.source} {link} n{arrow.target}"


def _text(text: str) -> str:
    return mermaid_text(visible(text))
