"""Every named variant against nets that other people's libraries really construct."""

import pytest
from conftest import reference

from resnet_inspect import sources
from resnet_inspect.errors import SpecError, UnknownModelError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import stage_of, work_by, work_of
from resnet_inspect.resnet import zoo

NAMES = [variant.name for variant in zoo.variants()]
ROWS = [row for row in reference("models.csv") if row["name"] in NAMES and row["source"] in ("torchvision", "timm")]
CBAM = [row for row in reference("models.csv") if row["name"].startswith("cbam")]


def _is_found(name: str) -> bool:
    try:
        zoo.find(name)
    except UnknownModelError:
        return False
    return True


def stage_shapes(graph: Graph) -> str:
    shapes = {stage: work.output.shape[1:] for stage, work in work_by(graph, stage_of).items()}
    shapes["out"] = shapes.pop("head")
    return ";".join(f"{stage}:{'x'.join(map(str, shape))}" for stage, shape in shapes.items())


@pytest.mark.parametrize("row", ROWS + CBAM, ids=lambda row: f"{row['source']}-{row['name']}")
def test_a_variant_costs_what_its_library_constructs(row: dict[str, str]) -> None:
    graph = sources.graph_of(sources.find(row["name"]))
    work = work_of(graph)
    assert graph.input.shape[1:] == tuple(map(int, row["input"].split(",")))
    assert work.params == int(row["params"])
    assert work.macs == int(row["macs_conv_linear"])
    assert stage_shapes(graph) == row["stage_shapes"]


@pytest.mark.parametrize("row", ROWS + CBAM, ids=lambda row: f"{row['source']}-{row['name']}")
def test_activations_are_fvcores_less_products_without_learned_weights(row: dict[str, str]) -> None:
    graph = sources.graph_of(sources.find(row["name"]))
    unlearned = sum(node.out.numel for node in graph.nodes if node.kind in ("BlurPool2d", "MatMul"))
    assert work_of(graph).activations + unlearned == int(row["fvcore_activations"])


def test_the_reference_covers_every_torchvision_net_and_fifty_in_all() -> None:
    assert sum(row["source"] == "torchvision" for row in ROWS) == 10
    assert len(ROWS) + len(CBAM) >= 54


# Parameters, and MACs at the variant's own size, from the papers' own models and from libraries that construct them.
ANCHORS = {
    "resnet50_v1": (25_557_032, 3_857_973_248),
    "resnet101_v1": (44_549_160, 7_570_194_432),
    "resnet152_v1": (60_192_808, 11_282_415_616),
    "resnet20_cifar": (269_722, None),
    "resnet32_cifar": (464_154, None),
    "resnet44_cifar": (658_586, None),
    "resnet56_cifar": (853_018, None),
    "resnet110_cifar": (1_727_962, None),
    "resnet1202_cifar": (19_421_274, None),
    "resnet18_kuangliu": (11_173_962, 555_422_720),
    "resnet50_kuangliu": (23_520_842, 1_297_829_888),
    "resnetv2_50": (25_549_352, None),
    "preresnet164_cifar": (1_703_258, None),
    "preresnet1001_cifar": (10_327_706, None),
    "wrn28_10": (36_479_194, None),
    "wrn16_8": (10_961_370, None),
    "wrn40_4": (8_949_210, None),
    "resnet50d": (25_576_264, 4_328_824_832),
    "resnetrs50": (35_691_912, 2_278_629_376),
    "cbam_resnet50": (28_089_624, 4_095_573_110),
    "ecaresnet50d": (25_576_264 + 86, None),
    "resnetblur50": (25_557_032, 5_129_633_792),
    "tutorial_resnet18_cifar10": (11_181_642, 37_016_576),
    "tutorial_resnet18_cifar10_stem3": (11_173_962, None),
    "tutorial_resnet18_cifar10_3stage": (2_785_354, None),
    "tutorial_resnet18_cifar10_stem3_3stage": (2_777_674, None),
    "tutorial_resnet18_biased": (11_694_248, 1_814_073_344),
    "tutorial_resnet101": (44_549_160, 7_801_405_440),
    "tutorial_resnet50": (25_557_032, 4_089_184_256),
}


@pytest.mark.parametrize("name", ANCHORS)
def test_a_variant_has_the_anchored_cost(name: str) -> None:
    params, macs = ANCHORS[name]
    work = work_of(sources.graph_of(sources.find(name)))
    assert work.params == params
    assert macs in (None, work.macs)


SETTINGS = {
    ("shortcut=A",): (22_780_456, 3_729_522_688),
    ("shortcut=C",): (40_128_552, 6_555_435_008),
    ("output_stride=16",): (25_557_032, 6_208_618_496),
    ("output_stride=8",): (25_557_032, 19_079_364_608),
    ("norm=gn",): (25_557_032, 4_089_184_256),
    ("base_width=4", "groups=32"): (25_028_904, 4_230_479_872),
}


