"""A graph as a flowchart of Mermaid, which Markdown shows on GitHub and elsewhere (https://mermaid.js.org)."""

from collections.abc import Iterator

from resnet_inspect.escape import mermaid_text, visible
from resnet_inspect.exchange.diagram import Box, Diagram


def write(diagram: Diagram) -> str:
    """The diagram from top to bottom, with a subgraph for each stage that frames boxes."""
    return "\n".join(("flowchart TD", *_lines(diagram))) + "\n"


def _lines(diagram: Diagram) -> Iterator[str]:
    for stage, positions in diagram.stages.items():
        frame = f'  subgraph s{positions[0]}["{_text(stage)}"]' if stage else ""
        if frame:
            yield frame
        for position in positions:
            yield f"    n{position}{_shape(diagram.boxes[position])}"
        if frame:
            yield "  end"
    for arrow in diagram.arrows:
        link = f'-. "{_text(arrow.label)}" .->' if arrow.label else "-->"
        yield f"  n{arrow.source} {link} n{arrow.target}"


def _shape(box: Box) -> str:
    label = "<br>".join(map(_text, box.lines))
    return f'(("{label}"))' if box.is_sum else f'["{label}"]'


def _text(text: str) -> str:
    return mermaid_text(visible(text))
