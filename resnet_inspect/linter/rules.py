"""The rules of the linter, one row each; codes keep their meaning from version to version."""

from resnet_inspect.language import marked
from resnet_inspect.linter.cost import heavy_head, misaligned_channels, slow_stage
from resnet_inspect.linter.image_size import (
    mostly_padding,
    small_image_stem,
    small_receptive_field,
    strided_1x1,
    uneven_input,
)
from resnet_inspect.linter.subject import Rule
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
        marked("BatchNorm cancels the bias of {count} of {all} convolutions that have one: {params} parameters idle"),
        marked("bias=False where BatchNorm follows (--set conv_bias=none)"),
        cancelled_bias,
    ),
    Rule(
        "RI002",
        "no-stem-activation",
        marked("no activation between the stem and {next}"),
        marked("a ReLU after the stem's norm, which has no parameter and no MAC (--set {setting})"),
        no_stem_activation,
    ),
    Rule(
        "RI003",
        "small-image-stem",
        marked("the stem divides {image} by {stride}, which leaves the stages {maps}"),
        marked(
            "a 3×3 stem of stride 1 without a pool leaves {better}, and costs {after} MACs for {before}, {ratio} "
            "(--set stem=3:1:{channels} --set stem_pool=none)"
        ),
        small_image_stem,
    ),
    Rule(
        "RI004",
        "mostly-padding",
        marked("padding is {shares} of what 3×3 windows read; {idle} of their {weights} weights never meet a pixel"),
        marked("images of {side} pixels or more, a stem that keeps more of them, or a stage less"),
        mostly_padding,
    ),
    Rule(
        "RI005",
        "strided-1x1",
        marked("{kernel} convolutions of stride {stride}, {count} in all, read {share} of their input"),
        marked(
            "let the 3×3 stride, as v1.5 does: {macs} MACs (--set stride_on=3x3); for the shortcut's 1×1, average "
            "before it, as ResNet-D does (--set shortcut=D)"
        ),
        strided_1x1,
    ),
    Rule(
        MISSING_PROJECTION,
        "missing-projection",
        marked("the shape changes and the shortcut has no projection: up to {share} of its channels are zeros"),
        marked("a 1×1 convolution: {params} parameters, {macs} MACs (--set shortcut=B)"),
        missing_projection,
    ),
    Rule(
        "RI007",
        "missing-norm",
        marked("{count} of {all} residual branches have no normalisation"),
        marked("--set norm=bn, or norm=gn for small batches; nothing is wrong where BatchNorm is folded in"),
        missing_norm,
    ),
    Rule(
        "RI008",
        "small-receptive-field",
        marked("a value sees {field} pixels of {side}, less than half"),
        marked("a further block there adds {step}; the gates of attention (--set attention=se) see everything"),
        small_receptive_field,
    ),
    Rule(
        "RI009",
        "misaligned-channels",
        marked(
            "{count} of {all} convolutions, with {share} of the MACs, have {channels} channels a group; {precision} "
            "wants a multiple of {multiple}"
        ),
        marked("round the widths up: what is missing to a multiple is padded and paid for"),
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
        marked("the classifier of {classes} classes holds {share} of all parameters, {params}"),
        marked("a layer of {width} features before it would leave {after}"),
        heavy_head,
    ),
    Rule(
        "RI012",
        "slow-stage",
        marked("{time} of the time ({ms} in {arm}) for {macs} of the MACs"),
        marked("fewer MACs win little here; `resnet-inspect roofline` says what the device waits for"),
        slow_stage,
        needs="--record",
    ),
    Rule(
        "RI013",
        "unfinished-preactivation",
        marked("the last sum reaches {pool} without norm and activation"),
        marked("norm and ReLU after the last block: {params} parameters (--set final_norm=true)"),
        unfinished_preactivation,
    ),
)
