"""The Python API: the same verbs, and the same refusals."""

import json
import pickle
import sys
from dataclasses import replace

import pytest

import resnet_inspect as ri
from resnet_inspect import errors
from resnet_inspect.benchmark.record_json import from_json
from resnet_inspect.resnet.lower import lower


def test_an_answer_writes_itself_in_every_format() -> None:
    answer = ri.summary("resnet18", input=(2, 3, 64, 64), depth="block")
    assert str(answer).startswith("resnet18, input 2×3×64×64")
    assert answer.to_markdown().startswith("## resnet18")
    assert answer.to_csv().startswith("block,")
    assert '"kind": "summary"' in answer.to_json()
    assert answer.to_latex().startswith("% ")
    assert answer.to_github() == answer.to_markdown()


def test_an_answer_gives_its_facts_and_rows_by_key() -> None:
    answer = ri.summary("resnet18")
    assert answer["macs"] == answer.to_dict()["facts"]["macs"] == 1_814_073_344
    assert "macs" in answer
    assert [*answer] == [fact.key for fact in answer.facts]
    rows = answer.table("stages")
    assert rows == answer.table() == answer.to_dict()["tables"]["stages"]
    assert sum(row["params"] for row in rows) == answer["params"]
    assert [row["stage"] for row in rows][:2] == ["stem", "layer1"]
    assert [*ri.explain("resnet18").table("stages")[0]]
    for wrong in (lambda: answer["mac"], lambda: answer.table("stage"), lambda: ri.lint("resnet18").table()):
        with pytest.raises(KeyError) as refused:
            wrong()
        assert isinstance(refused.value, ri.InspectError)
        assert refused.value.hint


def test_a_dictionary_holds_what_json_holds() -> None:
    for answer in (ri.summary("resnet18"), ri.explain("resnet18"), ri.lint("tutorial_resnet18_cifar10"), ri.devices()):
        assert json.loads(json.dumps(answer.to_dict())) == json.loads(answer.to_json())


def test_a_data_frame_has_the_rows_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = pytest.importorskip("pandas")
    answer = ri.list("resnet*")
    frame = answer.to_pandas()
    assert frame.to_dict("records") == answer.table("variants")
    assert list(ri.list("resnet18").to_pandas("variants")["params"]) == [11_689_512]
    assert isinstance(frame, pandas.DataFrame)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ri.InspectError, match="pandas is not installed\nhint:  pip install pandas"):
        answer.to_pandas()


def test_a_printed_answer_keeps_to_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ri.summary("resnet50")
    monkeypatch.delenv("COLUMNS", raising=False)
    assert max(map(len, str(answer).splitlines())) > 100, "in a pipe"
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, str(answer).splitlines())) <= 80


def test_a_repr_is_one_short_line(record_json: str, tmp_path) -> None:
    (tmp_path / "run.json").write_text(record_json, encoding="utf-8")
    record = ri.read_record(tmp_path / "run.json")
    assert repr(ri.summary("resnet50")) == "<Answer summary: resnet50, input 1×3×224×224>"
    assert repr(ri.lower("resnet50")) == "<Graph resnet50, input 1×3×224×224, 176 nodes>"
    assert repr(record) == "<Record of resnet18, 1 result>"


def test_what_a_notebook_shows_is_what_the_dataclass_holds(record_json: str, tmp_path) -> None:
    (tmp_path / "run.json").write_text(record_json, encoding="utf-8")
    for shown, plain in (
        (ri.lower("resnet18"), lower(ri.spec("resnet18"), "resnet18", (1, 3, 224, 224))),
        (ri.read_record(tmp_path / "run.json"), from_json(record_json)),
    ):
        assert shown == plain
        assert plain == shown
        assert shown != object()
        assert replace(shown) == pickle.loads(pickle.dumps(shown)) == shown
    assert ri.lower("resnet18") != ri.lower("resnet34")


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
        lambda: ri.summary(settings={"group": 32}),
        lambda: ri.summary(settings={"groups": "many"}),
        lambda: ri.summary(settings={"groups": [3, 4]}),
        lambda: ri.summary(settings=32),
        lambda: ri.summary(input=224),
        lambda: ri.compare("resnet18"),
        lambda: ri.list(max_params="26X"),
        lambda: ri.budget(max_memory="200M"),
        lambda: ri.budget(max_params=[1]),
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


