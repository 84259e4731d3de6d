"""Which nets are chosen: bounds, the front, and the order of trust among times."""

import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
import raw_results
from candidates import BOUNDS, NETS, Row, rows
from click.testing import CliRunner
from hypothesis import given
from planted_times import SHEET
from raw_results import COUNTED

import resnet_inspect as ri
from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Metrics, Observation, Record, Result, metric
from resnet_inspect.cli import main
from resnet_inspect.errors import RequestError, UnknownModelError
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.prediction.features import features_of
from resnet_inspect.prediction.fit import fit
from resnet_inspect.prediction.profile import Conditions, Profile, Sample
from resnet_inspect.prediction.profile_json import to_json
from resnet_inspect.questions.choose import Bounds, Candidate, beats, choose, front
from resnet_inspect.sources.costs import Costs


@given(NETS, BOUNDS)
def test_a_net_is_chosen_exactly_if_it_has_a_time_and_keeps_every_bound(nets: list[Candidate], bounds: Bounds) -> None:
    def keeps(net: Candidate) -> bool:
        costs = (
            (net.ms, bounds.latency_ms), (net.costs.params, bounds.params), (net.costs.peak_bytes, bounds.memory),
        )  # fmt: skip
        known = net.time is not None and (bounds.top1 is None or (net.top1 is not None and net.top1 >= bounds.top1))
        return known and all(limit is None or cost <= limit for cost, limit in costs)

    report = choose(nets, bounds, "fp16 on a device")
    assert {row["model"] for row in rows(report)} == {net.costs.name for net in nets if keeps(net)}
    assert (report.ok, report.exit_code) == (bool(rows(report)), 0 if rows(report) else 1)
    assert bool(report.findings) == (not rows(report))


@given(NETS)
def test_the_front_holds_who_is_beaten_by_nobody_and_no_floor_where_others_have_times(nets: list[Candidate]) -> None:
    names = front(nets)
    rated = [net for net in nets if None not in (net.time, net.top1)]
    timed = [net for net in rated if net.time.basis != "floor"]
    for net in nets:
        better = [
            other
            for other in timed or rated
            if None not in (net.time, net.top1)
            and other.top1 >= net.top1
            and other.ms <= net.ms
            and (other.top1, other.ms) != (net.top1, net.ms)
        ]
        assert (net.costs.name in names) == (net in (timed or rated) and not better)


@given(NETS)
def test_a_floor_beats_floors_alone(nets: list[Candidate]) -> None:
    for one, other in permutations(nets, 2):
        if beats(one, other):
            assert one.time.basis != "floor" or other.time.basis == "floor"


def chosen(**options: object) -> list[Row]:
    return json.loads(ri.choose(**options).to_json())["tables"]["choices"]


def test_a_data_sheet_gives_the_floor_that_roofline_gives() -> None:
    found = chosen(device="t4", batch_size=8, among="resnet50,resnet18", max_latency_ms=10, max_params="30M")
    assert [row["model"] for row in found] == ["resnet50", "resnet18"]
    for row in found:
        facts = json.loads(ri.roofline(row["model"], batch_size=8, device="t4").to_json())["facts"]
        assert (row["ms"], row["basis"]) == (pytest.approx(facts["floor_ms"]), "floor")
        assert row["params"] == facts.get("params", ri.budget(row["model"], max_params="1G").tables[0].rows[0][4])
    assert {"model", "top1", "ms", "basis", "params", "pareto"} <= {*found[0]}
    assert (found[0]["top1"], found[0]["top1_source"]) == (80.858, "torchvision IMAGENET1K_V2")


def test_memory_is_what_the_memory_command_predicts_at_the_precision_of_the_times() -> None:
    (row,) = chosen(device="t4", batch_size=8, among="resnet50", max_memory="2GiB")
    facts = json.loads(ri.memory("resnet50", batch_size=8, precision="fp16").to_json())["facts"]
    assert row["peak_bytes"] == facts["peak_bytes"]


def test_nets_of_one_size_are_compared_and_the_others_counted() -> None:
    answer = ri.choose("t4", among="resnet-t,cifar,resnet,resnet1?t")
    found = {row["model"] for row in rows(answer)}
    assert "resnet50t" in found
    assert found.isdisjoint({"resnet10t", "resnet14t", "resnet26t", "resnet20_cifar"})
    assert any("6 of 32×32, 2 of 176×176, 1 of 256×256" in note for note in answer.notes)
    every = {row["model"]: row["input"] for row in rows(ri.choose("t4", among="resnet-t,cifar", any_size=True))}
    assert (every["resnet20_cifar"], every["resnet26t"]) == ((1, 3, 32, 32), (1, 3, 256, 256))
    at_224 = ri.choose("t4", among="resnet-t,cifar", any_size=True, input=(2, 3, 224, 224))
    assert {row["model"] for row in rows(at_224)} == {*every}
    assert rows(ri.choose("t4", among="resnet-rs", input=(1, 3, 320, 320)))[0]["model"] == "resnetrs420"


