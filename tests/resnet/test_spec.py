"""A spec refuses what cannot be, by the name of the field; its text forms read back."""

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from strategies import specs

from resnet_inspect import sources
from resnet_inspect.errors import RequestError, ShapeError, SpecError
from resnet_inspect.resnet import fields, toml, zoo
from resnet_inspect.resnet.choices import CHOICES, Attention, Split
from resnet_inspect.resnet.fields import READERS, SYNONYMS, read
from resnet_inspect.resnet.spec import ResNetSpec

WRONG = {
    "depths": [(), (0, 1), (3, -4), "3,4", [3, 4], (True, 2), (3.0,), (20_001,)],
    "widths": [(64,), (64, 128, 256, 0), ((64, 64), 128, 256, 512), "64", (64, 128, 256, True)],
    "groups": [0, -1, True, 2.0, "32"],
    "base_width": [0, None],
    "expansion": [0, (4, 4), (4, 4, 4, 0), True, 4.0],
    "group_width": [0, (8, 8), "8", True],
    "act": ["ReLU", None],
    "attention_on": [None, "conv2"],
    "num_features": [0, True, "1280"],
    "split": ["res2net:4", 1],
    "strides": [(1, 2), (1, 2, 2, 0), 2],
    "stem": [(), ((7, 2),), ((7, 2, 0),), (7, 2, 64), ((3, 0, 64),)],
    "num_classes": [-1, True, None],
    "in_channels": [0],
    "input_size": [0, "224"],
    "attention": ["se", 1],
    "stem_act": [None, 1],
    "final_norm": [0, "true"],
    "output_stride": [4, True, 16.0],
    "block": ["bottelneck", None],
    "antialias": ["none"],
}
CASES = [(field, value) for field, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("field", "value"), CASES, ids=str)
def test_an_impossible_value_is_refused_by_the_name_of_its_field(field: str, value: object) -> None:
    with pytest.raises(SpecError, match=rf"^{field}="):
        ResNetSpec(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [("groups", 2), ("base_width", 128), ("group_width", 8), ("stride_on", "1x1"), ("attention_on", "3x3")],
)
def test_a_basic_block_has_no_bottleneck_to_change(field: str, value: object) -> None:
    with pytest.raises(SpecError, match=f"^{field}="):
        ResNetSpec(block="basic", **{field: value})


@pytest.mark.parametrize("settings", [("strides=3,3,3,3", "output_stride=16"), ("stem=7:32:64", "output_stride=8")])
def test_an_output_stride_that_is_jumped_over_is_refused(settings: tuple[str, ...]) -> None:
    with pytest.raises(SpecError, match="output_stride="):
        sources.find_variant("resnet50", settings)


@pytest.mark.parametrize("setting", ["stem_pool=max3ceil", "stride_on=1x1"])
def test_antialiasing_takes_the_places_of_other_strides(setting: str) -> None:
    with pytest.raises(SpecError, match="antialias=blur"):
        sources.find_variant("resnetblur50", [setting])


def test_a_message_shows_a_value_as_it_is_typed() -> None:
    for setting in ("depths=0,3", "widths=64/64,128,256,512", "stem=3:0:64"):
        with pytest.raises(SpecError, match=f"^{setting} is not"):
            sources.find_variant("resnet50", [setting])


def test_an_attention_checks_itself() -> None:
    for wrong in (("sa",), ("se", 0.0), ("se", 2), ("se", 0.5, 0)):
        with pytest.raises(SpecError, match="attention"):
            Attention(*wrong)


def test_a_bottleneck_without_a_channel_is_refused() -> None:
    with pytest.raises(SpecError, match="base_width"):
        ResNetSpec(base_width=1, widths=(32, 64, 128, 256))


@pytest.mark.parametrize("setting", ["group_width=7", "group_width=16,16,16,33", "base_width=96"])
def test_a_group_width_that_leaves_channels_over_is_refused(setting: str) -> None:
    with pytest.raises(SpecError, match=r"^group_width=\d+ does not divide a 3×3 of [0-9,]+ channels"):
        sources.find_variant("resnet50", ["group_width=64", "base_width=128", setting])


