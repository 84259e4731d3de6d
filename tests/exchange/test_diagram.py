"""A diagram shows each row of ``summary`` once, and every path from the input to the output."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law, lowered, specs

import resnet_inspect as ri
from resnet_inspect.exchange.diagram import draw
from resnet_inspect.questions.summary import summary
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.vocabulary import DEPTHS, Depth


@law(40)
@given(specs(), st.sampled_from(DEPTHS))
def test_a_box_is_a_row_of_summary_and_each_lies_on_a_way_from_input_to_output(spec: ResNetSpec, depth: Depth) -> None:
    graph = lowered(spec, 1, 64)
    diagram = draw(graph, depth)
    (table,) = summary(graph, depth).tables
    assert [box.lines[0] for box in diagram.boxes[1:] if not box.is_sum] == [row[0] for row in table.rows]
    last = len(diagram.boxes) - 1
    assert {arrow.target for arrow in diagram.arrows} == {*range(1, last + 1)}
    assert {arrow.source for arrow in diagram.arrows} == {*range(last)}
    assert all(arrow.source < arrow.target for arrow in diagram.arrows)


@pytest.mark.parametrize("name", ["resnet50", "resnet34", "resnetv2_50", "resnet20_cifar", "cbam_resnet18"])
def test_each_block_has_one_shortcut_to_its_sum(name: str) -> None:
    diagram = draw(ri.lower(name), "block")
    (table,) = ri.summary(name, depth="block").tables
    shortcut = [column.key for column in table.columns].index("shortcut")
    expected = Counter(row[shortcut] for row in table.rows if row[shortcut])
    assert Counter(arrow.label for arrow in diagram.arrows if arrow.label) == expected
    into = Counter(arrow.target for arrow in diagram.arrows)
    assert {into[position] for position, box in enumerate(diagram.boxes) if box.is_sum} == {2}
