"""The command line as a user meets it: a process, its two streams and its exit code."""

import json
import os
import re
import shlex
import stat
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import HERE, Run
from pages import commands

import resnet_inspect as ri
from resnet_inspect import cli
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.cli import main
from resnet_inspect.counting import run as running

EXAMPLES = {"": cli.EXAMPLES} | {
    name: import_module(f"{cli.__name__}.{name.replace('-', '_')}").EXAMPLES for name in cli.COMMANDS
}


def test_the_summary_shows_the_paper_and_the_exact_totals(run: Run) -> None:
    done = run("summary", "resnet50")
    assert done.returncode == 0
    assert done.stderr == ""
    for text in ("25,557,032 (25.6 M)", "4,089,184,256 (4.09 G)", "conv2_x", "bottleneck ×3, first one projects"):
        assert text in done.stdout
    assert '4.09 GMACs = 8.18 GFLOPs; the ResNet paper\'s "4 GFLOPs" are MACs' in done.stdout


@pytest.mark.parametrize("columns", [80, 160])
@pytest.mark.parametrize(
    "name",
    [
        "summary",
        "flops",
        "flops --as ptflops",
        "memory",
        "list 'resnet-d'",
        "compare resnet50 resnet50d resnet50_v1",
        "diff resnet50 resnet50d",
        "reconcile",
        "roofline",
        "lint tutorial_resnet18_cifar10",
        "explain resnet18",
        "explain resnet18 --lang zh",
        "explain RI003",
    ],
)
def test_a_command_prints_what_it_printed(run: Run, name: str, columns: int) -> None:
    arguments = name.replace("'", "").split()
    golden = HERE / "golden" / f"{'-'.join(arguments).replace('---', '-')}-{columns}.txt"
    assert run(*arguments, columns=columns).stdout == golden.read_text(encoding="utf-8")


def test_flops_without_a_model_means_resnet50(run: Run) -> None:
    done = run("flops", "--input", "1,3,224,224", "--format", "json")
    document = json.loads(done.stdout)
    assert (document["model"], document["facts"]["flops"]) == ("resnet50", 8_178_368_512)
    for table in ("stages", "ops"):
        assert sum(row["flops"] for row in document["tables"][table]) == 8_178_368_512


def test_the_json_of_a_summary_has_the_promised_keys(run: Run) -> None:
    document = json.loads(run("summary", "--depth", "stage", "--format", "json").stdout)
    assert document["kind"] == "summary"
    facts = ("params", "buffers", "macs", "flops", "activations", "weight_bytes", "input")
    assert {key: document["facts"][key] for key in facts} == {
        "params": 25_557_032,
        "buffers": 53_173,
        "macs": 4_089_184_256,
        "flops": 8_178_368_512,
        "activations": 11_114_984,
        "weight_bytes": 102_228_128,
        "input": [1, 3, 224, 224],
    }
    stages = document["tables"]["stages"]
    assert [row["stage"] for row in stages] == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert [row["blocks"] for row in stages] == [0, 3, 4, 6, 3, 0]
    assert stages[3]["output"] == [1, 1024, 14, 14]
    layers = json.loads(run("summary", "--depth", "layer", "--format", "json").stdout)["tables"]["layers"]
    assert {"name", "op", "stage", "output", "params", "macs"} <= set(layers[0])
    assert (layers[0]["name"], layers[0]["op"], layers[0]["macs"]) == ("conv1", "Conv2d", 118_013_952)


@pytest.mark.parametrize(
    "arguments",
    [
        "compare resnet18 resnet34 --device t4 --precision FP16",
        "diff resnet18 resnet34 --precision BF16",
        "roofline resnet18 --device A100 --precision Fp16 --depth Block",
        "memory resnet18 --precision FP16 --task Train --optimizer Adam",
        "lint resnet18 --precision BF16",
        "list resnet18 --device t4 --precision FP16 --sort Floor",
        "summary resnet18 --format JSON",
    ],
)
def test_a_choice_may_be_typed_in_capitals(arguments: str) -> None:
    answers = [CliRunner().invoke(main, typed.split()) for typed in (arguments, arguments.lower())]
    assert answers[0].exit_code == 0, answers[0].output
    assert answers[0].output == answers[1].output


