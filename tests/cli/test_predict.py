"""Predictions on the command line: their JSON, their place in other commands, and requests that cannot be met."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import HERE, reference
from planted_times import EAGER, NETS, SHEET, net, noisy

from resnet_inspect.cli import main
from resnet_inspect.graph.facts.work import stage_of
from resnet_inspect.hardware import machine
from resnet_inspect.prediction import profiles
from resnet_inspect.prediction.fit import fit
from resnet_inspect.prediction.profile import Conditions, Profile
from resnet_inspect.prediction.profile_json import to_json

CPU = Conditions(device="cpu", precision="fp32", layout="contiguous", mode="eager", threads=2)
BATCH = ("--input", "32,3,224,224")


@pytest.fixture(scope="module")
def profile() -> Profile:
    return fit(noisy(NETS, random.Random(0), 0.02), EAGER, SHEET)


@pytest.fixture
def file(profile: Profile, tmp_path: Path) -> str:
    path = tmp_path / "t4.json"
    path.write_text(to_json(profile))
    return str(path)


@pytest.fixture
def stored(profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Keep a profile of this machine in the user's data folder, with other conditions where they are given."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "data" / "resnet-inspect" / "profiles"
    folder.mkdir(parents=True)

    def store(**other: object) -> None:
        here = replace(CPU, **({"machine": machine.read().cpu_model, "torch": version("torch")} | other))
        name = f"cpu-{here.precision}-{here.layout}-{here.mode}-{here.threads}.json"
        (folder / name).write_text(to_json(replace(profile, conditions=here)))

    return store


def play(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def answer(*arguments: str) -> Any:
    done = play(*arguments, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_each_model_has_a_row_at_each_batch(file: str) -> None:
    predicted = answer("predict", "resnet50", "resnet50_gn", "--batch-size", "16,32", "--profile", file)
    rows = predicted["tables"]["predictions"]
    assert [(row["model"], row["batch_size"], row["basis"]) for row in rows] == [
        ("resnet50", 16, "predicted"),
        ("resnet50", 32, "predicted"),
        ("resnet50_gn", 16, "outside"),
        ("resnet50_gn", 32, "outside"),
    ]
    assert all(row["floor_ms"] < row["low_ms"] < row["ms"] < row["high_ms"] for row in rows[:2])
    assert all(row["ms"] is row["low_ms"] is row["high_ms"] is None and row["reason"] for row in rows[2:])


@pytest.mark.parametrize("glob", ["resnet*d", "wide_*", "resnet[15]01"])
def test_a_glob_predicts_what_list_lists(glob: str, file: str) -> None:
    listed = [row["name"] for row in answer("list", glob)["tables"]["variants"]]
    rows = answer("predict", glob, "--profile", file)["tables"]["predictions"]
    assert [row["model"] for row in rows] == listed
    with_one = answer("predict", listed[0], glob, "--profile", file)["tables"]["predictions"]
    assert [row["model"] for row in with_one] == listed


def test_nets_of_a_glob_that_take_no_such_input_are_left_out_and_named(file: str) -> None:
    options = ("--input", "1,3,203,203", "--profile", file)
    predicted = answer("predict", "resnet*50", *options)
    names = {row["model"] for row in predicted["tables"]["predictions"]}
    assert "resnet50" in names
    assert "resnetaa50" not in names
    assert any("take no such input: " in note and "resnetaa50" in note for note in predicted["notes"])
    assert play("predict", "resnetaa50d", *options).exit_code == 2
    assert play("predict", "resnetaa50?", *options).exit_code == 2


def test_a_data_sheet_gives_what_a_pass_takes_at_least() -> None:
    (row,) = answer("predict", "resnet50", "--device", "t4", "--precision", "fp16")["tables"]["predictions"]
    assert (row["ms"], row["basis"], row["reason"]) == (None, "outside", "t4 is not calibrated")
    assert 0 < row["floor_ms"] < row["eager_floor_ms"]


def test_a_stored_profile_is_of_this_machine_and_the_plainest(stored: Callable[..., None]) -> None:
    stored()
    stored(threads=1)
    stored(mode="compile")
    facts = answer("predict", "--device", "cpu", *BATCH)["facts"]
    assert (facts["threads"], facts["mode"]) == (2, "eager")
    facts = answer("predict", "--device", "cpu", *BATCH, "--threads", "1")["facts"]
    assert facts["threads"] == 1


@pytest.mark.parametrize(
    ("other", "arguments", "words"),
    [
        ({"machine": "Another CPU"}, (), "the profile is of Another CPU, not of"),
        ({"torch": "1.0"}, (), "the profile is of torch 1.0, not of torch"),
        ({}, ("--threads", "7"), "there is no profile of cpu --threads 7"),
        ({}, ("--mode", "compile"), "there is no profile of cpu --mode compile"),
        ({}, ("--precision", "bf16"), "there are fp32 contiguous eager 2"),
    ],
)
def test_a_foreign_profile_is_refused_with_a_remedy(
    stored: Callable[..., None], other: dict[str, object], arguments: tuple[str, ...], words: str
) -> None:
    stored(**other)
    done = play("predict", "--device", "cpu", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
    assert "resnet-inspect calibrate --device cpu" in done.stderr


def test_a_broken_file_is_named_with_the_others_and_stops_what_may_need_it(
    stored: Callable[..., None], tmp_path: Path
) -> None:
    stored()
    stored(threads=1)
    broken = tmp_path / "data" / "resnet-inspect" / "profiles" / "cpu-fp32-contiguous-eager-1.json"
    broken.write_text(broken.read_text()[:1000])
    listed = answer("profile", "list")
    assert [row["threads"] for row in listed["tables"]["profiles"] if row["name"] is None] == [2]
    (finding,) = listed["findings"]
    assert finding["where"] == broken.name
    done = play("predict", "--device", "cpu", *BATCH)
    assert done.exit_code == 2
    assert f"calibrate again, or delete {broken}" in done.stderr


def test_a_device_next_to_a_profile_is_the_profiles_own() -> None:
    assert play("predict", "--batch-size", "512", "--profile", "rtx3090-amp", "--device", "rtx3090").exit_code == 0
    for device in ("a100", "cpu"):
        done = play("predict", "--batch-size", "512", "--profile", "rtx3090-amp", "--device", device)
        assert done.exit_code == 2
        assert f"GeForce RTX 3090 24 GB, not of {device}" in done.stderr
        assert "leave out --device" in done.stderr


def test_a_batch_far_from_the_calibrations_is_said_to_be(file: str) -> None:
    notes = {n: str(answer("predict", "--batch-size", str(n), "--profile", file)["notes"]) for n in (32, 200, 512)}
    assert [n for n in notes if "the calibration has 32" in notes[n]] == [512]


def test_a_named_file_may_be_of_any_machine_but_of_the_conditions_asked_for(file: str) -> None:
    assert play("predict", *BATCH, "--profile", file).exit_code == 0
    for arguments in (("--device", "cpu"), ("--mode", "compile"), ("--threads", "3"), ("--precision", "fp32")):
        assert play("predict", *BATCH, "--profile", file, *arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [(), ("--device", "cpu"), ("--device", "nothing"), ("--profile", "missing.json")])
def test_without_a_profile_there_is_a_remedy(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    done = play("predict", *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert "hint: " in done.stderr


def test_lists_are_ranked_and_limited_by_predicted_times(file: str) -> None:
    rows = answer("list", "resnet", *BATCH, "--profile", file, "--sort", "latency")["tables"]["variants"]
    times = [row["predicted_ms"] for row in rows if row["predicted_ms"] is not None]
    assert times == sorted(times)
    middle = times[len(times) // 2]
    kept = answer("list", "resnet", *BATCH, "--profile", file, "--max-latency-ms", str(middle))["tables"]["variants"]
    assert {row["name"] for row in kept} == {row["name"] for row in rows if (row["predicted_ms"] or 1e9) <= middle}


def test_parts_of_a_net_add_up_to_its_time(file: str) -> None:
    for depth, table in (("stage", "stages"), ("block", "blocks"), ("layer", "layers")):
        summary = answer("summary", "resnet50", *BATCH, "--depth", depth, "--profile", file)
        parts = sum(row["predicted_ms"] or 0.0 for row in summary["tables"][table])
        assert parts == pytest.approx(summary["facts"]["predicted_ms"])


STAGES = ("stem", "layer1", "layer2", "layer3", "layer4", "head")


def test_the_stages_of_a_comparison_and_of_a_difference_add_up(file: str) -> None:
    by_stage = answer("compare", "resnet50", "resnet18", "resnet50_gn", *BATCH, "--profile", file)["tables"]["stages"]
    for row in by_stage[:2]:
        assert sum(row[f"{stage}_ms"] for stage in STAGES) == pytest.approx(row["predicted_ms"])
    assert {by_stage[2][key] for key in by_stage[2] if key != "name"} == {None}, "outside the calibration"
    tables = answer("diff", "resnet50", "resnet18", *BATCH, "--profile", file)["tables"]
    changes = {row["stage"]: row["predicted_change_ms"] for row in tables["stages"]}
    for stage, change in changes.items():
        assert change == pytest.approx(by_stage[1][f"{stage}_ms"] - by_stage[0][f"{stage}_ms"])
    total = next(row for row in tables["totals"] if row["quantity"] == "predicted")
    assert sum(changes.values()) == pytest.approx(total["b"] - total["a"])


@pytest.mark.parametrize("name", sorted(profiles.shipped()))
def test_a_stage_that_is_the_same_in_both_takes_no_longer(name: str) -> None:
    """Sums of the same parts in another order differ in their last digits."""
    batch = profiles.read_profile(name).samples[-1].input[0]
    tables = answer("diff", "resnet50", "resnet50d", "--batch-size", str(batch), "--profile", name)["tables"]
    changes = {row["stage"]: row["predicted_change_ms"] for row in tables["stages"]}
    assert changes["layer1"] == changes["head"] == 0
    assert changes["stem"] > 0


def test_no_stage_has_a_time_where_none_was_asked_for_or_a_net_is_outside(file: str) -> None:
    outside = answer("diff", "resnet50", "resnet50_gn", *BATCH, "--profile", file)["tables"]["stages"]
    plain = answer("diff", "resnet50", "resnet18", *BATCH)["tables"]["stages"]
    assert not any("predicted_change_ms" in row for row in (*outside, *plain))
    assert "stages" not in answer("compare", "resnet50", "resnet18", *BATCH)["tables"]


@pytest.mark.parametrize("host_s", [0.0, 1.0], ids=["device", "host"])
def test_parts_add_up_whatever_sets_the_whole(profile: Profile, host_s: float) -> None:
    """A host that needs a second a call sets the time; the parts then share it as they do the device's."""
    graph = net("resnet50")
    slow = replace(profile, host_s_per_call=host_s)
    parts, device = slow.predict_parts(graph, stage_of), profile.predict_parts(graph, stage_of)
    assert sum(parts.values()) == pytest.approx(slow.predict(graph).ms)
    ratio = (slow.predict(graph).ms or 0.0) / (profile.predict(graph).ms or 1.0)
    assert parts == pytest.approx({name: ratio * part for name, part in device.items()})