def test_more_data_counts_only_where_it_is_asked_for() -> None:
    (alone,) = chosen(device="t4", among="resnext101_32x8d")
    (more,) = chosen(device="t4", among="resnext101_32x8d", trained_on="any")
    assert (alone["top1"], more["top1"]) == (83.0 - 0.166, 84.276)
    assert "ig1b" in more["top1_source"]
    refused = ri.choose("t4", among="resnext101_32x32d", min_top1=50)
    assert refused.exit_code == 1
    assert any("saw more data: 1 net; --trained-on any" in note for note in refused.notes)


def result(model: str, ms: float, **case: object) -> Result:
    rng = Random(0)
    rounds = [[ms * rng.gauss(1, 0.01) for _ in range(20)] for _ in range(5)]
    of = Case(model, "cpu", 8, (8, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1)
    spec = {} if ":" in model else sources.find(model).spec_fields
    return Result(replace(of, **case), "ok", True, COUNTED.cost, spec, Metrics(latency=metric(rounds, 0)))


def record(*results: Result) -> Record:
    return raw_results.record(*results)


def test_a_measured_time_comes_before_a_floor_and_the_fastest_configuration_counts() -> None:
    run = record(
        result("resnet18", 90.0),
        result("resnet18", 70.0, layout="channels_last"),
        result("resnet18", 10.0, task="train"),
        replace(result("resnet18", 20.0), valid=False),
        result("resnet50", 150.0),
        result("resnet34", 1.0, input=(8, 3, 64, 64)),
    )
    found = {row["model"]: row for row in chosen(batch_size=8, record=run, among="resnet")}
    assert found.keys() == {"resnet18", "resnet50"}
    assert found["resnet18"]["ms"] == pytest.approx(70, rel=0.02)
    assert (found["resnet18"]["basis"], found["resnet18"]["how"]) == ("measured", "fp32 channels_last eager, 1 thread")
    assert found["resnet18"]["low_ms"] < found["resnet18"]["ms"] < found["resnet18"]["high_ms"]
    assert rows(ri.choose(batch_size=8, record=run, among="resnet", max_latency_ms=80))[0]["model"] == "resnet18"
    with pytest.raises(RequestError, match=r"the Record is of fp32 on .*, not of NVIDIA T4"):
        ri.choose("t4", batch_size=8, record=run)
    with pytest.raises(RequestError, match=r"the Record is of fp32 on .*, not of cuda"):
        ri.choose("cuda", batch_size=8, record=run)


def test_a_disturbed_measurement_counts_where_no_steady_one_is_and_says_what_disturbed_it() -> None:
    def disturbed(ms: float) -> Result:
        return replace(result("resnet18", ms), findings=(Observation("crowded", "", {"share": 0.5}),))

    found = chosen(batch_size=8, record=record(disturbed(50.0)), among="resnet")
    assert [row["basis"] for row in found] == ["measured"]
    assert "; " in found[0]["how"]
    (steady,) = chosen(batch_size=8, record=record(disturbed(50.0), result("resnet18", 80.0)), among="resnet")
    assert (steady["ms"], steady["how"].count(";")) == (pytest.approx(80, rel=0.02), 0)


def test_a_device_of_ones_own_whose_figures_change_is_counted_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    times = []
    for rate in (50, 100):
        entry = f'[tool.resnet-inspect.devices.mine]\ntflops.fp32 = {rate}\ngb-per-s = {rate}\nsource = "me"\n'
        (tmp_path / "pyproject.toml").write_text(entry, encoding="utf-8")
        times += [row["ms"] for row in chosen(device="mine", among="torchvision:resnet18")]
    assert times[0] == pytest.approx(2 * times[1])


def test_a_librarys_net_is_chosen_by_its_own_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = chosen(device="t4", among="torchvision:resnet18,resnet18", max_memory="1GiB")
    assert [row["model"] for row in found] == ["resnet18", "torchvision:resnet18"]
    ours, theirs = found
    assert (ours["top1_source"], theirs["top1_source"]) == ("timm a1_in1k", "torchvision IMAGENET1K_V1")
    assert (ours["ms"], ours["peak_bytes"], ours["params"]) == (
        pytest.approx(theirs["ms"]), theirs["peak_bytes"], theirs["params"],
    )  # fmt: skip
    (kept,) = chosen(device="t4", among="torchvision:resnet18", max_memory="1GiB")
    assert kept == {**theirs, "pareto": True}, "and so from the cache"


@pytest.fixture(scope="module")
def learnt() -> Profile:
    """A profile whose nets take three times their floor on a T4."""
    sheet, conditions = find_device("t4"), Conditions(device="t4", precision="fp16", layout="contiguous", mode="eager")
    samples = []
    for name in ("resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d", "resnet50d", "wide_resnet50_2"):
        for size in (160, 224):
            graph = ri.lower(name, (8, 3, size, size))
            seconds = 3e-3 * floors_ms(graph, sheet, "fp16")[1]
            samples.append(Sample(name, graph.input.shape, features_of(graph, "fp16", "eager"), seconds))
    return fit(samples, conditions)


def test_a_predicted_time_comes_before_a_floor_and_after_a_measurement(learnt: Profile, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(to_json(learnt), encoding="utf-8")
    found = {row["model"]: row for row in chosen(device="t4", batch_size=8, among="resnet*", profile=path)}
    predicted = learnt.predict(ri.lower("resnet152", batch_size=8))
    row = found["resnet152"]
    assert (row["basis"], row["ms"], row["low_ms"], row["high_ms"]) == (
        "predicted", predicted.ms, predicted.low_ms, predicted.high_ms,
    )  # fmt: skip
    assert found["resnet50_gn"]["basis"] == "floor", "no calibration net has a GroupNorm"
    assert all(each["ms"] >= floor["ms"] for floor in chosen(device="t4", batch_size=8, among="resnet*")
               for each in [found[floor["model"]]])  # fmt: skip
    autocast = replace(learnt, conditions=replace(learnt.conditions, precision="amp-fp16"))
    path.write_text(to_json(autocast), encoding="utf-8")
    assert ri.choose("t4", 8, among="resnet18", profile=path, precision="amp-fp16", max_memory="1GiB").ok
    alone = ri.choose(batch_size=8, among="resnet*", profile=path)
    assert {row["basis"] for row in rows(alone)} == {"predicted"}
    assert any("outside the calibration" in note and "GroupNorm" in note for note in alone.notes)
    assert ri.choose(batch_size=8, among="resnet*", profile=autocast) == alone
    with pytest.raises(RequestError, match="the profile is of t4, not of NVIDIA A100"):
        ri.choose("a100", profile=path)


def test_by_a_profile_with_ceilings_a_net_is_chosen_by_the_floor_that_list_shows(learnt: Profile) -> None:
    profile = replace(learnt, ceilings=SHEET)
    chosen = {row["model"]: row for row in rows(ri.choose(batch_size=8, among="resnet50*", profile=profile))}
    listed = {row["name"]: row for row in rows(ri.list("resnet50*", batch_size=8, profile=profile))}
    outside = chosen["resnet50_gn"]
    assert (outside["basis"], outside["ms"]) == ("floor", listed["resnet50_gn"]["floor_ms"])
    assert chosen["resnet50"]["ms"] == listed["resnet50"]["predicted_ms"]


def test_without_bounds_the_finding_says_that_no_time_is_known() -> None:
    report = choose([Candidate(Costs("net", (1, 3, 224, 224)), None, None)], Bounds(), "here")
    (finding,) = report.findings
    assert (finding.where, finding.message, finding.hint) == ("choose", "nothing tells a time of any net", "")


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({}, RequestError, "needs a device"),
        ({"device": "t5"}, RequestError, "unknown device 't5'"),
        ({"device": "t4", "min_top1": 780}, RequestError, "--min-top1 780: a limit is a number above 0 and below 100"),
        ({"device": "t4", "min_top1": 0.8}, RequestError, "--min-top1 0.8: a top-1 is in percent"),
        ({"device": "t4", "min_top1": "foo"}, RequestError, "min_top1 'foo' is not a number"),
        ({"device": "t4", "max_params": -5}, RequestError, "--max-params -5: a limit is a number above 0"),
        ({"device": "t4", "max_params": True}, RequestError, "max_params True is not a number or text"),
        ({"device": "t4", "max_memory": "2M"}, RequestError, "'2M' is not a size"),
        ({"device": "t4", "max_latency_ms": "5"}, RequestError, "max_latency_ms '5' is not a number"),
        ({"device": "t4", "max_latency_ms": float("nan")}, RequestError, "--max-latency-ms nan: a limit is a number"),
        ({"device": "t4", "among": "foo*"}, UnknownModelError, r"no variant matches 'foo\*'"),
        ({"device": "t4", "among": "resnet18,"}, UnknownModelError, "no variant matches ''"),
        ({"device": "t4", "among": "timm:foo*"}, UnknownModelError, "no net of timm matches"),
        ({"device": "t4", "input": (1, 3, 300, 300)}, RequestError, "no net among .* is for images of 300×300"),
        ({"device": "t4", "input": (1, 4, 224, 224), "any_size": True}, RequestError, "4 channels"),
        ({"device": "t4", "sort": "price"}, RequestError, "sort 'price' is not one of top1, ms, params, name"),
        ({"device": "t4", "precision": "bf16"}, RequestError, "no bf16 peak is known"),
    ],
)
def test_a_wrong_request_names_what_is_wrong(options: dict[str, object], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        ri.choose(**options)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_this_machine_needs_a_profile(device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(RequestError, match=f"calibrate --device {device}") as raised:
        ri.choose(device)
    assert raised.value.exit_code == 2


def test_a_percent_sign_changes_nothing() -> None:
    asked = ("choose", "--device", "t4", "--among", "resnet", "--min-top1")
    plain, signed = (CliRunner().invoke(main, [*asked, least]) for least in ("80", "80%"))
    assert (signed.exit_code, signed.stdout) == (0, plain.stdout)