def test_list_keeps_to_the_budgets_and_sorts(run: Run) -> None:
    done = run("list", "--max-params", "26M", "--max-macs", "4.2G", "--sort", "macs", "--format", "json")
    rows = json.loads(done.stdout)["tables"]["variants"]
    assert all(row["params"] <= 26e6 and row["macs"] <= 4.2e9 for row in rows)
    assert [row["macs"] for row in rows] == sorted(row["macs"] for row in rows)
    assert "resnet50" in {row["name"] for row in rows}
    assert "resnext50_32x4d" not in {row["name"] for row in rows}, "4.23 G is over the budget"
    names = [row["name"] for row in json.loads(run("list", "wide*", "--format", "json").stdout)["tables"]["variants"]]
    assert names == ["wide_resnet50_2", "wide_resnet101_2"]


def test_a_spec_goes_out_and_comes_back(run: Run, tmp_path: Path) -> None:
    settings = ("--set", "depths=3,4,23,3", "--set", "groups=32", "--set", "stem=3:2:32,3:1:64")
    assert run("export-spec", "resnet50", *settings, "-o", "mine.toml").returncode == 0
    direct = json.loads(run("summary", "resnet50", *settings, "--format", "json").stdout)
    again = json.loads(run("summary", "mine.toml", "--format", "json").stdout)
    assert again["model"] == "mine"
    assert again["facts"] == direct["facts"]
    assert again["tables"] == direct["tables"]


def test_compare_gives_ratios_to_the_first(run: Run) -> None:
    rows = json.loads(run("compare", "resnet50", "wide_resnet50_2", "--format", "json").stdout)["tables"]["models"]
    assert rows[0]["params_ratio"] == 1
    assert rows[1]["macs_ratio"] == pytest.approx(11_398_021_120 / 4_089_184_256, abs=1e-6)