def test_every_command_says_the_same_time(file: str) -> None:
    (row,) = answer("predict", *BATCH, "--profile", file)["tables"]["predictions"]
    compared = answer("compare", "resnet50", "resnet18", *BATCH, "--profile", file)["tables"]["models"]
    totals = answer("diff", "resnet50", "resnet18", *BATCH, "--profile", file)["tables"]["totals"]
    budget = answer("budget", *BATCH, "--max-latency-ms", "1000", "--profile", file)["tables"]["budgets"]
    predicted = next(total for total in totals if total["quantity"] == "predicted")
    assert row["ms"] == compared[0]["predicted_ms"] == predicted["a"] == budget[0]["actual"]
    assert compared[1]["predicted_ms"] == predicted["b"]


def test_a_budget_is_open_where_the_interval_holds_the_limit(file: str) -> None:
    (row,) = answer("predict", *BATCH, "--profile", file)["tables"]["predictions"]
    for limit, code in ((0.9 * row["low_ms"], 1), (row["ms"], 4), (1.1 * row["high_ms"], 0)):
        assert play("budget", *BATCH, "--max-latency-ms", str(limit), "--profile", file).exit_code == code
    assert play("budget", "resnet50_gn", *BATCH, "--max-latency-ms", "1e4", "--profile", file).exit_code == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--sort", "latency"),
        ("list", "--max-latency-ms", "5"),
        ("list", "--max-latency-ms", "-5", "--profile", "t4.json"),
        ("budget", "--max-latency-ms", "5"),
        ("budget", "--max-params", "5M", "--profile", "t4.json"),
        ("calibrate", "--test", "4"),
        ("calibrate", "--from", "table.csv", "--device", "cpu"),
        ("calibrate", "--from", "table.csv", "--quick"),
        ("calibrate", "--from", "missing.csv"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_remedy(
    arguments: tuple[str, ...], file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(file).parent)
    done = play(*arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert "hint: " in done.stderr


def test_a_published_table_becomes_a_profile_that_predicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [row for row in reference("timm_speed.csv") if "rtx3090" in row["source_file"]]
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    Path("table.csv").write_text("\n".join(lines))
    options = ("--device-like", "rtx3090", "--precision", "amp-fp16", "--layout", "channels_last", "--test", "40")
    facts = answer("calibrate", "--from", "table.csv", *options, "--nets", "6", "-o", "rtx3090.json")["facts"]
    assert (facts["nets_fitted"], facts["nets_tested"] + facts["nets_outside"]) == (6, 40)
    assert facts["median_error"] < facts["p90_error"] < 0.1
    assert facts["coverage"] >= 0.85
    (row,) = answer("predict", "--batch-size", "1024", "--profile", "rtx3090.json")["tables"]["predictions"]
    assert row["ms"] == pytest.approx(275, rel=0.1)  # what the table has of resnet50 at 224


def test_a_prediction_loads_no_torch(file: str) -> None:
    script = "from resnet_inspect.cli import main\nimport sys\ntry:\n main({!r})\nfinally:\n"
    script += " assert not {{'torch', 'numpy'}} & set(sys.modules)"
    command = script.format(["predict", *BATCH, "--profile", file, "--format", "json"])
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr


def test_a_plain_command_loads_no_profile() -> None:
    loaded = "import sys\nassert not any(name.startswith('resnet_inspect.prediction') for name in sys.modules)"
    for arguments in (["summary"], ["list", "--format", "csv"], ["compare", "resnet18", "resnet50"]):
        script = f"from resnet_inspect.cli import main\nmain({arguments!r}, standalone_mode=False)\n{loaded}"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_second_gpu_is_no_data_sheet(profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "resnet-inspect" / "profiles"
    folder.mkdir(parents=True)
    monkeypatch.setattr(profiles, "GPUS", tmp_path / "none")
    here = replace(profile, conditions=replace(profile.conditions, torch=version("torch")))
    (folder / "cuda-amp-fp16-channels_last-eager.json").write_text(to_json(here), encoding="utf-8")
    plain, second = (
        answer("diff", "resnet50", "resnet18", *BATCH, "--device", device) for device in ("cuda", "cuda:1")
    )
    assert second["tables"] == plain["tables"]
    assert second["notes"] == plain["notes"]