def test_groups_are_given_by_number_or_by_width() -> None:
    with pytest.raises(SpecError, match=r"^groups=2 and group_width=8"):
        ResNetSpec(groups=2, group_width=8)
    by_width, by_number = (sources.graph_of(sources.find("resnet50", [s])) for s in ("group_width=64", "groups=1"))
    assert {n.op.groups for n in by_width.nodes if n.name.endswith("conv2")} == {1, 2, 4, 8}
    assert by_width.output == by_number.output


@pytest.mark.parametrize(
    "setting", ["order=pre", "stride_on=1x1", "antialias=avg", "block=basic", "groups=2", "group_width=8"]
)
def test_a_split_that_no_block_has_is_refused(setting: str) -> None:
    with pytest.raises(SpecError, match=r"^split=resnest(:2)? needs ") as refused:
        sources.find_variant("resnest50d", [setting])
    assert refused.value.hint


@pytest.mark.parametrize("setting", ["shortcut=B", "stride_on=1x1", "antialias=avg", "output_stride=8"])
def test_a_pyramid_is_padded_and_not_dilated(setting: str) -> None:
    field = setting.partition("=")[0]
    with pytest.raises(SpecError, match=f"^order=pyramid needs {field}="):
        sources.find_variant("pytorchcv:pyramidnet110_a48_cifar10", ["block=bottleneck", setting])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("block=senet --set order=pre", "block=senet needs order=post"),
        ("block=senet --set shortcut=D", "block=senet needs shortcut=B"),
        ("conv=scaled", "conv=scaled needs order=pre and norm=none"),
    ],
)
def test_a_block_without_the_fields_that_it_stands_on_is_refused(setting: str, message: str) -> None:
    with pytest.raises(SpecError, match=f"^{message}"):
        sources.find_variant("resnet50", setting.split(" --set "))


def test_selective_kernels_need_two_halves() -> None:
    with pytest.raises(ShapeError, match=r"layer1\.0\..*: 7 channels have no halves"):
        sources.graph_of(sources.find("skresnet50", ["widths=7,8,8,8"]))


def test_a_split_checks_itself() -> None:
    for wrong in (("sknet",), ("res2net", 1), ("resnest", 0), ("res2net", 65), ("sk", 2, 2.0), ("sk", 2, 0.5, 0)):
        with pytest.raises(SpecError, match="split"):
            Split(*wrong)


def test_every_field_has_a_reader_and_every_choice_reads() -> None:
    assert set(fields.READERS) == set(ResNetSpec.__slots__)
    for field, choices in CHOICES.items():
        for choice in choices:
            text = {None: "none", True: "true", False: "false"}.get(choice, str(choice))
            assert fields.read(field, text) == choice


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("depths=3,4,23,3", (3, 4, 23, 3)),
        (
            "widths=64/64/80,128/128/128/128,256/256/256/256/256/256,512/512/512",
            ((64, 64, 80), (128,) * 4, (256,) * 6, (512,) * 3),
        ),
        ("strides=none", None),
        ("stem=3:2:32,3:1:64", ((3, 2, 32), (3, 1, 64))),
        ("attention=se:0.25", Attention("se", 0.25)),
        ("attention=se:0.25:1", Attention("se", 0.25, 1)),
        ("attention=se:0.25:input", Attention("se", 0.25, of_input=True)),
        ("attention=none", None),
        ("split=none", None),
        ("split=res2net:4", Split("res2net", 4)),
        ("split=resnest:4:early", Split("resnest", 4, early=True)),
        ("split=sk:0.125:16:whole", Split("sk", ratio=0.125, divisor=16, whole=True)),
        ("expansion=1", 1),
        ("expansion=4,4,4,1", (4, 4, 4, 1)),
        ("group_width=32,32,32,1", (32, 32, 32, 1)),
        ("group_width=none", None),
        ("num_features=none", None),
        ("output_stride=none", None),
        ("stem_pool=none", "none"),
        ("stem_act=false", False),
        ("final_norm=none", None),
        ("num_classes=0", 0),
    ],
)
def test_a_setting_reads_to_its_value(setting: str, value: object) -> None:
    assert getattr(fields.apply(ResNetSpec(), [setting]), setting.partition("=")[0]) == value


