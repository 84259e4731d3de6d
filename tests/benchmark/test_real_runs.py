"""Real workers on a net of a millisecond: what comes back, and the commands over the Record."""

import json
import os
import signal
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import jsonschema
import pytest
import torch
from conftest import Run

import resnet_inspect as api
from resnet_inspect.benchmark import run as benchmark
from resnet_inspect.benchmark.messages import ROUND, Job, Request
from resnet_inspect.benchmark.process import ProcessWorker
from resnet_inspect.benchmark.record import Cost, Record
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.benchmark.request import measured_graph
from resnet_inspect.errors import RequestError

SETTINGS = ("depths=1,1", "widths=8,16", "stem=3:2:8", "num_classes=10")
TINY = [part for setting in SETTINGS for part in ("--set", setting)] + ["--input", "1,3,32,32"]
FAST = ["--device", "cpu", "--quick", "--max-time", "0.2", "--threads", "1"]


def bench(**changes: Any) -> Record:
    options: dict[str, Any] = {
        "device": "cpu",
        "batch_size": (1, 2),
        "input": (1, 3, 32, 32),
        "settings": SETTINGS,
        "threads": 1,
        "quick": True,
        "max_time_s": 0.2,
    }
    return api.bench(**({"models": "resnet50"} | options | changes))


