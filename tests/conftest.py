"""What several tests share: the reference tables, and the command line as a process."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
Run = Callable[..., subprocess.CompletedProcess[str]]


def reference(name: str) -> list[dict[str, str]]:
    """The rows of a table under tests/reference."""
    with (HERE / "reference" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def record_json() -> str:
    """A Record of one small case, really measured."""
    import resnet_inspect as ri
    from resnet_inspect.benchmark.record_json import to_json

    return to_json(ri.bench("resnet18", device="cpu", input=(1, 3, 32, 32), threads=1, max_time_s=0.2))


@pytest.fixture(scope="session")
def laid_out_json() -> str:
    """A Record of one small case with its stages and the machine's ceilings, really measured."""
    import resnet_inspect as ri
    from resnet_inspect.benchmark.record_json import to_json

    record = ri.bench(
        "resnet18",
        device="cpu",
        input=(1, 3, 32, 32),
        threads=1,
        quick=True,
        max_time_s=0.2,
        per="stage",
        ceilings=True,
    )
    return to_json(record)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run resnet-inspect in an empty folder or in ``cwd``, with output captured and no terminal."""

    def call(*args: str, columns: int | None = None, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
        environment["PYTHONPATH"] = str(HERE.parent)
        if columns:
            environment["COLUMNS"] = str(columns)
        command = [sys.executable, "-m", "resnet_inspect", *args]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)

    return call
