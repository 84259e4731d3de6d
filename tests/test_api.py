"""The Python API: the same verbs, and the same refusals."""

import pytest

import resnet_inspect as ri
from resnet_inspect import errors


def test_an_answer_writes_itself_in_every_format() -> None:
    answer = ri.summary("resnet18", input=(2, 3, 64, 64), depth="block")
    assert str(answer).startswith("resnet18, input 2×3×64×64")
    assert answer.to_markdown().startswith("## resnet18")
    assert answer.to_csv().startswith("block,")
    assert '"kind": "summary"' in answer.to_json()


def test_a_model_is_a_name_a_file_or_a_spec(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ri.export_spec("resnet18", ["num_classes=10"]), encoding="utf-8")
    spec = ri.spec("resnet18", ["num_classes=10"])
    assert ri.spec(path) == ri.spec(str(path)) == spec
    assert ri.lower(spec).nodes == ri.lower(path).nodes
    assert spec == ri.ResNetSpec(block="basic", depths=(2, 2, 2, 2), num_classes=10)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: ri.summary(depth="foo"),
        lambda: ri.flops(task="foo"),
        lambda: ri.memory(task="trian"),
        *(lambda m=m: ri.memory(task="train", momentum=m) for m in (float("nan"), 1, 5, -5, "x", [0.5])),
        lambda: ri.lint(precision="fp8"),
        lambda: ri.lint(language="de"),
        lambda: ri.lint(ignore="RI3"),
        lambda: ri.list(sort="foo"),
        lambda: ri.compare([]),
        lambda: ri.summary(settings="groups=32"),
        lambda: ri.summary(batch_size=2.5),
        lambda: ri.summary("resnet18", input=[1, 3, 64]),
        lambda: ri.Attention("foo"),
        lambda: ri.ResNetSpec(depths=[3, 4, 6, 3]),
    ],
)
def test_a_wrong_argument_is_refused_in_words(ask) -> None:
    with pytest.raises(ri.InspectError):
        ask()


def test_the_optimizer_of_a_training_step_is_sgd_with_momentum_unless_told() -> None:
    def peak(**options) -> str:
        return ri.memory("resnet18", input=(2, 3, 64, 64), task="train", **options).to_json()

    assert peak() == peak(optimizer="sgd") == peak(momentum=0.9) == peak(optimizer="sgd", momentum=0.5)
    assert len({peak(), peak(momentum=0), peak(optimizer="adam")}) == 3


def test_an_answer_carries_the_exit_code_of_its_command() -> None:
    assert ri.budget("resnet18", max_params=12_000_000).exit_code == errors.OK
    assert ri.budget("resnet18", max_params=11_000_000).exit_code == errors.FAILED
    assert ri.lint("tutorial_resnet18_cifar10").exit_code == errors.OK
    assert ri.lint("tutorial_resnet18_cifar10", strict=True).exit_code == errors.FAILED
    assert ri.lint("resnet50", strict=True).exit_code == errors.OK
