"""Run the counters that are installed, each in a process of its own: some patch torch for good."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from resnet_inspect.counting.packages import PACKAGES
from resnet_inspect.typed_json import JsonObject

AT_ONCE = 2  # each loads torch
TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Measured:
    """The total that an installed counter gave, or why it gave none."""

    version: str | None
    total: int | None
    why: str = ""


def run_all(source: JsonObject, image: tuple[int, ...]) -> dict[str, Measured]:
    """Run every package on a batch of that shape and the net of ``source``, which says what to make it of: ``{"spec":
    …}`` without fields that are None, or ``{"code": name}`` with ``"kwargs"``.

    The keys are the names of the conventions.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = pool.map(lambda package: _run(package, source, image), PACKAGES)
    return {convention: measured for totals in results for convention, measured in totals.items()}


def _run(package: str, source: JsonObject, image: tuple[int, ...]) -> dict[str, Measured]:
    conventions = [convention.name for convention in PACKAGES[package].conventions]
    try:
        installed = version(package)
    except PackageNotFoundError:
        return dict.fromkeys(conventions, Measured(None, None, "not installed"))
    try:
        process = subprocess.run(
            [sys.executable, "-m", "resnet_inspect.runtime.counters", package],
            input=json.dumps({**source, "image": image}),
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
