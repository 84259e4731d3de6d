"""What differs between two specs: the fields of a whole net, and those of one stage."""

from typing import NamedTuple

from resnet_inspect.resnet.choices import Widths
from resnet_inspect.resnet.fields import to_mapping, value_text
from resnet_inspect.resnet.spec import ResNetSpec

# The fields of a spec that define the stem, a layer and the head.
STEM = (
    "in_channels", "stem", "stem_pool", "stem_norm_act", "stem_act", "stem_bare", "norm", "conv", "act", "conv_bias",
    "antialias",
)  # fmt: skip
LAYER = (
    "block", "depths", "widths", "expansion", "groups", "base_width", "group_width", "split", "strides", "stride_on",
    "order", "shortcut", "levels", "cross_stage", "output_stride", "dilated_from", "norm", "conv", "act", "conv_bias",
    "attention", "attention_on", "antialias",
)  # fmt: skip
HEAD = ("final_norm", "neck", "num_features", "norm", "act", "head", "num_classes")
# What the values of a field stand for; the papers' option letters: arXiv:1512.03385, table 3; D: arXiv:1812.01187.
MEANINGS = {
    "shortcut": "shortcut, where the shape changes: A subsamples and pads with zero channels, B projects by a 1×1 "
    "convolution, D averages 2×2 and then projects; C projects in every block",
    "stem": "stem: kernel:stride:channels of each convolution",
}


class Field(NamedTuple):
    """A field of the spec with both values, as ``--set`` takes them."""

    name: str
    a: str
    b: str


def values_of(spec: ResNetSpec, stage: str) -> dict[str, str]:
    """The fields that define a stage; a field with a value for each stage gives this stage's."""
    values = _effective(spec)
    if stage in ("stem", "head"):
        return {field: _text(field, values[field]) for field in (STEM if stage == "stem" else HEAD)}
    i = int(stage.removeprefix("layer")) - 1
    values |= {"depths": spec.depths[i], "widths": _widths(spec)[i], "strides": spec.stage_strides[i]}
    values |= {"expansion": spec.expansions[i], "group_width": spec.group_widths[i]}
    return {field: _text(field, values[field]) for field in LAYER}


def changed_fields(a: ResNetSpec, b: ResNetSpec) -> list[Field]:
    """The fields whose values differ."""
    before, after = _effective(a), _effective(b)
    fields = [Field(name, _text(name, value), _text(name, after[name])) for name, value in before.items()]
    return [field for field in fields if field.a != field.b]


def _effective(spec: ResNetSpec) -> dict[str, object]:
    """Every field with its effective value, derived from other fields where the spec leaves it out."""
    return {
        **to_mapping(spec),
        "widths": _widths(spec),
        "expansion": spec.expansions,
        "strides": spec.stage_strides,
        "stem_norm_act": spec.has_stem_norm_act,
        "final_norm": spec.has_final_norm,
    }


def _widths(spec: ResNetSpec) -> Widths:
    """A width for each stage, or for each block of a stage whose blocks differ."""
    return tuple(planes if len(set(planes)) > 1 else planes[0] for planes in spec.planes)


def _text(field: str, value: object) -> str:
    return value_text(field, value)