def test_a_training_step_and_an_inference_come_back_whole_and_are_saved_as_they_end() -> None:
    saved: list[Record] = []
    told: list[str] = []
    record = bench(
        batch_size=2, task=("infer", "train"), save=saved.append, tell=told.append, argv=("bench", "--quick")
    )
    assert [len(growing.results) for growing in saved] == [1, 2]
    assert saved[-1] == record
    assert [result.case.task for result in record.results] == ["infer", "train"], "in the order they were asked for"
    for result in record.results:
        assert (result.status, result.valid, result.stopped) == ("ok", True, "quick"), result.checks
        latency, throughput = result.metrics.latency, result.metrics.throughput
        assert latency is not None
        assert throughput is not None
        assert (len(latency.rounds), len(throughput.rounds)) == (2, 2)
        assert result.memory.predicted is not None
        assert result.memory.predicted.peak_bytes > 0
        assert result.memory.measured is not None
        assert (result.memory.measured.requested_bytes or 0) > 0
        assert result.spec["depths"] == [1, 1]
    phases = record.results[1].phases
    assert phases is not None
    assert phases.forward_ms + phases.backward_ms + phases.optimizer_ms == pytest.approx(phases.step_ms)
    assert any("round 2" in line for line in told)
    schema = json.loads((files("resnet_inspect.benchmark") / "bench.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(to_json(record)))
    assert to_json(from_json(to_json(record))) == to_json(record)


NET = """
from torch import nn
from torch.nn import functional as F
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 10)
    def forward(self, x):
        return self.fc(F.adaptive_avg_pool2d(F.relu(self.norm(self.conv(x))), 1).flatten(1))
plain = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""


def test_code_is_measured_as_it_is(tmp_path: Path, run: Run) -> None:
    (tmp_path / "net.py").write_text(NET)
    source = f"{tmp_path}/net.py:Net"
    record = bench(models=(source, f"{tmp_path}/net.py:plain"), settings=(), task="train", per="stage", batch_size=2)
    assert [(result.status, result.valid, result.spec) for result in record.results] == [("ok", True, {})] * 2
    for result in record.results:
        assert result.memory.measured is not None
        assert result.memory.predicted is not None
        assert result.memory.measured.requested_bytes == pytest.approx(result.memory.predicted.peak_bytes, abs=64)
    own, plain = record.results
    assert (own.case.model, own.cost) == (source, Cost(330, 2 * (8 * 27 * 30 * 30 + 80)))
    assert "relu is a function" in own.unknown["stages"]
    assert plain.stages is not None
    assert [row.name for row in plain.stages.rows][:2] == ["0", "1"]
    assert measured_graph(own).name == source
    with pytest.raises(RequestError, match="--folded needs a spec"):
        bench(models=source, settings=(), folded=True)
    in_memory = torch.nn.Conv2d(3, 4, 1)
    (result,) = bench(models=in_memory, settings=(), batch_size=2).results
    assert (result.case.model, result.status, result.valid, result.spec) == ("Conv2d", "ok", True, {})
    assert result.cost == Cost(16, 2 * 12 * 32 * 32)
    with pytest.raises(RequestError, match="--folded needs a spec"):
        bench(models=in_memory, settings=(), folded=True)


FALSE = """
import time
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc, self.calls, self.kept = nn.Conv2d(3, 64, 7, 2, 3), nn.Linear(64, 1000), 0, None
    def forward(self, x):
        y = self.fc(self.conv(x).mean((2, 3)))
        self.calls += x.device.type != "meta"
        return y
class Cached(Net):
    def forward(self, x):
        if self.kept is None or x.device.type == "meta" or self.calls < 3:
            y = super().forward(x)
            self.kept = None if x.device.type == "meta" else y
            return y
        return self.kept
class Broken(Net):
    def forward(self, x):
        y = super().forward(x)
        return y / 0 if self.calls > 1 else y
class Sleeping(Net):
    def forward(self, x):
        time.sleep(0.02 * (x.device.type != "meta"))
        return super().forward(x)
class Stalling(Net):
    def forward(self, x):
        time.sleep(0.3 * (x.device.type != "meta" and self.calls % 25 == 24))
        return super().forward(x)
"""


def test_a_net_that_does_not_do_its_work_or_waits_fools_nobody(tmp_path: Path) -> None:
    (tmp_path / "false.py").write_text(FALSE)
    names = ("Cached", "Broken", "Sleeping", "Stalling")
    models = tuple(f"{tmp_path}/false.py:{name}" for name in names)
    record = bench(models=models, settings=(), batch_size=8, input=(8, 3, 112, 112), max_time_s=0.5)
    cached, _, sleeping, stalling = record.results
    failed = [[check.id for check in result.checks if not check.ok] for result in record.results]
    assert failed == [["latency-above-arithmetic", "memory-above-least"], ["outputs-finite"], [], []]
    assert [result.valid for result in record.results] == [False, False, True, True]
    assert not cached.has("waits")
    assert sleeping.has("waits")
    assert stalling.has("tail")


A = TypeVar("A")


class Killed(ProcessWorker):
    """A worker whose batch of 2 is killed by another program as its first round begins."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.doomed = job.case.batch_size == 2

    def ask(self, request: Request[A]) -> A:
        if self.doomed and request == ROUND:
            of_guard = ["pgrep", "-P", str(self.process.pid)]
            os.kill(int(subprocess.check_output(of_guard)), signal.SIGKILL)
        return super().ask(request)


@pytest.mark.usefixtures("scripted_workers")
def test_a_worker_that_is_killed_is_crashed_and_the_others_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "ProcessWorker", Killed)
    one, two = bench().results
    assert (one.status, one.case.batch_size) == ("ok", 1)
    assert (two.status, two.case.batch_size) == ("crashed", 2)
    assert two.findings[0].values == {"detail": "killed by signal 9"}
    assert two.memory.predicted is not None
    assert two.memory.measured is None


def test_bench_saves_a_record_that_show_and_verdict_read(run: Run, tmp_path: Path) -> None:
    done = run("bench", "resnet50", *TINY, "--batch-size", "1,2", *FAST, "-o", "run.json", scripted=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "wrote run.json\n", "nobody watches, so nothing else is told"
    assert "2 results, grade" in done.stdout
    record = api.read_record(tmp_path / "run.json")
    assert [result.case.batch_size for result in record.results] == [1, 2]
    assert record.argv[:2] == ("bench", "resnet50")

    shown = run("show", "run.json", "--format", "md")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("#")
    assert "first look" in shown.stdout
    assert "| latency" in shown.stdout

    refused = run("verdict", "run.json", "run.json")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0].startswith("error: ")
    assert "quick" in refused.stderr
    assert "hint:  " in refused.stderr

    (tmp_path / "cut.json").write_text((tmp_path / "run.json").read_text(encoding="utf-8")[:-100], encoding="utf-8")
    cut = run("show", "cut.json")
    assert (cut.returncode, cut.stdout) == (2, "")
    assert cut.stderr.startswith("error: cut.json is no whole JSON")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there_is_refused_before_any_work(run: Run, tmp_path: Path) -> None:
    done = run("bench", *TINY, "--device", "cuda", "-o", "run.json")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == ("error: this machine has no CUDA device that torch can use\nhint:  use --device cpu\n")
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mode", "graph", "--device", "cpu"], "--mode graph needs a CUDA device"),
        (["--device", "cpu", "-o", "run.txt"], "-o run.txt: a Record is JSON"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--device", "cpu", "--batch-size", "0"], "at least one image"),
        (["--device", "cpu", "--batch-size", "x"], "'x' is not a list of whole numbers"),
        (["--device", "cpu", "--precision", "fp8"], "'fp8' is not one of"),
    ],
)
def test_a_request_that_cannot_be_is_refused_before_any_work(
    arguments: list[str], said: str, run: Run, tmp_path: Path
) -> None:
    done = run("bench", *TINY, *arguments, scripted=True)
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert said in error
    assert hint.startswith("hint:  ")
    assert list(tmp_path.iterdir()) == []


def test_show_and_verdict_refuse_what_is_no_record(run: Run) -> None:
    assert run("show", "nothing.json").returncode == 2
