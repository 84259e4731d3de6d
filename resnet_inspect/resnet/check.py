"""Whether the values of a spec are possible and fit together."""

from typing import TYPE_CHECKING

from resnet_inspect.errors import SpecError
from resnet_inspect.resnet.choices import CHOICES, HEAD_CHANNELS, Attention, Split, Widths, are_naturals, is_natural
from resnet_inspect.units import counted

if TYPE_CHECKING:
    from resnet_inspect.resnet.spec import ResNetSpec

MAX_BLOCKS = 20_000
# The fields that only a bottleneck has, with their values in a basic block.
BOTTLENECKS_ONLY = (
    ("groups", 1), ("base_width", 64), ("group_width", None), ("stride_on", "3x3"), ("attention_on", "residual"),
)  # fmt: skip


def check(spec: "ResNetSpec") -> None:
    """Check that every value is possible and that the values fit together.

    Raises:
        SpecError: they are not; the message names the field.
    """
    for field, choices in CHOICES.items():
        value = getattr(spec, field)
        # 1 == True in Python, but a count is not a flag.
        if not any(value == choice and type(value) is type(choice) for choice in choices):
            raise _wrong(
                spec,
                field,
                "one of " + ", ".join(map(typed, choices)),
            )
    for field in ("groups", "base_width", "in_channels", "input_size"):
        if not is_natural(getattr(spec, field)):
            raise _wrong(spec, field, "a whole number from 1")
    if spec.num_features is not None and not is_natural(spec.num_features):
        raise _wrong(spec, "num_features", "none or a whole number from 1")
    if spec.num_classes != 0 and not is_natural(spec.num_classes):
        raise _wrong(spec, "num_classes", "a whole number from 0 (0 leaves out the head)")
    if not are_naturals(spec.depths):
        raise _wrong(spec, "depths", "whole numbers from 1, one per stage, as 3,4,6,3")
    if sum(spec.depths) > MAX_BLOCKS:
        raise _wrong(spec, "depths", f"at most {MAX_BLOCKS:,} blocks in total")
    stages = len(spec.depths)
    if spec.strides is not None and not (are_naturals(spec.strides) and len(spec.strides) == stages):
        raise _wrong(spec, "strides", f"{stages} whole numbers from 1, one per stage")
    if spec.widths is not None:
        _check_widths(spec, spec.widths)
    for field in ("expansion", "group_width"):
        value = getattr(spec, field)
        if not (value is None or is_natural(value) or (are_naturals(value) and len(value) == stages)):
            raise _wrong(spec, field, f"a whole number from 1, or {stages} of them, one per stage")
    if not (spec.stem and _are_convolutions(spec.stem)):
        raise _wrong(spec, "stem", "kernel:stride:channels for each convolution, as 3:2:32,3:1:64")
    if not _are_convolutions(spec.neck):
        raise _wrong(spec, "neck", "none or kernel:dilation:channels for each convolution, as 3:2:512,3:1:512")
    if type(spec.stem_bare) is not int or spec.stem_bare < 0:
        raise _wrong(spec, "stem_bare", "a whole number from 0")
    if spec.attention is not None and not isinstance(spec.attention, Attention):
        raise _wrong(spec, "attention", "se, eca, cbam, gc or dia, as se:0.25")
    if spec.antialias and (spec.stem_pool == "max3ceil" or spec.stride_on == "1x1"):
        raise SpecError(
            f"antialias={spec.antialias} allows neither stem_pool=max3ceil nor stride_on=1x1",
            hint="keep stem_pool=max3 and stride_on=3x3",
        )
    if spec.block == "senet":
        for field, only in (("order", "post"), ("shortcut", "B"), ("stride_on", "3x3"), ("split", None)):
            _need(spec, "block=senet", field, only)
    if spec.order == "pyramid":
        _check_pyramid(spec)
    _check_stages(spec)
    if spec.conv == "scaled" and (spec.order, spec.norm) != ("pre", "none"):
        raise SpecError("conv=scaled needs order=pre and norm=none", hint="--set order=pre --set norm=none")
    if spec.split is not None:
        _check_split(spec, spec.split)
    if spec.head == "attention" and spec.features % HEAD_CHANNELS:
        raise SpecError(
            f"head=attention cannot split {counted(spec.features, 'feature')} into heads of {HEAD_CHANNELS} channels",
            hint="choose widths or num_features that 64 divides",
        )
    _check_bottleneck(spec)
    _check_output_stride(spec)


def _are_convolutions(value: object) -> bool:
    return isinstance(value, tuple) and all(are_naturals(conv) and len(conv) == 3 for conv in value)


def _check_output_stride(spec: "ResNetSpec") -> None:
    """Strides become dilation once their product equals the output stride, so the product must not skip it."""
    total = 1 if spec.stem_pool == "none" else 2
    for _, stride, _ in spec.stem:
        total *= stride
    for stride in spec.stage_strides:
        if spec.output_stride and total < spec.output_stride:
            total *= stride
    if spec.output_stride and total > spec.output_stride:
        raise SpecError(
            f"output_stride={spec.output_stride} is skipped: the strides of stem and stages reach {total}",
            hint="choose stem, stem_pool and strides with that product",
        )


