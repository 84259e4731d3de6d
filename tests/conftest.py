"""What several tests share: the reference tables, two Records, and the command line as a process."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import scripted_bench
from filelock import FileLock
from pages import LAID_OUT, play

HERE = Path(__file__).parent
Run = Callable[..., subprocess.CompletedProcess[str]]

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores. Threads that spin while they wait for each other make both workers several times slower.
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a shell's background jobs and nohup ignore some
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker for each CPU where the whole suite runs; none where tests are chosen or their output is shown."""
    option = config.option
    chosen = config.args_source is not pytest.Config.ArgsSource.TESTPATHS or option.keyword or option.markexpr
    if chosen or option.capture == "no" or option.collectonly:
        return 0
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests marked ``cuda`` where there is no GPU, and let them share it with no other worker."""
    for item in items:
        if item.get_closest_marker("cuda"):
            import torch

            item.add_marker(pytest.mark.xdist_group("cuda"))
            item.add_marker(pytest.mark.skipif(not torch.cuda.is_available(), reason="torch has no CUDA device here"))


@pytest.fixture(scope="session")
def measured_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[], str]], str]:
    """Call ``measure`` in one worker only, and give its text to all of them by a file that they share."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder

    def once(name: str, measure: Callable[[], str]) -> str:
        file = shared / name
        with FileLock(f"{file}.lock"):
            if not file.exists():
                file.write_text(measure(), encoding="utf-8")
        return file.read_text(encoding="utf-8")

    return once


def reference(name: str) -> list[dict[str, str]]:
    """The rows of a table under tests/reference."""
    with (HERE / "reference" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def record_json(measured_once: Callable[[str, Callable[[], str]], str]) -> str:
    """A Record of one small case, really measured."""

    def measure() -> str:
        import resnet_inspect as ri
        from resnet_inspect.benchmark.record_json import to_json

        return to_json(ri.bench("resnet18", device="cpu", input=(1, 3, 32, 32), threads=1, max_time_s=0.2))

    return measured_once("record.json", measure)


@pytest.fixture(scope="session")
def laid_out_json(
    measured_once: Callable[[str, Callable[[], str]], str], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A Record of one small case with its stages and the machine's ceilings, really measured: a page shows how."""

    def measure() -> str:
        folder = tmp_path_factory.mktemp("laid_out")
        done = play(LAID_OUT, folder)
        assert done.returncode == 0, done.stderr
        return (folder / "run.json").read_text(encoding="utf-8")

    return measured_once("laid_out.json", measure)


@pytest.fixture
def scripted_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of this process are processes that load no torch."""
    monkeypatch.setenv("PYTHONPATH", scripted_bench.PYTHONPATH)
    for name in ("WORKER", "ENVIRONMENT"):
        monkeypatch.setattr(f"resnet_inspect.benchmark.process.{name}", scripted_bench.__name__)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run resnet-inspect in an empty folder or in ``cwd``, with output captured and no terminal.

    ``scripted``: workers load no torch.
    """

    def call(
        *args: str, columns: int | None = None, cwd: Path = tmp_path, scripted: bool = False
    ) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
        path = scripted_bench.PYTHONPATH if scripted else str(HERE.parent)
        environment |= {"PYTHONPATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        if columns:
            environment["COLUMNS"] = str(columns)
        command = [*(scripted_bench.COMMAND if scripted else (sys.executable, "-m", "resnet_inspect")), *args]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)

    return call
