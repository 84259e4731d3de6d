"""validation/gpu.sh with an interpreter that only notes what it is asked; and the predictions as they are committed."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import HERE

from resnet_inspect.benchmark.record import Check, metric
from resnet_inspect.benchmark.record_json import from_json, to_json

ROOT = HERE.parent
PREDICTIONS = ROOT / "validation" / "gpu_predictions.py"
# It writes the Record that bench is asked for. A test may name an argument with which it fails.
FAKE = """#!/usr/bin/env bash
echo "$*" >>"$CALLS"
[[ $1 == - ]] && exit
for argument; do
    [[ $argument == "$FAILS" ]] && exit 1
    [[ $argument == *.partial.json ]] && echo '{}' >"$argument"
done
exit 0
"""


class Gpu:
    """The script in a folder of its own, and the calls that its interpreter got."""

    def __init__(self, folder: Path) -> None:
        self.calls, self.out, self.python = folder / "calls", folder / "out", folder / "python"
        self.python.write_text(FAKE, encoding="utf-8")
        self.python.chmod(0o755)

    def run(self, *arguments: str, fails: str = "nothing") -> subprocess.CompletedProcess[str]:
        self.calls.write_text("", encoding="utf-8")
        environment = os.environ | {"PYTHON": str(self.python), "CALLS": str(self.calls), "FAILS": fails}
        command = [ROOT / "validation" / "gpu.sh", "--out", self.out, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    def asked(self, word: str) -> list[str]:
        return [call for call in self.calls.read_text(encoding="utf-8").splitlines() if word in call]


@pytest.fixture
def gpu(tmp_path: Path) -> Gpu:
    return Gpu(tmp_path)


def test_every_part_runs_once_and_is_passed_over_the_next_time(gpu: Gpu) -> None:
    done = gpu.run()
    assert done.returncode == 0, done.stdout + done.stderr
    benches = gpu.asked("resnet_inspect bench")
    assert len(benches) == 13
    assert all("--device cuda --max-time 5" in call for call in benches)
    assert len(gpu.asked("pytest -n0")) == 2
    parts = [line.split()[0] for line in gpu.run("--list").stdout.splitlines()]
    assert {path.stem for path in gpu.out.glob("*.done")} == set(parts) - {"summary"}
    again = gpu.run()
    assert again.stdout.count("done before") == len(parts) - 1
    assert gpu.asked("resnet_inspect bench") == []
    assert len(gpu.asked("resnet_inspect show")) == len(benches)


def test_a_part_that_fails_stops_no_other_and_runs_again_without_its_whole_records(gpu: Gpu) -> None:
    done = gpu.run("repeat", "layers", fails=str(gpu.out / "repeat-2.partial.json"))
    assert (done.returncode, done.stderr) == (1, f"error: failed: repeat (logs in {gpu.out})\n")
    assert sorted(path.name for path in gpu.out.glob("*.done")) == ["layers.done"]
    assert gpu.run("repeat", "layers").returncode == 0
    (bench,) = gpu.asked("resnet_inspect bench")
    assert "repeat-2" in bench


def test_without_cuda_its_parts_are_passed_over(gpu: Gpu) -> None:
    done = gpu.run("--device", "cpu", "--quick")
    assert done.returncode == 0
    assert done.stdout.count("needs CUDA, passed over") == 5
    assert not any("graph" in call or "tf32" in call for call in gpu.asked("resnet_inspect bench"))
    assert all("--input 1,3,32,32 --quick" in call for call in gpu.asked("resnet_inspect bench"))


@pytest.mark.parametrize(
    ("arguments", "error"), [(["--fast"], "unknown option --fast"), (["eagr"], "unknown part eagr")]
)
def test_a_wrong_request_runs_nothing(gpu: Gpu, arguments: list[str], error: str) -> None:
    done = gpu.run(*arguments)
    assert done.returncode == 2
    assert error in done.stderr
    assert gpu.asked("") == []


def predictions(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, PREDICTIONS, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


def test_the_predictions_are_what_the_package_computes() -> None:
    assert predictions().stdout == PREDICTIONS.with_suffix(".md").read_text(encoding="utf-8")


def test_records_are_held_against_the_predictions(tmp_path: Path, record_json: str) -> None:
    record = from_json(record_json)
    (result,) = record.results
    case = replace(
        result.case, model="resnet50", device="cuda:0", batch_size=256, input=(256, 3, 224, 224), precision="bf16"
    )
    measured = result.memory.measured
    assert measured
    result = replace(
        result,
        case=case,
        metrics=replace(result.metrics, latency=metric([(10.0, 10.0)] * 5, record.plan.seed)),
        memory=replace(result.memory, measured=replace(measured, requested_bytes=1_500_000_000)),
        checks=(Check("outputs-finite", False, None, None),),
    )
    (tmp_path / "eager.json").write_text(to_json(replace(record, results=(result,))), encoding="utf-8")
    done = predictions(tmp_path)
    assert done.returncode == 1, done.stderr
    label = "resnet50 256×3×224×224 infer bf16 eager"
    for row in (
        f"| {label} | 10.0000 | 4.3266 | 43.3% | 25.0% to 45.0% | inside |",
        f"| {label} | 1500000000 | 1464176888 | -2.39% | OUTSIDE |",
        f"| eager | {label} | outputs-finite | – | – |",
    ):
        assert row in done.stdout