def _check_widths(spec: "ResNetSpec", widths: Widths) -> None:
    if not (isinstance(widths, tuple) and all(is_natural(w) or are_naturals(w) for w in widths)):
        raise _wrong(spec, "widths", "whole numbers from 1, one per stage, or one per block joined by /")
    if len(widths) != len(spec.depths):
        raise _wrong(spec, "widths", f"one entry per stage: {counted(len(spec.depths), 'stage')}")
    for width, depth in zip(widths, spec.depths, strict=True):
        if isinstance(width, tuple) and len(width) != depth:
            raise _wrong(
                spec,
                "widths",
                f"one entry per block: {width} has {len(width)}, the stage has {counted(depth, 'block')}",
            )


def _check_stages(spec: "ResNetSpec") -> None:
    if spec.cross_stage is not None and not is_natural(spec.cross_stage):
        raise _wrong(spec, "cross_stage", "none or a whole number from 1")
    if spec.levels == "blocks" and not spec.cross_stage:
        return
    cause = "levels=stages" if spec.levels == "stages" else "cross_stage"
    for field, only in (("order", "post"), ("antialias", None), ("output_stride", None)):
        _need(spec, cause, field, only)
    if spec.levels == "stages":
        _need(spec, cause, "cross_stage", None)
        if spec.stage_strides[0] != 1:
            raise SpecError("levels=stages needs a first stage of stride 1", hint="--set strides=none")
    elif any(len(set(planes)) > 1 for planes in spec.planes):
        raise SpecError("cross_stage needs equal widths in a stage", hint="give one width per stage")


def _check_pyramid(spec: "ResNetSpec") -> None:
    for field, only in (("shortcut", "A"), ("stride_on", "3x3"), ("antialias", None), ("output_stride", None)):
        _need(spec, "order=pyramid", field, only)


def _check_split(spec: "ResNetSpec", split: Split) -> None:
    if not isinstance(split, Split):
        raise _wrong(spec, "split", "none, res2net, resnest or sk, as res2net:4")
    for field, only in (("order", "post"), ("antialias", None), ("stride_on", "3x3")):
        _need(spec, f"split={split.kind}", field, only)
    if spec.block == "basic" and split.kind != "sk":
        raise SpecError(f"split={split.kind} needs block=bottleneck", hint="a basic block can have split=sk")
    if split.kind == "resnest" and split.parts > 1 and (spec.groups > 1 or spec.group_width):
        raise SpecError(f"split=resnest:{split.parts} needs groups=1", hint="--set groups=1, or --set split=resnest:1")


def _check_bottleneck(spec: "ResNetSpec") -> None:
    if spec.block == "basic":
        for field, only in BOTTLENECKS_ONLY:
            if getattr(spec, field) != only:
                raise SpecError(
                    f"{field}={getattr(spec, field)} needs block=bottleneck", hint=f"a basic block has {field}={only}"
                )
        return
    narrowest = min(min(planes) for planes in spec.planes)
    if narrowest * spec.base_width < 64:
        raise SpecError(
            f"base_width={spec.base_width} gives the 3×3 of {narrowest} planes no channel",
            hint="planes · base_width / 64 must be at least 1",
        )
    if spec.group_width is not None:
        _check_groups(spec)


def _check_groups(spec: "ResNetSpec") -> None:
    if spec.groups != 1:
        raise SpecError(
            f"groups={spec.groups} and group_width={typed(spec.group_width)} exclude each other",
            hint="keep groups=1, or group_width=none",
        )
    for planes, group_width in zip(spec.planes, spec.group_widths, strict=True):
        for width in (plane * spec.base_width // 64 for plane in planes):
            if group_width and width % group_width:
                raise SpecError(
                    f"group_width={group_width} does not divide a 3×3 of {counted(width, 'channel')}",
                    hint="the 3×3 has planes · base_width / 64 channels",
                )


def _need(spec: "ResNetSpec", cause: str, field: str, only: object) -> None:
    if getattr(spec, field) != only:
        raise SpecError(f"{cause} needs {field}={typed(only)}", hint=f"--set {field}={typed(only)}")


def _wrong(spec: "ResNetSpec", field: str, expected: str) -> SpecError:
    value = typed(getattr(spec, field), ":" if field in ("stem", "neck") else "/")
    return SpecError(f"{field}={value} is not {expected}", hint="`resnet-inspect export-spec` shows every field")


def typed(value: object, inner: str = "/", outer: str = ",") -> str:
    """The value as text that --set accepts."""
    if value == ():
        return "none"
    if isinstance(value, tuple):
        return outer.join(typed(part, inner, inner) for part in value)
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
