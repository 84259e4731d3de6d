"""A drawn net has every block of the net once, to scale, inside its picture."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import log2
from xml.etree import ElementTree

import pytest
from hypothesis import given
from nasty import NASTY
from strategies import law, lowered, specs

import resnet_inspect as ri
from resnet_inspect.chart import DRAWING_WIDTH, Box, Chart, Text
from resnet_inspect.charts.architecture import LOOKS, LOWEST, TALLEST, architecture
from resnet_inspect.charts.net_parts import Part, stages_of
from resnet_inspect.graph import Graph
from resnet_inspect.questions.summary import summary
from resnet_inspect.render import svg
from resnet_inspect.resnet.spec import ResNetSpec

KIND_OF = {label: kind for kind, (label, *_) in LOOKS.items()}


def boxes_of(chart: Chart) -> list[Box]:
    return [mark for mark in chart.marks if isinstance(mark, Box)]


def texts_of(chart: Chart) -> list[str]:
    return [mark.text for mark in chart.marks if isinstance(mark, Text)]


def parts_of(graph: Graph) -> list[Part]:
    return [part for stage in stages_of(graph) for part in stage.parts]


def drawn_blocks(chart: Chart) -> Counter[str]:
    """Blocks by kind: a box is one, or as many as the count after it says."""
    counts = Counter[str]()
    for mark, after in zip(chart.marks, [*chart.marks[1:], None], strict=True):
        if isinstance(mark, Box) and KIND_OF[mark.label] != "layers":
            counted = isinstance(after, Text) and after.text.startswith("×")
            counts[KIND_OF[mark.label]] += int(after.text[1:]) if counted else 1
    return counts


def check(graph: Graph) -> Chart:
    """The picture of ``graph``, once it holds every block of ``summary`` and keeps to its scale and its frame."""
    chart = architecture(graph)
    report = summary(graph, "block")
    (table,) = report.tables
    keys = [column.key for column in table.columns]
    shortcuts = Counter(row[keys.index("shortcut")] for row in table.rows)
    drawn = drawn_blocks(chart)
    assert (drawn["projection"], drawn["identity"]) == (shortcuts["projection"], shortcuts["identity"])
    stages = summary(graph).tables[0]
    stage_keys = [column.key for column in stages.columns]
    expected = [
        tuple(row[stage_keys.index(key)] for key in ("stage", "made_of", "blocks", "output")) for row in stages.rows
    ]
    own_keys = [column.key for column in chart.table.columns]
    assert [
        tuple(row[own_keys.index(key)] for key in ("stage", "made_of", "blocks", "output")) for row in chart.table.rows
    ] == expected
    assert sum(drawn.values()) == sum(int(str(row[own_keys.index("blocks")])) for row in chart.table.rows)
    check_scale(graph, boxes_of(chart))
    return chart


def check_scale(graph: Graph, boxes: Sequence[Box]) -> None:
    parts = parts_of(graph)
    largest = max(part.resolution for part in parts)
    heights = {max(TALLEST * part.resolution / largest, LOWEST) for part in parts}
    assert {box.height for box in boxes} == heights
    assert all(box.x >= 0 and box.x + box.width <= DRAWING_WIDTH + 1e-6 for box in boxes)
    assert all(box.width > 0 for box in boxes)
    for left, right in pairwise(boxes):
        apart = left.x + left.width <= right.x or left.y + left.height <= right.y
        assert apart, "boxes are next to each other or below"
    # Equal steps of the logarithm of channels are equal steps of width.
    widths = (
        {part.channels: box.width for part, box in zip(parts, boxes, strict=True)} if len(parts) == len(boxes) else {}
    )
    steps = [(b - a) / log2(m / n) for (n, a), (m, b) in pairwise(sorted(widths.items()))]
    assert all(step == pytest.approx(steps[0], rel=1e-6) for step in steps)


@law(40)
@given(specs())
def test_every_block_is_drawn_once_and_to_scale(spec: ResNetSpec) -> None:
    check(lowered(spec, 1, 64))


def test_each_of_few_blocks_has_its_box_and_many_have_their_number() -> None:
    assert sum(KIND_OF[box.label] != "layers" for box in boxes_of(check(ri.lower("resnet18")))) == 8
    deep = check(ri.lower("resnet152"))
    assert "×35" in texts_of(deep), "one projects and 35 do not"
    assert drawn_blocks(deep) == {"projection": 4, "identity": 46}
    assert "bottleneck ×36, first one projects" in texts_of(deep)


def test_stem_and_head_are_named_and_shapes_stand_between_the_stages() -> None:
    texts = texts_of(architecture(ri.lower("resnet50")))
    order = ["input 1×3×224×224", "stem", "1×64×56×56", "layer1", "1×256×56×56", "layer4", "1×2048×7×7", "head"]
    places = [texts.index(text) for text in (*order, "output 1×1000")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("model", "kinds"),
    [
        ("torchvision:densenet121", {"block"}),
        ("torchvision:vit_b_16", {"identity"}),
        ("torchvision:vgg11", set()),
        ("torchvision:alexnet", set()),
        ("timm:resnetv2_50", {"projection", "identity"}),
        ("resnet1202_cifar", {"identity"}),
    ],
)
def test_any_graph_is_drawn(model: str, kinds: set[str]) -> None:
    chart = architecture(ri.lower(model))
    check_scale(ri.lower(model), boxes_of(chart))
    assert {*drawn_blocks(chart)} == kinds
    assert len(chart.marks) < 400
    ElementTree.fromstring(svg.render(chart))


@pytest.mark.parametrize("nasty", [*NASTY.values(), "a" * 300, ""])
def test_no_name_acts_or_leaves_the_picture(nasty: str) -> None:
    graph = ri.lower("resnet18")
    nodes = tuple(replace(node, stage=node.stage.replace("layer2", nasty)) for node in graph.nodes)
    root = ElementTree.fromstring(svg.render(architecture(replace(graph, name=nasty, nodes=nodes))))
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "path", "circle", "text", "g", "tspan"}
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