def test_check_runs_the_tools_and_agrees(run: Run) -> None:
    done = run("check", "resnet18", "--format", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["tables"]["checks"]
    assert all({"quantity", "ours", "reference", "source", "ok"} == set(row) for row in rows)
    assert {row["ok"] for row in rows} == {True, "known difference"}


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_ends_with_real_examples(run: Run, command: str) -> None:
    done = run(*filter(None, [command]), "--help")
    assert done.returncode == 0
    examples = done.stdout.partition("Examples:\n")[2].splitlines()
    assert 2 <= len(examples) <= 3
    assert [line.removeprefix("    ") for line in examples] == list(EXAMPLES[command])
    assert run(*filter(None, [command]), "-h").stdout == done.stdout


# What the pages show, test_docs plays; a test below measures this machine, test_calibrate plays a planted one,
# and test_train trains before it tests.
PLAYED = {*commands(), "resnet-inspect roofline --record run.json --machine"}
PLAYED |= {
    example for command in ("calibrate", "profile", "predict", "train", "accuracy") for example in EXAMPLES[command]
}


@pytest.mark.usefixtures("scripted_workers")
@pytest.mark.parametrize("example", sorted({*chain(*EXAMPLES.values())} - PLAYED))
def test_an_example_of_a_help_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_json: str, example: str
) -> None:
    """Only torch's counter is run, and workers load no torch: test_counters and test_real_runs do that."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "PACKAGES", {"torch": running.PACKAGES["torch"]})
    record = from_json(record_json)
    if "plot scaling" in example:
        (result,) = record.results
        larger = replace(result, case=replace(result.case, batch_size=2, input=(2, 3, 32, 32)))
        record = replace(record, planned=2, results=(result, larger))
    for name in ("old.json", "new.json", "run.json"):
        (tmp_path / name).write_text(to_json(record), encoding="utf-8")
    (tmp_path / "mine.toml").write_text(ri.export_spec("resnet50d"), encoding="utf-8")
    done = CliRunner().invoke(main, shlex.split(example)[1:])
    assert done.exit_code == 0, done.output


def test_the_backbones_that_fit_five_milliseconds_are_listed_fastest_first(run: Run) -> None:
    asked = ("--device", "a100", "--batch-size", "32", "--sort", "floor", "--max-floor-ms", "5", "--format", "json")
    rows = json.loads(run("list", *asked).stdout)["tables"]["variants"]
    floors = [row["floor_ms"] for row in rows]
    assert floors == sorted(floors)
    assert floors[-1] <= 5
    everything = json.loads(run("list", "--device", "a100", "--batch-size", "32", "--format", "json").stdout)
    assert len(rows) == sum(row["floor_ms"] <= 5 for row in everything["tables"]["variants"]) > 10
    one = next(row for row in rows if row["name"] == "resnet50")
    alone = json.loads(run("roofline", "resnet50", "--device", "a100", "--batch-size", "32", "--format", "json").stdout)
    assert (one["floor_ms"], one["images_per_s_floor"]) == pytest.approx(
        (alone["facts"]["floor_ms"], alone["facts"]["images_per_s_floor"])
    )


@pytest.mark.parametrize(
    "asked", [("--device", "t4"), ("--device", "t4", "--sort", "floor"), ("--sort", "macs"), ("--sort", "activations")]
)
@pytest.mark.parametrize("pattern", ["*", "resnet*", "*cifar*", "resnet10t", "resnetrs*"])
def test_what_depends_on_the_image_is_listed_at_one_size(asked: tuple[str, ...], pattern: str) -> None:
    options = dict(zip([option.removeprefix("--") for option in asked[::2]], asked[1::2], strict=True))
    answer, everything = ri.list(pattern, **options), ri.list(pattern)
    (shown, all_sizes) = ([row[2] for row in each.tables[0].rows] for each in (answer, everything))
    assert len(set(shown)) == 1
    assert all_sizes.count(shown[0]) == len(shown) == max(map(all_sizes.count, all_sizes))
    left_out = len(all_sizes) - len(shown)
    told = [int(count) for note in answer.notes if "left out" in note for count in re.findall(r"(\d+) of \d", note)]
    assert sum(told) == left_out, "each that is left out is counted"
    at_64 = ri.list(pattern, input="1,3,64,64", **options)
    refused = [
        note.count(",") for note in at_64.notes if "take no such input" in note
    ]  # a comma stands before each name
    assert len(at_64.tables[0].rows) + sum(refused) == len(all_sizes)


def test_any_size_ranks_nets_of_every_size_and_says_which(run: Run) -> None:
    everything = ri.list("resnet-t").tables[0].rows
    answer = ri.list("resnet-t", device="t4", sort="floor", any_size=True)
    assert len(answer.tables[0].rows) == len(everything) == 4
    assert any("the inputs differ" in note for note in answer.notes)
    shown = run("list", "resnet-t", "--device", "t4", "--any-size", columns=80).stdout
    assert "1×3×176×176" in shown
    assert "1×3×256×256" in shown


def test_a_librarys_nets_are_ranked_at_one_size_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pattern = "timm:resnet1[04]t"  # both for 176×176
    (first, *rest) = json.loads(ri.list(pattern, device="t4").to_json())["tables"]["nets"]
    assert {tuple(row["input"]) for row in (first, *rest)} == {(1, 3, 176, 176)}
    mixed = ri.list("timm:resnet[12][06]t", device="t4", sort="floor")
    assert len(mixed.tables[0].rows) == 1
    assert any("left out: 1 of" in note for note in mixed.notes)
    assert len(ri.list("timm:resnet[12][06]t", device="t4", sort="floor", any_size=True).tables[0].rows) == 2


@pytest.mark.parametrize("option", ["max_params", "max_macs", "max_floor_ms"])
@pytest.mark.parametrize("value", [-1, 0, float("nan"), True, [1], "x"])
def test_a_limit_that_is_no_number_above_0_is_refused(option: str, value: object) -> None:
    with pytest.raises(ri.InspectError):
        ri.list("resnet18", device="t4", **{option: value})


def test_a_bound_is_called_a_bound_and_the_eager_floor_stands_next_to_it(run: Run) -> None:
    lines = run("list", "resnet18", "--device", "t4", "--precision", "fp16", columns=120).stdout.splitlines()
    assert "floor  eager floor  images/s at most" in lines[1]
    (row,) = json.loads(ri.list("resnet18", device="t4").to_json())["tables"]["variants"]
    facts = json.loads(ri.roofline("resnet18", device="t4").to_json())["facts"]
    assert (row["floor_ms"], row["eager_floor_ms"]) == pytest.approx((facts["floor_ms"], facts["eager_floor_ms"]))
    assert row["floor_ms"] < row["eager_floor_ms"]


@pytest.mark.parametrize("columns", [80, 160])
def test_floors_fit_the_terminal(run: Run, columns: int) -> None:
    for asked in (("list",), ("compare", "resnet50", "resnext101_32x8d", "resnet18")):
        lines = run(*asked, "--device", "a100", "--batch-size", "256", columns=columns).stdout.splitlines()
        assert max(map(len, lines)) <= columns


def test_fewer_macs_are_not_a_lower_floor(run: Run) -> None:
    asked = ("compare", "resnet50", "legacy_seresnet50", "--device", "a100", "--batch-size", "32", "--format", "json")
    gated = json.loads(run(*asked).stdout)["tables"]["models"][1]
    assert gated["macs_ratio"] < 1 < gated["floor_ratio"]


def test_a_variant_that_cannot_take_the_input_is_left_out_by_name(run: Run) -> None:
    document = json.loads(run("list", "resnet[a5]*", "--input", "1,3,8,8", "--format", "json").stdout)
    assert document["notes"][-1].startswith("left out, as they take no such input: resnetaa")
    assert "resnetaa50" not in [row["name"] for row in document["tables"]["variants"]]


def test_the_roofline_has_the_promised_keys(run: Run) -> None:
    document = json.loads(run("roofline", "resnet50", "--device", "h200", "--format", "json").stdout)
    promised = {"stage", "flop", "bytes_fused", "bytes_eager", "intensity", "roof", "floor_ms", "images_per_s"}
    stages = document["tables"]["stages"]
    assert promised <= set(stages[0])
    assert [row["stage"] for row in stages] == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert sum(row["flop"] for row in stages) == document["facts"]["flop"] == 8_178_368_512
    assert {"device", "precision", "peak_flop_per_s", "bandwidth_bytes_per_s", "source", "floor_ms"} <= set(
        document["facts"]
    )


def test_a_measured_run_is_held_against_this_machine(run: Run, tmp_path: Path, laid_out_json: str) -> None:
    (tmp_path / "run.json").write_text(laid_out_json, encoding="utf-8")
    assert run("roofline", "--record", "run.json", "--device", "cpu").returncode == 0, "it has its own ceilings"
    bare = json.loads(laid_out_json)
    bare["arms"][0]["ceilings"] = None
    (tmp_path / "run.json").write_text(json.dumps(bare), encoding="utf-8")
    done = run("roofline", "--record", "run.json")
    assert done.returncode == 2
    assert "--machine --device cpu measures its ceilings" in done.stderr
    assert "bench --ceilings" in done.stderr
    done = run("roofline", "--record", "run.json", "--case", "1", "--batch-size", "7")
    assert (done.returncode, "not --batch-size 7" in done.stderr) == (2, True)
    done = run("roofline", "--record", "run.json", "--machine", "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["facts"]["measured_ms"] == pytest.approx(
        document["facts"]["floor_ms"] + document["facts"]["headroom_ms"]
    )


def test_commands_follow_each_other_in_one_process() -> None:
    for arguments in (["list", "wrn*"], ["flops"], ["--help"]):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output


def test_the_version_is_the_packages(run: Run) -> None:
    import resnet_inspect

    assert resnet_inspect.__version__ in run("--version").stdout


def test_a_file_is_written_whole_in_the_format_of_its_suffix(run: Run, tmp_path: Path) -> None:
    for suffix, start in (
        (".md", "Made by `resnet-inspect summary"),
        (".json", "{"),
        (".csv", "stage,"),
        (".txt", "resnet50,"),
    ):
        done = run("summary", "-o", f"out{suffix}")
        assert (done.stdout, done.stderr) == ("", f"wrote out{suffix}\n")
        assert (tmp_path / f"out{suffix}").read_text(encoding="utf-8").startswith(start)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "out.json", "out.md", "out.txt"]


def test_a_format_that_the_suffix_contradicts_is_told(run: Run, tmp_path: Path) -> None:
    done = run("summary", "--format", "json", "-o", "out.md")
    assert (done.returncode, done.stderr) == (0, "wrote out.md as json: its suffix says md\n")
    assert json.loads((tmp_path / "out.md").read_text(encoding="utf-8"))["model"] == "resnet50"
    assert run("summary", "--format", "json", "-o", "out").stderr == "wrote out\n"
    assert run("export-spec", "-o", "mine.toml").stderr == "wrote mine.toml\n"


def test_a_failed_write_leaves_the_old_file(run: Run, tmp_path: Path) -> None:
    old = tmp_path / "out.json"
    old.write_text("old", encoding="utf-8")
    assert run("summary", "resnt50", "-o", "out.json").returncode == 2
    assert old.read_text(encoding="utf-8") == "old"
    old.chmod(0o640)
    assert run("summary", "-o", "out.json").returncode == 0
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    link = tmp_path / "link.json"
    link.symlink_to(old)
    assert run("summary", "resnet18", "-o", "link.json").returncode == 0
    assert link.is_symlink()
    assert json.loads(old.read_text(encoding="utf-8"))["model"] == "resnet18"


def test_a_device_and_a_pipe_are_written_to_directly(run: Run, tmp_path: Path) -> None:
    assert run("summary", "-o", "/dev/null").returncode == 0
    assert run("summary", "-o", "-", "--format", "csv").stdout.startswith("stage,")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        assert run("summary", "-o", str(pipe), "--format", "json").stderr == ""
        assert json.loads(reader.communicate(timeout=60)[0])["model"] == "resnet50"


@pytest.mark.parametrize("redirect", ["| head -1", "| true", "> /dev/full"])
def test_a_reader_that_goes_away_is_no_traceback(redirect: str, tmp_path: Path) -> None:
    command = f"{sys.executable} -m resnet_inspect summary resnetrs420 --depth layer {redirect}"
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], env=environment, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    if "full" in redirect:
        assert done.returncode == 2
        assert done.stderr.startswith("error: cannot write to stdout: No space left")
    else:
        assert done.returncode == 0
        assert done.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_stream_of_another_encoding_is_no_traceback(encoding: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "resnet_inspect", "summary"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"25,557,032 (25.6 M)" in done.stdout
    assert done.stderr == b""


def test_a_closed_stdout_is_no_traceback() -> None:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    command = f"{sys.executable} -m resnet_inspect summary >&-"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write to stdout")


def test_a_grouped_training_step_shows_the_true_count_and_torchs_own(run: Run) -> None:
    document = json.loads(run("flops", "resnext50_32x4d", "--task", "train", "--format", "json").stdout)
    assert document["facts"]["flops"] == 25_146_851_328
    assert document["facts"]["flopcountermode_flops"] == 39_481_933_824
    assert "grouped convolution" in document["findings"][0]["message"]
