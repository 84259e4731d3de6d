"""Random ResNets that can exist, for the laws."""

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from resnet_inspect.errors import ShapeError, SpecError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet.choices import Attention, Split
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec


def law(max_examples: int) -> settings:
    """Settings of a law of random nets; hypothesis takes the deepest net's many frames for slow generation."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(deadline=None, max_examples=max_examples, suppress_health_check=slow)


def lowered(spec: ResNetSpec, images: int, height: int, width: int | None = None) -> Graph:
    """The graph of ``spec``; hypothesis tries another where the spec cannot take the image."""
    try:
        return lower(spec, "random", (images, spec.in_channels, height, width or height))
    except ShapeError:
        assume(False)
        raise


attentions = st.one_of(
    st.none(),
    st.builds(Attention, st.just("se"), st.sampled_from([1 / 16, 0.25]), st.sampled_from([1, 8])),
    st.just(Attention("se", 0.25, of_input=True)),
    st.just(Attention("eca")),
    st.just(Attention("cbam")),
    st.just(Attention("gc", 1 / 8)),
    st.just(Attention("dia")),
)


splits = st.one_of(
    st.builds(Split, st.just("res2net"), st.integers(2, 4)),
    st.builds(Split, st.just("resnest"), st.integers(1, 3), early=st.booleans()),
    st.builds(Split, st.just("sk"), divisor=st.sampled_from([8, 16]), whole=st.booleans()),
)


@st.composite
def specs(draw: st.DrawFn) -> ResNetSpec:
    """Small nets over every field."""
    block = draw(st.sampled_from(["bottleneck", "basic"]))
    depths = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=4)))
    norm = draw(st.sampled_from(["bn", "bn", "gn", "none"]))
    unit = 32 if norm == "gn" else 8  # group norm splits channels into 32
    widths = tuple(draw(st.integers(1, 3)) * unit * 2**i for i in range(len(depths)))
    bottleneck = block == "bottleneck"
    convs = draw(st.integers(1, 3))
    stem = tuple((draw(st.sampled_from([3, 7])), draw(st.sampled_from([1, 2])), unit) for _ in range(convs))
    antialias = draw(st.sampled_from([None, None, "avg", "blur"]))
    group_width = draw(st.sampled_from([None, None, 8, (8,) * len(depths)])) if bottleneck else None
    fields = {
        "block": block,
        "depths": depths,
        "widths": draw(st.sampled_from([widths, tuple((w,) * d for w, d in zip(widths, depths, strict=True))])),
        "expansion": draw(st.sampled_from([None, None, 1, 2, (1, 2, 1, 4)[: len(depths)]])),
        "groups": draw(st.sampled_from([1, 2, 4])) if bottleneck and norm != "gn" and group_width is None else 1,
        "group_width": group_width,
        "base_width": draw(st.sampled_from([64, 128])) if bottleneck else 64,
        "stride_on": draw(st.sampled_from(["3x3", "1x1"])) if bottleneck and antialias is None else "3x3",
        "order": draw(st.sampled_from(["post", "pre"])),
        "shortcut": draw(st.sampled_from(["B", "C", "D"])),
        "strides": draw(st.none() | st.tuples(*(st.integers(1, 2) for _ in depths))),
        "output_stride": draw(st.sampled_from([None, 8, 16])) if antialias is None else None,
        "stem": stem,
        "stem_pool": draw(st.sampled_from(["max3", "conv3", "none", *(["max3ceil"] if antialias is None else [])])),
        "norm": norm,
        "conv": draw(st.sampled_from(["plain", "plain", "plain", "standardized"])),
        "act": draw(st.sampled_from(["relu", "relu", "silu", "gelu", "leaky_relu"])),
        "conv_bias": draw(st.sampled_from(["none", "blocks", "all"])),
        "head": draw(st.sampled_from(["fc", "conv", "mlp"])),
        "attention": draw(attentions),
        "attention_on": draw(st.sampled_from(["residual", "3x3"])) if bottleneck else "residual",
        "antialias": antialias,
        "neck": draw(st.sampled_from([(), ((3, 2, unit),)])),
        "dilated_from": draw(st.sampled_from(["second", "first"])),
        "num_features": draw(st.sampled_from([None, 64])),
        "num_classes": draw(st.sampled_from([0, 10])),
        "in_channels": draw(st.sampled_from([1, 3])),
        "stem_norm_act": draw(st.none() | st.booleans()),
        "stem_act": draw(st.booleans()),
        "stem_bare": draw(st.integers(0, convs - 1)),
        "final_norm": draw(st.none() | st.booleans()),
    }
    split = draw(st.none() | st.none() | splits)
    if split and (block == "bottleneck" or split.kind == "sk"):
        one_group = {"groups": 1, "group_width": None} if split.kind == "resnest" else {}
        fields |= {"split": split, "order": "post", "stride_on": "3x3", "antialias": None, **one_group}
    elif draw(st.booleans()) and draw(st.booleans()):
        fields |= {"order": "pre", "norm": "none", "conv": "scaled"}
    elif draw(st.booleans()) and draw(st.booleans()):
        fields |= {"order": "pyramid", "shortcut": "A", "stride_on": "3x3", "antialias": None, "output_stride": None}
    elif draw(st.booleans()):
        frame = draw(st.sampled_from([{"cross_stage": 1}, {"cross_stage": 2}, {"levels": "stages", "strides": None}]))
        fields |= {"order": "post", "antialias": None, "output_stride": None, **frame}
    try:
        return ResNetSpec(**fields)
    except SpecError:
        return ResNetSpec(**{**fields, "output_stride": None})  # the strides would skip it
