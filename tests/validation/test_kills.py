"""A seeded share of validation/kills.py, which kills real benchmarks; only its bounds of time are wider here."""

import subprocess
import sys

import pytest
from conftest import HERE

ROOT = HERE.parent


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_benchmark_that_is_killed_loses_no_round_and_leaves_nothing() -> None:
    command = [sys.executable, "validation/kills.py", "--kills", "4", "--patience", "60", "--phases"]
    done = subprocess.run(
        [*command, "start-up,sampling"], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" met") == 8
