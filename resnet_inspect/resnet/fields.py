"""A spec's fields as text, for ``--set field=value`` and spec.toml."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace

from resnet_inspect.errors import SpecError
from resnet_inspect.resnet.check import typed
from resnet_inspect.resnet.choices import Attention, Split
from resnet_inspect.resnet.spec import ResNetSpec

FLAGS = {"true": True, "false": False}


def _ints(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _widths(text: str) -> tuple[int | tuple[int, ...], ...]:
    return tuple(tuple(map(int, part.split("/"))) if "/" in part else int(part) for part in text.split(","))


def _convolutions(text: str) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, conv.split(":"))) for conv in text.split(","))


def _neck(text: str) -> tuple[tuple[int, ...], ...]:
    return () if text == "none" else _convolutions(text)


def _attention(text: str) -> Attention:
    kind, *rest = text.split(":")
    if len(rest) > {"se": 2, "cbam": 1, "gc": 1, "eca": 0, "dia": 0}[kind]:
        raise ValueError(text)
    if rest[1:] == ["input"]:
        return Attention("se", float(rest[0]), of_input=True)
    return Attention(kind, *map(float, rest[:1]), *map(int, rest[1:]))  # type: ignore[arg-type]  # a key of the table


def _split(text: str) -> Split:
    kind, *rest = text.split(":")
    match kind, rest:
        case "res2net", [scale]:
            return Split("res2net", int(scale))
        case "resnest", [radix, *early] if early in ([], ["early"]):
            return Split("resnest", int(radix), early=bool(early))
        case "sk", []:
            return Split("sk")
        case "sk", [ratio, divisor, *whole] if whole in ([], ["whole"]):
            return Split("sk", ratio=float(ratio), divisor=int(divisor), whole=bool(whole))
    raise ValueError(text)


def _per_stage(text: str) -> int | tuple[int, ...]:
    return _ints(text) if "," in text else int(text)


def _optional(read: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: None if text == "none" else read(text)


def _flag(text: str) -> bool:
    return FLAGS[text]


# field -> (parser of its text, form of the text)
READERS: dict[str, tuple[Callable[[str], object], str]] = {
    "block": (str, "bottleneck, basic or senet"),
    "depths": (_ints, "3,4,6,3"),
    "widths": (_optional(_widths), "64,128,256,512, or per block 64/64/80,128,…"),
    "expansion": (_optional(_per_stage), "none, 1, or per stage 4,4,4,1"),
    "groups": (int, "32"),
    "base_width": (int, "4"),
    "group_width": (_optional(_per_stage), "none, 16, or per stage 32,32,32,1"),
    "split": (_optional(_split), "none, res2net:4, resnest:2, resnest:2:early, sk, sk:ratio:divisor or that :whole"),
    "stride_on": (str, "3x3 or 1x1"),
    "order": (str, "post, pre or pyramid"),
    "shortcut": (str, "A, B, C or D"),
    "levels": (str, "blocks or stages"),
    "cross_stage": (_optional(int), "none, 1 or 2"),
    "strides": (_optional(_ints), "1,2,2,2"),
    "output_stride": (_optional(int), "none, 32, 16 or 8"),
    "dilated_from": (str, "second or first"),
    "stem": (_convolutions, "kernel:stride:channels, as 3:2:32,3:1:64"),
    "stem_pool": (str, "max3, max3ceil, conv3 or none"),
    "norm": (str, "bn, gn or none"),
    "conv": (str, "plain or scaled"),
    "act": (str, "relu, silu, gelu or leaky_relu"),
    "conv_bias": (str, "none, blocks or all"),
    "head": (str, "fc, conv, mlp or attention"),
    "attention": (
        _optional(_attention),
        "none, eca, dia, se, se:ratio, se:ratio:divisor or :input, cbam, cbam:ratio, gc or gc:ratio, as se:0.25",
    ),
    "attention_on": (str, "residual or 3x3"),
    "antialias": (_optional(str), "none, avg or blur"),
    "neck": (_neck, "none, or kernel:dilation:channels, as 3:2:512,3:1:512"),
    "num_features": (_optional(int), "none or 1280"),
    "num_classes": (int, "1000, or 0 for a backbone"),
    "in_channels": (int, "3"),
    "input_size": (int, "224"),
    "stem_norm_act": (_optional(_flag), "none, true or false"),
    "stem_act": (_flag, "true or false"),
    "stem_bare": (int, "0, or 2 for the first two convolutions"),
    "final_norm": (_optional(_flag), "none, true or false"),
}


def read(field: str, text: str) -> object:
    """Parse ``text`` as a value of ``field``.

    Raises:
        SpecError: there is no such field, or the text does not have its form.
    """
    if field not in READERS:
        raise SpecError(f"unknown field {field!r}", hint=_suggest(field))
    reader, form = READERS[field]
    try:
        return reader(text)
    except (ValueError, KeyError):
        raise SpecError(f"{field}={text} cannot be read", hint=f"write it as {field}={form}") from None


def apply(spec: ResNetSpec, settings: Iterable[str]) -> ResNetSpec:
    """``spec`` with every ``field=value`` applied at once.

    Raises:
        SpecError: a setting cannot be read, or the values do not fit together.
    """
    changes: dict[str, object] = {}
    for setting in settings:
        field, equals, text = setting.partition("=")
        if not equals:
            raise SpecError(f"--set {setting!r} has no value", hint="write it as --set field=value")
        changes[field.strip()] = read(field.strip(), text.strip())
    return replace(spec, **changes)  # type: ignore[arg-type]  # the spec checks its own values


def as_texts(settings: Mapping[str, object]) -> list[str]:
    """``{"groups": 32}`` -> ``["groups=32"]``"""
    return [f"{field}={value_text(field, value)}" for field, value in settings.items()]


def value_text(field: str, value: object) -> str:
    """A value of ``field`` as ``read`` parses it."""
    if isinstance(value, Attention | Split):
        return _part_text(value)
    return typed(_tuples(value), ":" if field in ("stem", "neck") else "/")


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def doubts(spec: ResNetSpec, settings: Iterable[str]) -> Iterator[str]:
    """What settings leave as it is although the paper changes it too (ResNeXt: arXiv:1611.05431, table 1)."""
    changed = {setting.partition("=")[0].strip() for setting in settings}
    if "groups" in changed and "base_width" not in changed and spec.groups > 1 and spec.base_width >= 64:
        yield (
            f"groups={spec.groups} makes each 3×3 {spec.groups} times as wide, as base_width stays {spec.base_width}; "
            "the paper's ResNeXt-50 sets groups=32 and base_width=4"
        )


def from_mapping(spec: ResNetSpec, values: Mapping[str, object]) -> ResNetSpec:
    """``spec`` with values from TOML: text as ``READERS`` parses it, or numbers, flags and lists."""
    changes = {field: read(field, v) if isinstance(v, str) else _native(field, v) for field, v in values.items()}
    return replace(spec, **changes)  # type: ignore[arg-type]  # the spec checks its own values


def to_mapping(spec: ResNetSpec) -> dict[str, object]:
    """Every field as a plain value; an attention or a split becomes the text that ``read`` parses."""
    values = {f.name: getattr(spec, f.name) for f in fields(spec)}
    return {name: _part_text(v) if isinstance(v, Attention | Split) else v for name, v in values.items()}


def _part_text(part: Attention | Split) -> str:
    return _split_text(part) if isinstance(part, Split) else _attention_text(part)


def _split_text(split: Split) -> str:
    if split.kind == "sk":
        hidden = f"sk:{split.ratio!r}:{split.divisor}" + (":whole" if split.whole else "")
        return "sk" if split == Split("sk") else hidden
    return f"{split.kind}:{split.parts}" + (":early" if split.early else "")


def _attention_text(attention: Attention) -> str:
    if attention == Attention(attention.kind):
        return attention.kind
    rounding = f":{'input' if attention.of_input else attention.divisor}" if attention.kind == "se" else ""
    return f"{attention.kind}:{attention.ratio!r}{rounding}"


def _native(field: str, value: object) -> object:
    if field not in READERS:
        raise SpecError(f"unknown field {field!r}", hint=_suggest(field))
    return _tuples(value)


# what torchvision, timm and the papers call a field, or the field that decides it
SYNONYMS = {
    "aa_layer": "antialias", "act_layer": "act", "activation": "act", "attn_layer": "attention",
    "avg_down": "shortcut", "bias": "conv_bias", "bottle_ratio": "expansion", "cardinality": "groups",
    "channels": "widths", "classes": "num_classes", "dilation": "output_stride", "downsample": "shortcut",
    "group_size": "group_width", "image_size": "input_size", "img_size": "input_size", "in_chans": "in_channels",
    "kernel_size": "stem", "layers": "depths", "norm_layer": "norm", "planes": "widths",
    "replace_stride_with_dilation": "output_stride", "resolution": "input_size", "se": "attention",
    "width_per_group": "base_width",
}  # fmt: skip


def _suggest(field: str) -> str:
    """The field that was meant and the form of its values, by its other names, its first word or its spelling."""
    from difflib import get_close_matches

    word = field.partition("_")[0]
    meant = (
        *get_close_matches(field, READERS, n=1, cutoff=0.9),
        *([SYNONYMS[field]] if field in SYNONYMS else []),
        *([word] if word in READERS else []),
        *get_close_matches(field, READERS, n=1),
    )
    if not meant:
        return "the fields are " + ", ".join(READERS)
    return f"did you mean {meant[0]!r}? write it as {meant[0]}={READERS[meant[0]][1]}"