def test_a_printed_error_says_what_to_do() -> None:
    with pytest.raises(ri.InspectError) as refused:
        ri.summary("resnt50")
    message, hint = str(refused.value).splitlines()
    assert message == "unknown model 'resnt50'"
    assert hint.startswith("hint:  did you mean 'resnet50'")
    assert str(errors.RequestError("no remedy is known")) == "no remedy is known"


def test_an_error_keeps_its_hint_from_process_to_process() -> None:
    error = errors.RequestError("what", "what to do")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.hint) == (errors.RequestError, "what", "what to do")


def test_an_amount_may_be_typed_as_on_the_command_line() -> None:
    assert ri.list(max_params="26M", max_macs="4.2G") == ri.list(max_params=26_000_000, max_macs=4_200_000_000)
    assert ri.list(max_params="26M", sort="macs") == ri.list(max_params=26e6, sort="macs")
    for limit, typed, number in (("params", "12M", 12_000_000), ("memory", "200MiB", 200 * 2**20)):
        limits = [{f"max_{limit}": value} for value in (typed, number)]
        assert ri.budget("resnet18", **limits[0]) == ri.budget("resnet18", **limits[1])


def test_models_are_compared_as_arguments_or_as_a_list() -> None:
    assert ri.compare("resnet18", "resnet50") == ri.compare(["resnet18", "resnet50"])
    spec = ri.spec("resnet18")
    assert ri.compare(spec, "resnet50", batch_size=2).tables[0].rows[0][2] == 11_689_512


@pytest.mark.parametrize(
    ("mapping", "texts"),
    [
        ({"groups": 32, "base_width": 4}, ["groups=32", "base_width=4"]),
        ({"depths": (3, 4, 23, 3)}, ["depths=3,4,23,3"]),
        ({"depths": [2, 2, 2, 2], "widths": [[64, 80], 128, 256, 512]}, ["depths=2,2,2,2", "widths=64/80,128,256,512"]),
        ({"stem": ((3, 2, 32), (3, 1, 64))}, ["stem=3:2:32,3:1:64"]),
        ({"attention": ri.Attention("se", 0.25)}, ["attention=se:0.25:8"]),
        ({"attention": "eca", "output_stride": None}, ["attention=eca", "output_stride=none"]),
        ({"final_norm": True}, ["final_norm=true"]),
    ],
)
def test_settings_may_be_a_dictionary(mapping: dict[str, object], texts: list[str]) -> None:
    assert ri.spec(settings=mapping) == ri.spec(settings=texts)
    assert ri.summary(settings=mapping) == ri.summary(settings=texts), "and the name of the net is the same"
    assert ri.diff("resnet50", settings=mapping) == ri.diff("resnet50", settings=texts)


@pytest.mark.parametrize("precision", ["FP16", "Fp16"])
def test_a_choice_may_be_typed_in_capitals(precision: str) -> None:
    assert ri.memory("resnet18", precision=precision) == ri.memory("resnet18", precision="fp16")
    with pytest.raises(ri.InspectError, match="fp16 weights do not train"):
        ri.bench("resnet18", device="cpu", precision=precision, task="TRAIN")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: ri.compare("resnet18", "resnet50", device="t4", precision="fp8"),
         "precision 'fp8' is not one of fp32, tf32, bf16, fp16"),
        (lambda: ri.list(sort="price"),
         "sort 'price' is not one of name, family, params, macs, activations, floor, latency, top1"),
    ],
)  # fmt: skip
def test_the_choices_of_an_error_are_those_that_can_be_typed(ask, message: str) -> None:
    with pytest.raises(ri.InspectError) as refused:
        ask()
    assert refused.value.message == message


@pytest.mark.parametrize("of", ["a function", "the script"])
def test_a_module_that_no_other_process_can_read_gets_a_way_out(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch import nn

    class Net(nn.Conv2d):
        pass

    if of == "the script":
        monkeypatch.setattr(Net, "__module__", "__main__")
    with pytest.raises(ri.InspectError, match=r'in a file.*ri\.bench\("net\.py:make"\)'):
        ri.bench(Net(3, 8, 3))
