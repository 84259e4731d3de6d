"""A net gives the same answers as code and as a spec, where both say what is asked."""

import pytest
from lint_nets import NETS

import resnet_inspect as ri
from resnet_inspect import sources
from resnet_inspect.api.layout import lay_out
from resnet_inspect.counting.count import count
from resnet_inspect.questions.reconcile import TOOLS

IMAGE = (1, 3, 64, 64)
BUILT = ("resnet18", "resnet50d", "seresnet50", "resnetv2_50", "resnet20_cifar", "cbam_resnet18")
# A net of each way in which a library lays out modules, whose classes and functions counters tell apart.
LAID_OUT = (
    "torchvision:resnet18",
    "torchvision:wide_resnet50_2",
    "timm:resnet50d",
    "timm:resnet50_gn",
    "timm:seresnet50",
    "timm:ecaresnet50d",
    "timm:resnetv2_50",
    "timm:resnetv2_50x1_bit",
    "timm:legacy_seresnet18",
)


@pytest.mark.parametrize("code", [code for code in NETS if code != "RI012"])
@pytest.mark.parametrize("trips", [True, False])
def test_lint_finds_the_same_in_code(code: str, trips: bool) -> None:
    request = dict(NETS[code][not trips])
    model, settings = request.pop("model", "resnet50"), request.pop("settings", ())
    spec = ri.spec(model, settings)  # type: ignore[arg-type]  # as ri.lint takes them
    request.setdefault("input", (1, spec.in_channels, spec.input_size, spec.input_size))
    nets = (spec, ri.build(spec, device="meta"))
    of_spec, of_code = (ri.lint(net, **request) for net in nets)  # type: ignore[arg-type]  # as ri.lint takes them
    assert [(f.code, f.where, f.message) for f in of_code.findings] == [
        (f.code, f.where, f.message) for f in of_spec.findings
    ]
    assert not any("--set" in finding.hint or "–" in finding.hint for finding in of_code.findings)
    assert any("this net is code" in note for note in of_code.notes) <= bool(of_code.findings)


@pytest.mark.parametrize("name", BUILT)
def test_explain_adds_up_the_same_stages(name: str) -> None:
    of_spec, of_code = ri.explain(name, IMAGE), ri.explain(ri.build(name, device="meta"), IMAGE)
    stages = [[row[place] for place in (0, 2, 3, 4, 5, 6)] for row in of_spec.tables[0].rows]
    assert [[*row] for row in of_code.tables[0].rows] == stages


@pytest.mark.parametrize("name", BUILT)
def test_diff_finds_no_difference(name: str) -> None:
    answer = ri.diff(name, ri.build(name, device="meta"), IMAGE)
    assert "no difference" in answer.notes
    assert all(row[1] is None and row[2] == row[3] == 0 for row in answer.tables[0].rows)


def test_arguments_change_the_second_net_of_a_diff() -> None:
    answer = ri.diff("torchvision:resnet18", kwargs={"num_classes": 10}, input=IMAGE)
    changed = {row[0]: row[2] for row in answer.tables[0].rows if row[1]}
    assert changed == {"head": -990 * 513}


@pytest.mark.parametrize("model", LAID_OUT)
def test_counters_see_the_modules_of_a_library(model: str) -> None:
    """Every tool's total of the traced module is that of the variant, written as its library writes it."""
    if model.startswith("timm:"):
        pytest.importorskip("timm")
    variant, code = sources.find_variant(model.partition(":")[2]), sources.find(model)
    size = (1, 3, 96, 96)
    written, traced = (lay_out(source, sources.graph_of(source, size)) for source in (variant, code))
    totals = [{name: count(tool, layout.calls).total for name, tool in TOOLS.items()} for layout in (written, traced)]
    assert totals[0] == totals[1]
