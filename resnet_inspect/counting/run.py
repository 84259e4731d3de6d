"""Run the counters that are installed, each in a process of its own: some patch torch for good."""

import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from resnet_inspect.counting.packages import PACKAGES

AT_ONCE = 2  # each loads torch
TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Measured:
    """The total that an installed counter gave, or why it gave none."""

    version: str | None
    total: int | None
    why: str = ""


def run_all(spec: Mapping[str, Any], image: tuple[int, ...]) -> dict[str, Measured]:
    """Run every package on the net of ``spec`` (fields that are None left out) and a batch of that shape.

    The keys are the names of the conventions.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = pool.map(lambda package: _run(package, spec, image), PACKAGES)
    return {convention: measured for totals in results for convention, measured in totals.items()}


def _run(package: str, spec: Mapping[str, Any], image: tuple[int, ...]) -> dict[str, Measured]:
    conventions = [convention.name for convention in PACKAGES[package].conventions]
    try:
        installed = version(package)
    except PackageNotFoundError:
        return dict.fromkeys(conventions, Measured(None, None, "not installed"))
    try:
        process = subprocess.run(
            [sys.executable, "-m", "resnet_inspect.runtime.counters", package],
            input=json.dumps({"spec": spec, "image": image}),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return dict.fromkeys(conventions, Measured(installed, None, f"no answer for {TIMEOUT_S} s"))
    if process.returncode:
        last_line = process.stderr.strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
        return dict.fromkeys(conventions, Measured(installed, None, f"failed: {last_line[0]}"))
    totals = json.loads(process.stdout.splitlines()[-1])  # some packages print before
    return {convention: Measured(installed, totals[convention]) for convention in conventions}