@pytest.mark.parametrize(
    "setting",
    ["depths", "depth=3", "depths=", "depths=3,x", "groups=many", "stem=3x2x64", "attention=sa", "attention=se:2",
     "attention=eca:0.5", "attention=cbam:0.1:8", "attention=cbam:16", "attention=se:0.5:0", "attention=se:input",
     "split=res2net", "split=res2net:1", "split=sk:0.5", "split=resnest:2:late", "split=conv",
     "expansion=4,", "group_width=x",
     "attention=se:0.5:" + "9" * 400,
     "stem_act=maybe", "widths=64//64", "=3"],
)  # fmt: skip
def test_an_unreadable_setting_is_refused_with_the_form_it_should_have(setting: str) -> None:
    with pytest.raises(SpecError) as error:
        fields.apply(ResNetSpec(), [setting])
    assert error.value.hint


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ("stem_kernel", "stem"), ("stem_width", "stem"), ("kernel_size", "stem"), ("width_per_group", "base_width"),
        ("depth", "depths"), ("group", "groups"), ("layers", "depths"), ("in_chans", "in_channels"),
        ("attention_type", "attention"), ("img_size", "input_size"), ("width", "widths"), ("stem_pol", "stem_pool"),
        *((synonym, field) for synonym, field in SYNONYMS.items()),
    ],
)  # fmt: skip
def test_an_unknown_field_is_answered_by_the_one_that_was_meant(typed: str, field: str) -> None:
    with pytest.raises(SpecError, match=f"unknown field '{typed}'") as refused:
        read(typed, "3")
    assert refused.value.hint == f"did you mean {field!r}? write it as {field}={READERS[field][1]}"


def test_settings_apply_together_and_what_is_unset_follows() -> None:
    spec = sources.find_variant("resnet50", ["depths=2,2,2", "groups=32", "base_width=4"]).spec
    assert spec.stage_strides == (1, 2, 2)
    assert [planes[0] for planes in spec.planes] == [64, 128, 256]
    # Each alone would be refused: three widths beside four depths.
    assert sources.find_variant("resnet50", ["depths=1,1,1", "widths=16,32,64"]).spec.depths == (1, 1, 1)


@given(specs())
def test_a_spec_reads_back_from_its_toml(spec: ResNetSpec) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mine.toml")
        path.write_text(toml.dump(spec), encoding="utf-8")
        variant = toml.load(str(path))
    assert (variant.name, variant.spec) == ("mine", spec)


def test_an_exported_spec_shows_every_field() -> None:
    text = toml.dump(ResNetSpec())
    assert set(re.findall(r"^# (\w+) = ", text, re.MULTILINE)) == set(ResNetSpec.__slots__)
    uncommented = re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)
    assert "groups = 1" in uncommented.splitlines()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mine.toml")
        path.write_text(uncommented, encoding="utf-8")
        assert toml.load(str(path)).spec == ResNetSpec()


@pytest.mark.parametrize("variant", list(zoo.variants()), ids=lambda v: v.name)
def test_every_variant_reads_back_from_its_toml(variant: zoo.Variant, tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(toml.dump(variant.spec), encoding="utf-8")
    assert toml.load(str(path)).spec == variant.spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("depths = [3, 4", "is not TOML"),
        ("depth = [3]", "unknown field 'depth'"),
        ("depths = 3", "depths=3"),
        ("groups = '32x'", "groups=32x"),
        ("base = 'resnt50'", "unknown model"),
        ("base = 50", "a line of text"),
        ("name = ''", "a line of text"),
        ('name = "a\\u001b[1mb"', "a line of text"),
        ("x = " + "[" * 9999, "is not TOML"),
        ("stem_act = 1", "stem_act=1"),
        ("attention = {kind = 'se'}", "attention="),
        ("widths = [[64, [64]], 128, 256, 512]", "widths="),
    ],
)
def test_a_wrong_file_is_refused_by_its_name_or_the_fields(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError) as error:
        sources.find_variant(path)
    assert message in error.value.message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="No such file"):
        sources.find_variant(tmp_path / "none.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(RequestError, match="directory"):
        sources.find_variant(tmp_path / "folder.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match="is not TOML"):
        sources.find_variant(tmp_path / "binary.toml")
