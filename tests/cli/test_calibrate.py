"""`calibrate` and `profile` on a machine whose speed is known: what is printed, what is saved, what is not."""

import json
import os
import shlex
import shutil
from errno import EACCES
from pathlib import Path

import pytest
from click.exceptions import Exit
from planted_machine import PlantedMachine

from resnet_inspect.benchmark import record_json
from resnet_inspect.cli import calibrate, main, predict, profile
from resnet_inspect.errors import INTERRUPTED
from resnet_inspect.prediction import measure, profiles
from resnet_inspect.prediction.calibration_nets import CALIBRATION
from resnet_inspect.resnet.zoo import variants

QUICK = ("calibrate", "--device", "cpu", "--threads", "1", "--quick")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PlantedMachine:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return PlantedMachine().install(monkeypatch)


def call(*args: str) -> int:
    """The exit code of a command."""
    try:
        result = main([*args], standalone_mode=False)
    except Exit as end:
        return end.exit_code
    return int(result or 0)


def stored(tmp_path: Path) -> list[str]:
    folder = tmp_path / "data/resnet-inspect/profiles"
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_a_calibration_is_kept_where_predict_finds_it(
    planted: PlantedMachine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*QUICK, "--format", "json") == 0
    printed = capsys.readouterr()
    assert stored(tmp_path) == ["cpu-fp32-contiguous-eager-1.json"]
    assert "cpu-fp32-contiguous-eager-1.json" in printed.err
    report = json.loads(printed.out)
    assert report["facts"]["nets_fitted"] >= 4
    assert {row["class"] for row in report["tables"]["rates"]} >= {"3×3 convolutions", "1×1 convolutions"}
    assert "no calibration net has MatMul" in {row["reason"] for row in report["tables"]["outside"]}
    assert call("profile", "show", "--threads", "1", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["tables"] == report["tables"], "what was printed, read again"
    assert call("profile", "list", "--format", "json") == 0
    (row,) = [row for row in json.loads(capsys.readouterr().out)["tables"]["profiles"] if row["name"] is None]
    assert (row["device"], row["threads"], row["nets"]) == ("cpu", 1, report["facts"]["nets_fitted"])


def test_a_profile_and_its_record_go_where_they_are_told(
    planted: PlantedMachine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile, record = str(tmp_path / "laptop.json"), str(tmp_path / "run.json")
    assert call(*QUICK, "-o", profile, "--record", record) == 0
    printed = capsys.readouterr()
    assert "3×3 convolutions" in printed.out, "the report still goes to stdout"
    assert stored(tmp_path) == []
    assert call("profile", "show", profile) == 0
    assert capsys.readouterr().out == printed.out
    assert call("show", record) == 0
    again = str(tmp_path / "again.json")
    assert call("calibrate", "--from", record, "-o", again) == 0
    assert Path(again).read_text(encoding="utf-8") == Path(profile).read_text(encoding="utf-8")


def test_a_compiled_calibration_is_kept_apart_from_an_eager_one(
    planted: PlantedMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("resnet_inspect.benchmark.run.refuse_without_compiler", lambda device: None)
    assert call(*QUICK) == call(*QUICK, "--mode", "compile") == 0
    assert stored(tmp_path) == ["cpu-fp32-contiguous-compile-1.json", "cpu-fp32-contiguous-eager-1.json"]
    times = []
    for mode in "eager", "compile":
        row, _ = predicted("--mode", mode, capsys=capsys)
        times.append(row["ms"])
    assert times[1] < times[0], "passes move less than calls"


@pytest.mark.parametrize("file", [("-o", "profile.txt"), ("-o", "nowhere/profile.json"), ("--record", "run.csv")])
def test_where_nothing_can_be_saved_nothing_is_measured(
    planted: PlantedMachine, file: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*QUICK, *file) == 2
    assert not planted.measured


def test_an_interrupted_calibration_leaves_no_profile(
    planted: PlantedMachine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted.interrupts = CALIBRATION[3].net
    record = tmp_path / "run.json"
    assert call(*QUICK, "--record", str(record)) == 4
    printed = capsys.readouterr().out
    assert "no profile: it was ended after" in printed
    assert "resnet18" in printed, "what is known so far"
    assert stored(tmp_path) == []
    assert json.loads(record.read_text(encoding="utf-8"))["arms"], "the Record keeps what was measured"


def test_too_few_nets_are_no_profile(
    planted: PlantedMachine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted.fails = frozenset(workload.net for workload in CALIBRATION[2:])
    assert call(*QUICK) == 4
    assert "no profile: 3 nets could be measured, it takes 4" in capsys.readouterr().out
    assert stored(tmp_path) == []


def test_a_net_that_crashed_is_named(planted: PlantedMachine, capsys: pytest.CaptureFixture[str]) -> None:
    planted.fails = frozenset({CALIBRATION[0].net})
    assert call(*QUICK) == 0
    assert f"left-out {CALIBRATION[0].net}" in " ".join(capsys.readouterr().out.split())


def foreign_machine(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "machine_titles", lambda device: ("Some Other CPU",))


def foreign_torch(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "version", lambda package: "2.99")


def truncate(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(path.read_text(encoding="utf-8")[:-200], encoding="utf-8")


def edit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    document["coefficients"]["conv3x3"] *= 0.5
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (foreign_machine, "not of Some Other CPU"),
        (foreign_torch, "not of torch 2.99"),
        (truncate, "no whole JSON"),
        (edit, "was it edited?"),
    ],
    ids=["machine", "torch", "truncated", "edited"],
)
def test_a_profile_that_cannot_stand_is_refused_in_words(
    planted: PlantedMachine, spoil: object, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert call(*QUICK) == 0
    assert callable(spoil)
    spoil(tmp_path / "data/resnet-inspect/profiles/cpu-fp32-contiguous-eager-1.json", monkeypatch)
    capsys.readouterr()
    assert call("profile", "show") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert words in said


def test_a_profile_of_other_threads_is_not_taken(planted: PlantedMachine, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*QUICK) == 0
    capsys.readouterr()
    assert call("profile", "show", "--threads", "7") == 2
    said = capsys.readouterr().err
    assert "no profile of cpu --threads 7" in said
    assert "resnet-inspect calibrate --device cpu --threads 7" in said


NETS = [variant.name for variant in variants() if variant.spec.input_size >= 64]
TABLE = "model,infer_samples_per_sec,infer_batch_size,infer_img_size\n"


@pytest.mark.parametrize("example", [*calibrate.EXAMPLES, *profile.EXAMPLES, *predict.EXAMPLES])
def test_an_example_of_a_help_runs(
    planted: PlantedMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, example: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*QUICK) == 0
    for name in "laptop.json", "rtx4090.json":
        shutil.copy(tmp_path / "data/resnet-inspect/profiles/cpu-fp32-contiguous-eager-1.json", name)
    nets = [f"{name},{1000 / i:.1f},256,224\n" for i, name in enumerate(NETS, 1)]
    Path("results.csv").write_text(TABLE + "".join(nets), encoding="utf-8")
    assert call(*shlex.split(example)[1:]) == 0


def predicted(*options: str, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, float], list[dict[str, str]]]:
    """The row of resnet34, and the findings."""
    capsys.readouterr()
    assert call("predict", "resnet34", "--device", "cpu", "--format", "json", *options) == 0
    report = json.loads(capsys.readouterr().out)
    (row,) = report["tables"]["predictions"]
    return row, report["findings"]


@pytest.mark.parametrize(("pace", "words"), [(1.3, "takes 1.30× its time"), (0.8, "takes 0.800× its time"), (1.05, "")])
def test_pace_rescales_widens_and_past_a_tenth_says_so(
    planted: PlantedMachine, capsys: pytest.CaptureFixture[str], pace: float, words: str
) -> None:
    assert call(*QUICK) == 0
    then, _ = predicted(capsys=capsys)
    planted.slower = (pace,)
    now, findings = predicted("--pace", capsys=capsys)
    assert now["ms"] == pytest.approx(pace * then["ms"])
    assert now["low_ms"] == pytest.approx(min(1, pace) * then["low_ms"])
    assert now["high_ms"] == pytest.approx(max(1, pace) * then["high_ms"])
    assert [finding["code"] for finding in findings] == (["pace"] if words else [])
    assert words in str(findings)
    assert predicted(capsys=capsys)[0] == then, "without --pace nothing is timed"


def test_pace_needs_a_calibration_of_this_machine(
    planted: PlantedMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "profile.json")
    assert call(*QUICK, "-o", path) == 0
    planted.measured = []
    assert call("predict", "--device", "t4", "--pace") == 2
    foreign_machine(tmp_path, monkeypatch)
    assert call("predict", "--profile", path, "--pace") == 2
    assert "not of Some Other CPU" in capsys.readouterr().err
    assert not planted.measured


def test_a_pace_that_is_interrupted_predicts_nothing(
    planted: PlantedMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*QUICK) == 0
    planted.interrupts = "resnet18"
    capsys.readouterr()
    assert call("predict", "--device", "cpu", "--pace") == INTERRUPTED
    assert not capsys.readouterr().out


def run_of(*threads: int, path: Path) -> str:
    """The file of a Record with so many threads."""
    way = measure.Way(device="cpu", threads=threads)
    ignored = lambda *_: None  # noqa: E731  # three callbacks
    record = measure.measure(way, True, 0, (), ignored, ignored, ignored)
    path.write_text(record_json.to_json(record), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("spoil", [foreign_machine, foreign_torch])
def test_a_record_of_another_machine_replaces_no_profile_of_this_one(
    planted: PlantedMachine, spoil: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    run, kept = run_of(1, path=tmp_path / "run.json"), str(tmp_path / "theirs.json")
    assert call("calibrate", "--from", run) == 0
    (own,) = (tmp_path / "data/resnet-inspect/profiles").iterdir()
    written = own.stat().st_mtime_ns
    assert callable(spoil)
    spoil(own, monkeypatch)
    assert call("calibrate", "--from", run) == 2
    assert "-o FILE.json keeps it elsewhere" in capsys.readouterr().err
    assert own.stat().st_mtime_ns == written
    assert call("calibrate", "--from", run, "-o", kept) == 0


def test_of_a_record_of_several_ways_one_is_picked(
    planted: PlantedMachine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(1, 2, path=tmp_path / "run.json")
    assert call("calibrate", "--from", run) == 2
    assert "fp32 contiguous eager 1 thread, fp32 contiguous eager 2 threads" in capsys.readouterr().err
    for options in (("--threads", "3"), ("--threads", "1", "--mode", "compile"), ("--layout", "channels_last")):
        assert call("calibrate", "--from", run, *options) == 2
        assert "no such profile" in capsys.readouterr().err
    assert stored(tmp_path) == []
    assert call("calibrate", "--from", run, "--threads", "2", "--mode", "eager") == 0
    assert stored(tmp_path) == ["cpu-fp32-contiguous-eager-2.json"]


@pytest.mark.parametrize("option", [("--device-like", "t4"), ("--test", "4"), ("--nets", "6")])
def test_what_a_table_alone_takes_is_refused_for_a_record(
    planted: PlantedMachine, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, str]
) -> None:
    assert call("calibrate", "--from", run_of(1, path=tmp_path / "run.json"), *option) == 2
    assert "is a Record, not a table" in capsys.readouterr().err
    assert stored(tmp_path) == []


def test_in_a_data_folder_that_takes_no_file_nothing_is_measured(
    planted: PlantedMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data/resnet-inspect/profiles").mkdir(parents=True)

    def refuse(path: str) -> None:
        raise PermissionError(EACCES, "Permission denied", path)

    monkeypatch.setattr("resnet_inspect.cli.output.unfinished", refuse)
    assert call(*QUICK) == 2
    said = capsys.readouterr().err
    assert "Permission denied" in said
    assert "give -o FILE.json" in said
    assert not planted.measured
