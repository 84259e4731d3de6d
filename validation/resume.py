"""Does a run of train that is killed, at any moment, end with the weights of an undisturbed one?

    python validation/resume.py [--kills 20] [--seed 0]

Each kill is a run of a small net on the CPU, in a folder of its own, which gets SIGKILL at a random moment between its
first step and its end, in a step, a test or a checkpoint. It is then resumed, and its last checkpoint is held against
that of a run that nobody killed, tensor by tensor. Every kill prints its line; the exit code is 1 if a weight differs.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from learnable import SMALL_NET, write_folder  # noqa: E402  # found by the line above

IMAGES, TEST_IMAGES, EPOCHS, BATCH = 96, 16, 4, 8
PATIENCE_S = 300.0


def command(images: Path, run: Path, workers: int) -> list[str]:
    settings = [word for setting in SMALL_NET for word in ("--set", setting)]
    return [
        sys.executable, "-m", "resnet_inspect", "train", "resnet18", *settings, "--data", f"imagefolder:{images}",
        "--recipe", "modern", "--epochs", str(EPOCHS), "--batch-size", str(BATCH), "--workers", str(workers),
        "--device", "cpu", "--resume", "-o", str(run),
    ]  # fmt: skip


def begun(line: Sequence[str], run: Path) -> subprocess.Popen[bytes]:
    """The process of ``line``, once the folder of its run is there."""
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not run.exists() and process.poll() is None:
        time.sleep(0.01)
    return process


def ends(line: Sequence[str], run: Path) -> float:
    """Run ``line`` to its end; the seconds from the run's folder to its last file.

    Raises:
        SystemExit: it fails.
    """
    process, start = begun(line, run), time.time()
    if process.wait(PATIENCE_S):
        raise SystemExit(f"{' '.join(line)} failed")
    return (run / "last.pt").stat().st_mtime - start


def killed(line: Sequence[str], run: Path, after_s: float) -> bool:
    """Kill ``line`` so many seconds after its folder is there; whether it was still running then."""
    process = begun(line, run)
    time.sleep(after_s)
    was_running = process.poll() is None
    process.kill()
    process.wait()
    return was_running


def weights(run: Path) -> dict[str, torch.Tensor]:
    values = torch.load(run / "last.pt", weights_only=True)
    return {f"{part}.{name}": each for part in ("net", "average") for name, each in values[part].items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, wrong, running = Random(options.seed), 0, 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        images = write_folder(folder / "images", IMAGES, TEST_IMAGES)
        whole, seconds = {}, {}
        for workers in (0, 1):
            run = folder / f"undisturbed-{workers}"
            seconds[workers] = ends(command(images, run, workers), run)
            whole[workers] = weights(run)
        for number in range(options.kills):
            workers, run = number % 2, folder / f"killed-{number}"
            line, after_s = command(images, run, workers), rng.uniform(0, seconds[workers])
            was_running = killed(line, run, after_s)
            ends(line, run)
            ours = weights(run)
            same = ours.keys() == whole[workers].keys() and all(
                map(torch.equal, ours.values(), whole[workers].values())
            )
            running, wrong = running + was_running, wrong + (not same)
            state = "running" if was_running else "ended"
            print(f"kill {number}: after {after_s:.2f} s, {state}: weights {'equal' if same else 'DIFFER'}", flush=True)
    print(f"{options.kills} kills, {running} of a run that was still going on, {wrong} with other weights")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
