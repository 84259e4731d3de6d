"""Does anything that is typed or read end in a traceback?

    python validation/fuzz.py [--lines 100000] [--records 20000] [--graphs 20000] [--tomls 20000] [--seed 0]
        [--processes 2]

Trial n of a kind is drawn from the number seed + n alone: --seed goes on where another run ended, and --seed N
--lines 1 plays one trial again. Prints the trials and command lines that were asked, seconds for each, the memory that
processes grew by, and each distinct fault with the seed that shows it first. The exit code is 1 if there is one.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]  # before this folder, which has a fuzz too

from fuzz.command_lines import surroundings  # noqa: E402  # found by the line above
from fuzz.oracle import fault_of  # noqa: E402  # likewise
from fuzz.trial import TRIALS  # noqa: E402  # likewise

CHUNK = 200  # trials that a process plays before it tells


@dataclass
class Tally:
    """What came of some trials; ``faults`` keeps a seed and a line for each kind."""

    trials: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: tuple[float, int, tuple[str, ...]] = (0.0, 0, ())
    faults: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    grown_mib: float = 0.0

    def add(self, other: "Tally") -> None:
        self.trials += other.trials
        self.codes += other.codes
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        self.faults = other.faults | self.faults
        self.grown_mib = max(self.grown_mib, other.grown_mib)


def play(task: tuple[str, int, int]) -> Tally:
    """The trials of a kind from one seed up to another, in a folder of their own."""
    kind, first, end = task
    tally, before = Tally(), None
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            with surroundings():
                for seed in range(first, end):
                    tally.trials += 1
                    for answer in TRIALS[kind](seed):
                        tally.codes[answer.exit_code] += 1
                        tally.seconds += answer.seconds
                        tally.slowest = max(tally.slowest, (answer.seconds, seed, answer.line))
                        if fault := fault_of(answer):
                            tally.faults.setdefault(fault, (seed, answer.line))
                    before = before or _peak_mib()
        finally:
            os.chdir("/")
    tally.grown_mib = _peak_mib() - (before or 0.0)
    return tally


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tasks(kind: str, seed: int, trials: int) -> Iterator[tuple[str, int, int]]:
    for first in range(seed, seed + trials, CHUNK):
        yield kind, first, min(first + CHUNK, seed + trials)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind, trials in ("lines", 100_000), ("records", 20_000), ("graphs", 20_000), ("tomls", 20_000):
        parser.add_argument(f"--{kind}", type=int, default=trials)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    faults = 0
    with get_context("spawn").Pool(asked.processes) as pool:
        for kind in TRIALS:
            tally, start = Tally(), time.monotonic()
            for part in pool.imap_unordered(play, tasks(kind, asked.seed, getattr(asked, kind))):
                tally.add(part)
                print(f"\r{kind}: {tally.trials:,}, {len(tally.faults)} faults", end="", file=sys.stderr, flush=True)
            print("\r", end="", file=sys.stderr)
            _tell(kind, tally, time.monotonic() - start)
            faults += len(tally.faults)
    return 1 if faults else 0


def _tell(kind: str, tally: Tally, seconds: float) -> None:
    lines = sum(tally.codes.values())
    if not lines:
        return
    slowest, seed, line = tally.slowest
    codes = ", ".join(f"{count:,} of {code}" for code, count in sorted(tally.codes.items()))
    print(f"{kind}: {tally.trials:,} trials, {lines:,} command lines in {seconds:,.0f} s; exit codes {codes}")
    print(f"  {tally.seconds / lines:.3f} s a line, at most {slowest:.1f} s: seed {seed}, {line!r:.120}")
    print(f"  {len(tally.faults)} distinct faults; a process grew by {tally.grown_mib:.0f} MiB at most")
    for fault, (seed, line) in tally.faults.items():
        print(f"    {fault}: seed {seed}, {line!r:.200}")


if __name__ == "__main__":
    sys.exit(main())
