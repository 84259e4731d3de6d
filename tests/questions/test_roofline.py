"""Floors against figures worked out by hand, and the laws of a roofline."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import specs

import resnet_inspect as api
from resnet_inspect.errors import RequestError, ShapeError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.blocks import row_of
from resnet_inspect.graph.facts.passes import Pass, passes
from resnet_inspect.hardware.devices import Device, find_device
from resnet_inspect.hardware.floor import Floor, floors, total_of
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.vocabulary import DEPTHS, Depth

LAW = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
devices = st.sampled_from([find_device(name) for name in ("h200", "rtx4090", "l4")])


def random(spec: ResNetSpec, images: int, size: int) -> Graph:
    try:
        return lower(spec, "random", (images, spec.in_channels, size, size))
    except ShapeError:
        assume(False)
        raise


def total(name: str, images: int, device: str = "h200") -> Floor:
    return total_of(floors(api.lower(name, batch_size=images), find_device(device), "bf16").values())


@pytest.mark.parametrize(("images", "printed"), [(1, "0.0257"), (32, "0.543"), (256, "4.33")])
def test_resnet50_on_an_h200_as_measured(images: int, printed: str) -> None:
    answer = api.roofline("resnet50", batch_size=images, device="h200-measured")
    assert {fact.key: fact.value for fact in answer.facts}["flop"] == images * 8_178_368_512
    assert f"\nfloor                  {printed} ms\n" in str(answer)


def test_the_fastest_that_resnet50_could_be_there() -> None:
    facts = {fact.key: fact.value for fact in api.roofline(batch_size=256, device="h200-measured").facts}
    assert round(facts["images_per_s_floor"], -2) == 59_200
    assert facts["elements_fused"] / 256 == 28_404_712
    assert facts["elements_eager"] / 256 == 80_888_808


def test_a_layer_by_hand() -> None:
    """layer2.0.conv2 of resnet50, 3×3 stride 2, 128 to 128 channels, 56 to 28, one image in bf16."""
    rows = floors(api.lower("resnet50"), find_device("h200"), "bf16", lambda node: node.name)
    flop = 2 * 28 * 28 * 128 * 128 * 9
    moved = 2 * (128 * 56 * 56 + 128 * 28 * 28 + 128 * 128 * 9)
    one = rows["layer2.0.conv2"]
    assert (one.flop, one.bytes_fused) == (flop, moved)
    assert one.floor_s == max(flop / 989.4e12, moved / 4.8e12) == moved / 4.8e12
    # Alone, the norm reads and writes the output and four values a channel, the ReLU reads and writes it again.
    assert one.bytes_eager == moved + 2 * (4 * 128 * 28 * 28 + 4 * 128)


def test_tf32_moves_the_bytes_of_fp32_at_the_speed_of_its_tensor_cores() -> None:
    graph = api.lower("resnet50")
    fp32, tf32 = (total_of(floors(graph, find_device("a100"), p).values()) for p in ("fp32", "tf32"))
    assert fp32.bytes_fused == tf32.bytes_fused
    assert fp32.floor_s > tf32.floor_s


def test_fewer_flops_are_not_faster_where_they_cost_more_bytes() -> None:
    plain, gated, grouped = (total(n, 256) for n in ("resnet50", "legacy_seresnet50", "resnext50_32x4d"))
    assert gated.flop < 0.95 * plain.flop
    assert gated.floor_s > 1.4 * plain.floor_s
    assert grouped.intensity < plain.intensity, "a group reuses what it reads for fewer outputs"


@pytest.mark.parametrize("depth", ["stage", "block", "layer"])
def test_the_rows_add_up_to_the_total(depth: Depth) -> None:
    table = api.roofline("seresnet50", batch_size=8, depth=depth).tables[0]
    assert table.total is not None
    for i, column in enumerate(table.columns):
        if column.key in ("flop", "bytes_fused", "bytes_eager", "floor_ms", "floor_share", "eager_floor_ms"):
            assert sum(row[i] for row in table.rows) == pytest.approx(table.total[i], rel=1e-12)


def test_each_depth_is_cut_from_the_same_passes() -> None:
    graph, device = api.lower("resnext50_32x4d", batch_size=4), find_device("l4")
    found = [total_of(floors(graph, device, "bf16", row_of(graph, depth)).values()) for depth in DEPTHS]
    for one in found[1:]:
        assert (one.flop, one.bytes_fused, one.bytes_eager) == (
            found[0].flop,
            found[0].bytes_fused,
            found[0].bytes_eager,
        )
        assert one.floor_s == pytest.approx(found[0].floor_s)


def test_what_is_assumed_is_said() -> None:
    answer = api.roofline("resnet18", device="t4")
    assert answer.title == "resnet18, input 1×3×224×224, fp16 on NVIDIA T4 16 GB"
    facts = {fact.key: fact.value for fact in answer.facts}
    assert facts["peak_flop_per_s"] == 65e12
    assert facts["ridge_flop_per_byte"] == 65e12 / 320e9


def test_the_notes_name_what_the_floor_assumes_of_caches_and_of_a_strided_1x1() -> None:
    notes = "\n".join(api.roofline("resnet50").notes)
    assert "no data stays in a cache between passes; a batch that fits into a cache can be faster" in notes
    assert "a strided 1×1 counts its whole input" in notes
    assert "strided" not in "\n".join(api.roofline("resnet50d").notes), "its shortcuts pool instead"
    one = floors(api.lower("resnet50"), find_device("h200"), "bf16", lambda node: node.name)["layer2.0.downsample.0"]
    assert one.bytes_fused == 2 * (256 * 56 * 56 + 512 * 28 * 28 + 256 * 512)


def test_a_precision_without_a_peak_is_refused() -> None:
    with pytest.raises(RequestError, match="h200-measured: no fp32 peak"):
        api.roofline("resnet18", device="h200-measured", precision="fp32")


@LAW
@given(specs(), st.integers(24, 80), devices)
def test_with_endless_bandwidth_arithmetic_is_all_and_with_endless_peaks_bytes_are(
    spec: ResNetSpec, size: int, device: Device
) -> None:
    graph = random(spec, 1, size)
    real, unfed, idle = (
        total_of(floors(graph, limits, "bf16").values())
        for limits in (device, replace(device, bandwidth=inf), replace(device, peaks={"bf16": inf}))
    )
    assert unfed.floor_s == pytest.approx(real.flop / device.peak("bf16"))
    assert idle.floor_s == pytest.approx(real.bytes_fused / device.bandwidth)
    assert max(unfed.floor_s, idle.floor_s) <= real.floor_s * (1 + 1e-9)
    assert real.floor_s <= (unfed.floor_s + idle.floor_s) * (1 + 1e-9)
    assert real.floor_s <= real.eager_s * (1 + 1e-9)
    assert real.bytes_fused <= real.bytes_eager
    assert 0 <= real.memory_s <= real.floor_s


@LAW
@given(specs(), st.integers(24, 80), devices)
def test_more_images_take_longer_and_cost_less_each(spec: ResNetSpec, size: int, device: Device) -> None:
    one, two = (total_of(floors(random(spec, n, size), device, "bf16").values()) for n in (1, 2))
    assert two.flop == 2 * one.flop
    assert one.floor_s < two.floor_s <= 2 * one.floor_s * (1 + 1e-9)


@pytest.mark.parametrize("depth", ["stage", "layer"])
def test_a_report_lays_the_net_into_passes_once(depth: Depth, monkeypatch: pytest.MonkeyPatch) -> None:
    laid: list[str] = []

    def counted(graph: Graph) -> list[Pass]:
        laid.append(graph.name)
        return passes(graph)

    monkeypatch.setattr("resnet_inspect.questions.roofline.passes", counted)
    api.roofline("resnet18", depth=depth)
    assert laid == ["resnet18"]
