import json
import re

import pytest

import resnet_inspect as ri
from resnet_inspect.errors import InspectError
from resnet_inspect.resnet import zoo

PART = re.compile(r"([\d,]+)(?= \+ |$)")


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize("model", ["resnet50", "resnetv2_50x1_bit", "seresnet18", "cbam_resnet18", "resnetblur50"])
def test_the_parts_of_a_counter_add_up_to_its_total(model: str) -> None:
    rows = json.loads(ri.reconcile(model, batch_size=2).to_json())["tables"]["counters"]
    assert len(rows) == 14
    for row in rows:
        assert sum(row["parts"].values()) == row["total"], row["tool"]


@pytest.mark.parametrize("model", ["resnet50", "cbam_resnet18"])
@pytest.mark.parametrize("width", [80, 160])
def test_the_printed_parts_add_up_to_the_printed_total(model: str, width: int) -> None:
    """A row is a line with a unit, and the lines below it that have only a part."""
    table = ri.reconcile(model).render("table", width).split("counters\n")[1].split("\n\n")[0]
    totals: list[int] = []
    parts: list[int] = []
    for line in table.split("no room for")[0].splitlines()[2:]:
        numbers = [number(n) for n in re.findall(r"(?<=\s)[\d,]+(?=\s|$)", line)]
        if match := re.search(r" (MAC|FLOP|element) ", line):
            assert sum(parts) == sum(totals[-1:])
            totals.append(number(re.findall(r"[\d,]+", line[match.end() :])[0]))
            parts = []
        parts.append(numbers[-1])
    assert len(totals) == 14
    assert sum(parts) == totals[-1]


def test_in_a_pipe_the_parts_stay_on_their_row() -> None:
    table = ri.reconcile().render("table").split("counters\n")[1].split("\n\n")[0]
    for line in table.splitlines()[2:]:
        total = number(re.findall(r"(?:MAC|FLOP|element) +([\d,]+)", line)[0])
        assert sum(number(part) for part in PART.findall(line)) == total


def test_what_a_counter_leaves_out_is_named() -> None:
    (row,) = (r for r in json.loads(ri.reconcile().to_json())["tables"]["rules"] if r["tool"] == "torch")
    assert "BatchNorm2d ×53" in row["uncounted"]
    assert "Linear bias" in row["uncounted"]


def test_printed_figures_say_what_they_counted() -> None:
    rows = json.loads(ri.reconcile().to_json())["tables"]["published"]
    counted = {row["source"]: row["counted"] for row in rows}
    assert counted["He et al. 2015, table 1"] == 3_857_973_248
    assert counted["torchvision, table of weights"] == 4_089_184_256
    assert counted["timm, benchmark-infer results"] == 4_111_512_576
    assert "published" not in json.loads(ri.reconcile(batch_size=2).to_json())["tables"]


def test_a_net_is_counted_as_its_library_writes_it() -> None:
    totals = {writing: ri.flops("resnet50", tool="flopth", writing=writing) for writing in ("torchvision", "timm")}
    facts = {writing: {fact.key: fact.value for fact in answer.facts} for writing, answer in totals.items()}
    assert facts["torchvision"]["total"] == 4_118_637_568
    assert facts["timm"]["total"] == 4_121_924_096
    assert {v.writing for v in zoo.variants()} == {
        "torchvision",
        "timm",
        "timm.resnetv2",
        "timm.resnetv2-bit",
        "timm.byobnet",
        "timm.nfnet",
        "timm.sknet",
        "torchvision.regnet",
        "timm.senet",
        "pytorchcv",
        "kuangliu",
    }


def test_a_stage_counts_its_share_of_the_tools_total() -> None:
    answer = ri.flops("resnet50d", tool="thop")
    assert sum(row[1] for row in answer.tables[0].rows) == answer.tables[0].total[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tool": "fvcor"}, "unknown counter 'fvcor'"),
        ({"tool": "thop", "task": "train"}, "counters count a forward pass"),
        ({"writing": "timm"}, "--writing matters only to other counters"),
        ({"tool": "thop", "writing": "keras"}, "writing 'keras' is not one of"),
    ],
)
def test_wrong_requests_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(InspectError, match=re.escape(message)):
        ri.flops(**options)
