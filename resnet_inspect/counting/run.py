"""Running the counters that are installed, each in a process of its own: some patch torch for good."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from resnet_inspect.typed_json import JsonObject

# package -> the counters it holds, by the names of their conventions
PACKAGES = {
    "torch": ("torch",),
    "fvcore": ("fvcore", "fvcore_activations"),
    "thop": ("thop",),
    "ptflops": ("ptflops", "ptflops_nofunc", "ptflops_aten"),
    "torchinfo": ("torchinfo",),
    "calflops": ("calflops_flops", "calflops_macs"),
    "deepspeed": ("deepspeed_flops", "deepspeed_macs"),
    "flopth": ("flopth",),
}
AT_ONCE = 2  # each loads torch
TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Measured:
    """What an installed counter said, or why it said nothing."""

    version: str | None
    total: int | None
    why: str = ""


def run_all(spec: JsonObject, image: tuple[int, ...]) -> dict[str, Measured]:
    """What every counter says of the net of ``spec`` (fields that are None left out) on a batch of that shape."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = pool.map(lambda package: _run(package, spec, image), PACKAGES)
    return {counter: measured for one in said for counter, measured in one.items()}


def _run(package: str, spec: JsonObject, image: tuple[int, ...]) -> dict[str, Measured]:
    counters = PACKAGES[package]
    try:
        installed = version(package)
    except PackageNotFoundError:
        return dict.fromkeys(counters, Measured(None, None, "not installed"))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "resnet_inspect.runtime.counters", package],
            input=json.dumps({"spec": spec, "image": image}),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return dict.fromkeys(counters, Measured(installed, None, f"no answer for {TIMEOUT_S} s"))
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return dict.fromkeys(counters, Measured(installed, None, f"failed: {last[0]}"))
    totals = json.loads(done.stdout.splitlines()[-1])  # some print before
    return {counter: Measured(installed, totals[counter]) for counter in counters}