@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
def test_a_changed_resnet50_has_the_anchored_cost(settings: tuple[str, ...]) -> None:
    work = work_of(sources.graph_of(sources.find("resnet50", settings)))
    assert (work.params, work.macs) == SETTINGS[settings]


# pytorchcv's constructors as changes to ours.
PYTORCHCV = {
    "resnet14": ("resnet18", "depths=2,2,1,1"),
    "resnetbc14b": ("resnet50", "depths=1,1,1,1"),
    "resnetbc26b": ("resnet26",),
    "resnet26": ("resnet18", "depths=3,3,3,3"),
    "resnet152": ("resnet152_v1",),
    "resnet12_cub": ("resnet18", "depths=2,1,1,1", "num_classes=200"),
    "resnetbc14b_cub": ("resnet50", "depths=1,1,1,1", "num_classes=200"),
    "preresnet34": ("resnet34", "order=pre", "stem_norm_act=true"),
    "preresnet50": ("resnet50_v1", "order=pre", "stem_norm_act=true"),
    "preresnet50b": ("resnet50", "order=pre", "stem_norm_act=true"),
    "preresnet101b": ("resnet101", "order=pre", "stem_norm_act=true"),
    "sepreresnet10": ("resnet18", "depths=1,1,1,1", "order=pre", "stem_norm_act=true", "attention=se:0.0625:1"),
    "sepreresnet14": ("resnet18", "depths=2,2,1,1", "order=pre", "stem_norm_act=true", "attention=se:0.0625:1"),
    "sepreresnet18": ("resnet18", "order=pre", "stem_norm_act=true", "attention=se:0.0625:1"),
    "sepreresnet200": ("resnet200", "stride_on=1x1", "order=pre", "stem_norm_act=true", "attention=se:0.0625:1"),
    "ibn_resnext50_32x4d": ("resnext50_32x4d",),
    "ibn_resnext101_32x4d": ("resnext101_32x4d",),
    "resnext14_32x4d": ("resnext50_32x4d", "depths=1,1,1,1"),
    "resnext38_32x4d": ("resnext50_32x4d", "depths=3,3,3,3"),
    "seresnext50_32x4d": ("seresnext50_32x4d",),
    "seresnet26_cub": ("resnet18", "depths=3,3,3,3", "num_classes=200", "attention=se:0.0625:1"),
    "seresnet101b_cub": ("resnet101", "num_classes=200", "attention=se:0.0625:1"),
    "seresnet152_cub": ("resnet152_v1", "num_classes=200", "attention=se:0.0625:1"),
    "seresnet200_cub": ("resnet200", "stride_on=1x1", "num_classes=200", "attention=se:0.0625:1"),
    "resneta50b": ("resnet50d",),
    "resnet56_cifar10": ("resnet56_cifar", "shortcut=B"),
    "resnet110_svhn": ("resnet110_cifar", "shortcut=B"),
    "resnet1202_svhn": ("resnet1202_cifar", "shortcut=B"),
    "resnet1202_cifar100": ("resnet1202_cifar", "shortcut=B", "num_classes=100"),
    "resnet272bn_cifar100": ("resnet272bn_cifar", "num_classes=100"),
    "resnet542bn_cifar10": ("resnet542bn_cifar",),
    "seresnet56_cifar10": ("resnet56_cifar", "shortcut=B", "attention=se:0.0625:1"),
    "seresnet110_svhn": ("resnet110_cifar", "shortcut=B", "attention=se:0.0625:1"),
    "seresnet542bn_cifar100": ("resnet542bn_cifar", "attention=se:0.0625:1", "num_classes=100"),
    "sepreresnet56_svhn": ("preresnet56_cifar", "stem_norm_act=true", "final_norm=false", "attention=se:0.0625:1"),
    "sepreresnet1202_cifar10": (
        "preresnet56_cifar",
        "depths=200,200,200",
        "stem_norm_act=true",
        "final_norm=false",
        "attention=se:0.0625:1",
    ),
    "preresnet1001_cifar100": ("preresnet1001_cifar", "num_classes=100"),
    "wrn16_10_cifar10": ("wrn16_10",),
    "wrn28_10_cifar10": ("wrn28_10",),
    "resnext20_32x2d_svhn": ("resnext20_32x2d_cifar",),
    "resnext29_32x4d_cifar10": ("resnext29_32x4d_cifar",),
    "resnext272_2x32d_svhn": ("resnext272_2x32d_cifar",),
    "cbam_resnet152": ("cbam_resnet152",),
}


@pytest.mark.parametrize("name", PYTORCHCV)
def test_fields_express_what_pytorchcv_constructs(name: str) -> None:
    (row,) = (r for r in reference("models.csv") if r["source"] == "pytorchcv" and r["name"] == name)
    model, *settings = PYTORCHCV[name]
    graph = sources.graph_of(sources.find(model, settings))
    work = work_of(graph)
    assert (work.params, work.macs) == (int(row["params"]), int(row["macs_conv_linear"]))
    assert stage_shapes(graph) == row["stage_shapes"]


