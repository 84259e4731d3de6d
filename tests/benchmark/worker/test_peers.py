"""Processes that train together under a real worker: measured whole, and gone with it."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import resnet_inspect as ri
from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import PREPARE, WARM_UP, Job, WorkerLost
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.process import ProcessWorker
from resnet_inspect.benchmark.request import Request, cases_of
from resnet_inspect.cli import main
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.records.bench import bench as report_on

SETTINGS = ("depths=1,1", "widths=8,16", "stem=3:2:8", "num_classes=10")
WITHIN_S = 10.0
pytestmark = pytest.mark.xdist_group("processes")


def test_one_process_and_two_are_measured_in_one_record() -> None:
    record = ri.bench(
        "resnet18", "cpu", 2, (1, 3, 32, 32), SETTINGS, task="train", processes=(1, 2), quick=True, max_time_s=0.2,
        threads=1,
    )  # fmt: skip
    one, two = record.results
    assert [(each.status, each.case.processes) for each in record.results] == [("ok", 1), ("ok", 2)], two.findings
    assert one.scaling is None
    assert two.scaling is not None
    assert two.metrics.latency is not None
    lengths = [len(samples) for samples in two.metrics.latency.rounds]
    assert lengths == [len(samples) for samples in two.scaling.unsynced_ms]
    assert lengths == [len(samples) for samples in two.scaling.skew_ms]
    assert two.scaling.exchange_bytes == 4 * two.cost.params
    assert two.memory.measured is not None
    assert (two.memory.measured.requested_bytes or 0) > 4 * two.cost.params
    (table,) = (table for table in report_on(record).tables if table.key == "scaling")
    assert len(table.rows) == 2


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


def soon(holds: Callable[[], object]) -> bool:
    end = time.monotonic() + WITHIN_S
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(holds())


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("killed", ["peer", "worker"])
def test_no_process_outlives_another(killed: str) -> None:
    case = Case("resnet18", "cpu", 2, (2, 3, 32, 32), "train", "fp32", "contiguous", "eager", 1, processes=2)
    source = sources.find("resnet18", SETTINGS)
    worker = ProcessWorker(Job(case, plan_for("cpu", quick=True), source.job), timeout_s=300)
    try:
        worker.ask(PREPARE)
        (leader,) = children(worker.process.pid)
        (peer,) = children(leader)
        os.kill(peer if killed == "peer" else leader, signal.SIGKILL)
        with pytest.raises(WorkerLost) as lost:
            worker.ask(WARM_UP)
        said = "process 1 of 2 was killed by signal 9" if killed == "peer" else "killed by signal 9"
        assert said in lost.value.detail
        assert soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (leader, peer)))
    finally:
        worker.close()


FAILING = """
import sys
from torch import nn

class Net(nn.Linear):
    def __init__(self):
        super().__init__(8, 2)

    def forward(self, x):
        if self.weight.device.type != "meta" and "resnet_inspect.benchmark.worker.peer" in sys.orig_argv:
            raise {error}
        return super().forward(x.mean(1).flatten(1)[:, :8])
"""


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ('RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")', "oom", "Tried to allocate 2 GiB"),
        ('ValueError("no luck")', "crashed", "ValueError: no luck"),
    ],
)
def test_what_ends_a_peer_is_what_ends_the_case(tmp_path: Path, error: str, status: str, said: str) -> None:
    (tmp_path / "net.py").write_text(FAILING.format(error=error), encoding="utf-8")
    record = ri.bench(
        f"{tmp_path}/net.py:Net", "cpu", 2, (1, 3, 8, 8), task="train", processes=2, quick=True, max_time_s=0.2,
        threads=1,
    )  # fmt: skip
    (result,) = record.results
    assert result.status == status, result.findings
    assert any(said in str(finding.values) for finding in result.findings)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tasks": ("infer",)}, "only training steps are measured in several processes"),
        ({"processes": (0,)}, "a number of processes is from 1 to 64"),
        ({"processes": (65,)}, "a number of processes is from 1 to 64"),
        ({"batch_sizes": ("max",)}, "--batch-size max is for one process"),
    ],
)
def test_a_case_that_several_processes_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    options = {"nets": (sources.find("resnet18"),), "tasks": ("train",), "processes": (1, 2)} | changes
    with pytest.raises(RequestError, match=said) as refused:
        cases_of(Request(**options), Probe("cpu", "fp32", {}, None), 8, lambda case: case)
    assert refused.value.hint


def test_processes_share_the_cores_and_one_has_as_many_threads() -> None:
    request = Request(nets=(sources.find("resnet18"),), tasks=("train",), processes=(1, 2, 4))
    cases = cases_of(request, Probe("cpu", "fp32", {}, None), 9, lambda case: case)
    assert [(case.processes, case.threads) for case in cases] == [(1, 2), (2, 2), (4, 2)]


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("--task train --processes 2 --per stage", 2, "are for one process"),
        ("--task train --gpus 2 --processes 2", 2, "--gpus says the device"),
        ("--task train --gpus 64", 3, "this machine has"),
    ],
)
def test_a_wrong_request_is_one_line_and_a_remedy(line: str, code: int, said: str) -> None:
    done = CliRunner().invoke(
        main, ["bench", "resnet18", *(["--device", "cpu"] * ("--gpus" not in line)), *line.split()]
    )
    error, hint = done.stderr.splitlines()
    assert done.exit_code == code
    assert error.startswith("error: ")
    assert said in error
    assert hint.startswith("hint:  ")
