"""The rules of the linter, one row each. A code never changes its meaning.

``cost`` finds what takes time or parameters for nothing, ``resolution`` what image sizes do, ``wiring`` what is missing
between the convolutions.
"""

from resnet_inspect.language import marked
from resnet_inspect.linter.cost import heavy_head, misaligned_channels, slow_stage
from resnet_inspect.linter.resolution import (
    mostly_padding,
    small_image_stem,
    small_receptive_field,
    strided_1x1,
    uneven_input,
)
from resnet_inspect.linter.rule import Rule
from resnet_inspect.linter.wiring import (
    cancelled_bias,
    missing_norm,
    missing_projection,
    no_stem_activation,
    unfinished_preactivation,
)

MISSING_PROJECTION = "RI006"

RULES = (
    Rule(
        "RI001",
        "cancelled-bias",
        marked(
            "BatchNorm cancels the bias of {count} of {all} convolutions that have one: {params} parameters have no "
            "effect"
        ),
        marked("set bias=False where BatchNorm follows (--set conv_bias=none)"),
        cancelled_bias,
        hint_in_code=marked("set bias=False where BatchNorm follows"),
    ),
    Rule(
        "RI002",
        "no-stem-activation",
        marked("no activation between the stem and {next}"),
        marked("add a ReLU after the stem's norm; it has no parameters and no MACs (--set {setting})"),
        no_stem_activation,
        hint_in_code=marked("add an activation at the stem's end; it has no parameters and no MACs"),
    ),
    Rule(
        "RI003",
        "small-image-stem",
        marked("the stem divides {image} by {stride}, so the stages see only {maps}"),
        marked(
            "use a 3×3 stem of stride 1 without a pool: the stages then see {better}, for {after} MACs instead of "
            "{before}, {ratio} (--set stem=3:1:{channels} --set stem_pool=none)"
        ),
        small_image_stem,
        hint_in_code=marked(
            "use a 3×3 stem of stride 1 without a pool: the stages then see larger maps, for more than {before} MACs"
        ),
    ),
    Rule(
        "RI004",
        "mostly-padding",
        marked(
            "padding makes up {shares} of what the windows read; {idle} of their {weights} weights never meet a pixel"
        ),
        marked("use images of {side} pixels or more, a stem that keeps more resolution, or one stage fewer"),
        mostly_padding,
    ),
    Rule(
        "RI005",
        "strided-1x1",
        marked("{kernel} convolutions of stride {stride}, {count} in all, read only {share} of their input"),
        marked(
            "put the stride in the 3×3, as v1.5 does: {macs} MACs (--set stride_on=3x3); average before the shortcut's "
            "1×1, as ResNet-D does (--set shortcut=D)"
        ),
        strided_1x1,
        hint_in_code=marked(
            "put the stride in the 3×3, as v1.5 does; average before the shortcut's 1×1, as ResNet-D does"
        ),
    ),
    Rule(
        MISSING_PROJECTION,
        "missing-projection",
        marked("the shape changes but the shortcut has no projection: up to {share} of its channels are zeros"),
        marked("add a 1×1 convolution: {params} parameters, {macs} MACs (--set shortcut=B)"),
        missing_projection,
        hint_in_code=marked("add a 1×1 convolution"),
    ),
    Rule(
        "RI007",
        "missing-norm",
        marked("{count} of {all} residual branches have no normalisation"),
        marked("use --set norm=bn, or norm=gn for small batches; nothing is wrong where BatchNorm is folded in"),
        missing_norm,
        hint_in_code=marked(
            "use BatchNorm, or GroupNorm for small batches; nothing is wrong where BatchNorm is folded in"
        ),
    ),
    Rule(
        "RI008",
        "small-receptive-field",
        marked("a value of the last map sees {field} of {side} pixels, less than half"),
        marked("another block there adds {step} pixels; attention (--set attention=se) sees the whole image"),
        small_receptive_field,
        hint_in_code=marked("another block there adds {step} pixels; attention sees the whole image"),
    ),
    Rule(
        "RI009",
        "misaligned-channels",
        marked(
            "{count} of {all} convolutions, with {share} of the MACs, have {channels} channels per group; {precision} "
            "wants a multiple of {multiple}"
        ),
        marked("round the widths up: the padding to a multiple is paid for anyway"),
        misaligned_channels,
        needs="--precision",
    ),
    Rule(
        "RI010",
        "uneven-input",
        marked("the total stride {stride} does not divide {image}: here {before} becomes {after}"),
        marked("resize or crop to {sizes}"),
        uneven_input,
    ),
    Rule(
        "RI011",
        "heavy-head",
        marked("the classifier of {classes} classes holds {params} parameters, {share} of all"),
        marked("put a layer of {width} features before it, which leaves {after}"),
        heavy_head,
    ),
    Rule(
        "RI012",
        "slow-stage",
        marked("{time} of the time ({ms} in {case}) for {macs} of the MACs"),
        marked("fewer MACs gain little here; `resnet-inspect roofline` shows what the device waits for"),
        slow_stage,
        needs="--record",
    ),
    Rule(
        "RI013",
        "unfinished-preactivation",
        marked("the last sum reaches {pool} without norm and activation"),
        marked("add norm and ReLU after the last block: {params} parameters (--set final_norm=true)"),
        unfinished_preactivation,
        hint_in_code=marked("add norm and ReLU after the last block: {params} parameters"),
    ),
)