SHELF = [
    row for row in reference("models.csv") if row["source"] == "pytorchcv" and _is_found(f"pytorchcv:{row['name']}")
]

OTHER_STAGES = (
    "drn",
    "ror_cifar",
)  # pytorchcv groups their blocks otherwise; tests/runtime/test_pytorchcv.py allows for it


@pytest.mark.parametrize("row", SHELF, ids=lambda row: row["name"])
def test_a_name_of_the_shelf_costs_what_pytorchcv_constructs(row: dict[str, str]) -> None:
    graph = sources.graph_of(sources.find(f"pytorchcv:{row['name']}"))
    work = work_of(graph)
    assert (work.params, work.macs) == (int(row["params"]), int(row["macs_conv_linear"]))
    assert work.activations == int(row["fvcore_activations"])
    shapes = stage_shapes(graph)
    if row["family"] in OTHER_STAGES:
        assert shapes.rpartition(";")[2] == row["stage_shapes"].rpartition(";")[2]
    else:
        assert shapes == row["stage_shapes"]


# Norms of half the instance and half the batch cost what batch norms do; the nets have no names of their own.
BY_FIELDS = {"ibn_resnext50_32x4d", "ibn_resnext101_32x4d"}
SELF_ATTENTION = "self-attention in place of the 3×3 of some blocks"
# What no spec describes, and why; each is answered by code (tests/runtime/test_reference.py).
BY_CODE = {
    ("timm", "bat_resnext26ts"): "bilinear attention on pooled rows and columns",
    ("timm", "botnet50ts_256"): SELF_ATTENTION,
    ("timm", "halonet50ts"): SELF_ATTENTION,
    ("timm", "lambda_resnet26rpt_256"): SELF_ATTENTION,
    ("timm", "lambda_resnet26t"): SELF_ATTENTION,
    ("timm", "tresnet_l"): "pixels moved to channels in the stem, two kinds of block, two activations",
    ("timm", "tresnet_xl"): "as tresnet_l",
    ("pytorchcv", "tresnet_l"): "as timm's tresnet_l",
    ("timm", "ecaresnet50d_pruned"): "a width of its own for each convolution",
    ("pytorchcv", "airnext101_32x4d_r2"): "a gate that shrinks and enlarges the map",
    ("pytorchcv", "bagnet17"): "convolutions without padding, a 1×1 in place of most 3×3",
    ("pytorchcv", "isqrtcovresnet18"): "the square root of a covariance in place of the pool",
    ("pytorchcv", "octresnet10_ad2"): "maps of two resolutions side by side",
    ("pytorchcv", "octresnet50b_ad2"): "maps of two resolutions side by side",
    ("pytorchcv", "resattnet164"): "gates that are encoders and decoders",
    ("pytorchcv", "rir_cifar10"): "two streams",
    ("pytorchcv", "rir_cifar100"): "two streams",
    ("pytorchcv", "wrn20_10_1bit_cifar10"): "norms without weights, a classifier on the map, a pooled shortcut",
}


def test_specs_answer_150_of_168_nets_of_the_reference() -> None:
    by_spec = {(row["source"], row["name"]) for row in (*ROWS, *SHELF)} | {("pytorchcv", name) for name in BY_FIELDS}
    everything = {(row["source"], row["name"]) for row in reference("models.csv")}
    assert everything - by_spec == BY_CODE.keys()
    assert (len(by_spec), len(everything)) == (150, 168)
    assert PYTORCHCV.keys() >= BY_FIELDS


def test_the_zoo_names_every_family_of_timm_that_the_fields_express() -> None:
    assert len(NAMES) == len(set(NAMES))
    assert len(NAMES) >= 240


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("resnt50", "'resnet50'"),
        ("ResNet-50", "'resnet50'"),
        ("wrn27_10", "'wrn28_10'"),
        ("resnet21_cifar", "20"),
        ("nothing like it", "resnet-inspect list"),
    ],
)
def test_an_unknown_name_is_refused_with_what_comes_nearest(name: str, hint: str) -> None:
    with pytest.raises(UnknownModelError) as error:
        zoo.find(name)
    assert hint in error.value.hint


@pytest.mark.parametrize("name", ["resnet20000000_cifar", "wrn028_10x", "wrn4_1", "resnext50_0x4d", "resnet٢٠_cifar"])
def test_a_name_outside_its_pattern_is_unknown(name: str) -> None:
    with pytest.raises((UnknownModelError, SpecError)):
        zoo.find(name)


def test_patterns_parse_any_member() -> None:
    assert zoo.find("resnet140_cifar").spec.depths == (23, 23, 23)
    assert zoo.find("wrn52_3").spec.widths == (48, 96, 192)
    assert zoo.find("resnext50_4x32d").spec.groups == 4
    assert zoo.find("wide_resnet50_4").spec.base_width == 256
    assert zoo.find("resnetv2_101x2_bit").spec.stem == ((7, 2, 128),)
