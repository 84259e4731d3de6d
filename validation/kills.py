"""Does bench lose a round, or leave anything behind, when it is killed?

    python validation/kills.py [--kills 200] [--seed 0] [--together 1] [--patience 1]

Each kill is a benchmark of two small cases on the CPU, in a folder and with a TMPDIR of its own, which gets SIGINT,
SIGTERM or SIGKILL at a random moment of one of its phases. Its stderr is a terminal, so what it told is known: ``round
2`` of a case means that its first round was whole. Linux only: a process is known as the benchmark's by its
environment, which /proc shows. Every kill prints its line; the table at the end holds the demands.
"""

import argparse
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Thread

from demand import Row, demand, show

from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import from_json
from resnet_inspect.errors import InspectError

ROOT = Path(__file__).parent.parent
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
SETTINGS = ("depths=1,1", "widths=8,16", "stem=3:2:8", "num_classes=10")
SPEC = ("resnet50", *(word for setting in SETTINGS for word in ("--set", setting)))
CODE = ("net.py:Net",)
# Once the file is there, a call sleeps and keeps Python's lock: no thread of the worker runs.
NET = """
import ctypes, os
from torch import nn
class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    def forward(self, x):
        if x.device.type == "cpu" and os.path.exists("hang"):
            ctypes.PyDLL(None).sleep(1000)
        return super().forward(x)
"""
TOLD = re.compile(r"\S+ (\d+)×3×32×32 [^:\r\n]*: round (\d+)")


@dataclass(frozen=True)
class Phase:
    """``begins`` when stderr shows a text, and lasts until it shows another, or the end."""

    begins: str
    ends: str
    options: tuple[str, ...] = ()
    hangs: bool = False


PHASES = {
    "start-up": Phase("", "warming up"),
    "worker start and warm-up": Phase("warming up", "round 1"),
    "sampling": Phase("round 1", "1/2 cases"),
    "saving and printing": Phase("1/2 cases", "\0"),
    "hanging in a call": Phase("round 2", "\0", hangs=True),
    "compiling": Phase("warming up", "round 1", ("--mode", "compile")),
}


@dataclass
class Kill:
    """What came of a benchmark; times are seconds after the signal."""

    phase: str
    signal: signal.Signals
    code: int = 0
    ended_s: float = 0.0
    gone_s: float = 0.0
    processes: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    broken: str = ""
    told: Counter[int] = field(default_factory=Counter)  # batch size -> whole rounds
    kept: Counter[int] = field(default_factory=Counter)
    is_traceback: bool = False

    @property
    def lost(self) -> int:
        """Whole rounds that no Record holds; after SIGKILL only those of a case that was saved can be held."""
        return sum((self.told - self.kept).values()) if self.signal != signal.SIGKILL else 0

    def __str__(self) -> str:
        left = [*self.processes, *self.files, *self.unfinished]
        return (
            f"{self.signal.name:8} {self.phase:25} exit {self.code:4} ended {self.ended_s:5.2f} s, "
            f"gone {self.gone_s:5.2f} s, rounds {sum(self.told.values())} told {sum(self.kept.values())} kept"
            + (f", LEFT {left}" if left else "")
            + (f", BROKEN {self.broken}" if self.broken else "")
            + (", TRACEBACK" if self.is_traceback else "")
        )


class Bench:
    """A benchmark that runs in ``folder``, with what its terminal showed so far."""

    def __init__(self, folder: Path, phase: Phase) -> None:
        self.folder, self.tmp = folder, folder / "tmp"
        self.tmp.mkdir()
        (folder / "net.py").write_text(NET, encoding="utf-8")
        command = (
            sys.executable, "-m", "resnet_inspect", "bench", *(CODE if phase.hangs else SPEC), "--input", "1,3,32,32",
            "--device", "cpu", "--batch-size", "1,2", "--quick", "--max-time", "0.2", "--threads", "1",
            "-o", "run.json", *phase.options,
        )  # fmt: skip
        environment = os.environ | {"TMPDIR": str(self.tmp), "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
        self.shown = b""
        ours, theirs = pty.openpty()
        with open(folder / "stdout", "wb") as out:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=theirs,
                start_new_session=True,
            )  # fmt: skip
        os.close(theirs)
        self.reader = Thread(target=self._read, args=(ours,), daemon=True)
        self.reader.start()

    def _read(self, terminal: int) -> None:
        try:
            while read := os.read(terminal, 1 << 16):
                self.shown += read
        except OSError:  # nobody writes any more
            pass
        finally:
            os.close(terminal)

    @property
    def text(self) -> str:
        return self.shown.decode(errors="replace")

    def wait_for(self, shown: str) -> float:
        """Seconds until the terminal has shown that, or the benchmark has ended."""
        start = time.monotonic()
        while shown not in self.text and self.process.poll() is None:
            time.sleep(0.002)
        return time.monotonic() - start

    def processes(self) -> list[str]:
        """The commands of all processes whose environment has this TMPDIR."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and bytes(self.tmp) in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_text().replace("\0", " ")[:120])
            except OSError:  # it has ended meanwhile
                continue
        return found

    def files(self) -> list[str]:
        """What is in TMPDIR, but for the folder that torch makes for its user when ``torch._dynamo`` is imported."""
        return [each.name for each in self.tmp.iterdir() if not each.name.startswith("torchinductor_")]


def durations(phases: Sequence[str]) -> dict[str, float]:
    """Seconds that each phase takes here when nothing disturbs it; one benchmark plays all that it has."""
    taken = {name: 1.0 for name in phases if PHASES[name].hangs}
    together: dict[tuple[str, ...], list[str]] = {}
    for name in PHASES:  # in the order they come
        if name in phases and name not in taken:
            together.setdefault(PHASES[name].options, []).append(name)
    for names in together.values():
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), PHASES[names[0]])
            for name in names:
                bench.wait_for(PHASES[name].begins)
                taken[name] = bench.wait_for(PHASES[name].ends)
            bench.process.wait()
            bench.reader.join()
    return taken


def kill(name: str, number: signal.Signals, delay_s: float, patience_s: float) -> Kill:
    phase, result = PHASES[name], Kill(name, number)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), phase)
        bench.wait_for(phase.begins)
        if phase.hangs:
            (bench.folder / "hang").touch()
        time.sleep(delay_s)
        # A case whose round N + 1 has begun has N whole rounds.
        for size, begun in TOLD.findall(bench.text):
            result.told[int(size)] = max(result.told[int(size)], int(begun) - 1)
        start = time.monotonic()
        bench.process.send_signal(number)
        result.code = bench.process.wait()
        ended = time.monotonic()
        while (left := [*bench.processes(), *bench.files()]) and time.monotonic() < ended + patience_s:
            time.sleep(0.01)
        result.ended_s, result.gone_s = ended - start, time.monotonic() - ended
        if left:
            result.processes, result.files = bench.processes(), bench.files()
        bench.reader.join(timeout=1)
        result.is_traceback = "Traceback" in bench.text
        result.unfinished = [each.name for each in bench.folder.glob(".run.json.*")]
        if (record := bench.folder / "run.json").exists():
            try:
                result.kept = rounds_of(from_json(record.read_text(encoding="utf-8")))
            except InspectError as error:
                result.broken = error.message
    return result


def rounds_of(record: Record) -> Counter[int]:
    """Batch size -> rounds."""
    latencies = ((result.case.batch_size, result.metrics.latency) for result in record.results)
    return Counter({size: len(latency.round_lengths) for size, latency in latencies if latency is not None})


def demands(kills: Sequence[Kill], patience_s: float) -> Iterator[Row]:
    def none(what: str, holds: Callable[[Kill], object]) -> Row:
        count = sum(bool(holds(each)) for each in kills)
        return demand(what, "0", f"{count} of {len(kills)} kills", not count)

    heard = [each for each in kills if each.signal != signal.SIGKILL]
    if heard:
        slowest = max(each.ended_s for each in heard)
        late = sum(each.ended_s > patience_s for each in heard)
        reached = f"slowest {slowest:.2f} s, {late} of {len(heard)} later"
        yield demand("from SIGINT or SIGTERM to the end", f"≤ {patience_s:g} s", reached, not late)
    gone = max(each.gone_s for each in kills)
    left = sum(bool(each.processes or each.files) for each in kills)
    reached = f"slowest {gone:.2f} s, {left} of {len(kills)} later"
    yield demand("from its end to the end of all it started", f"≤ {patience_s:g} s", reached, not left)
    yield none("a process is left", lambda each: each.processes)
    yield none("TMPDIR holds something", lambda each: each.files)
    yield none("the Record is there and not whole", lambda each: each.broken)
    whole = sum(sum(each.told.values()) for each in heard)
    lost = sum(each.lost for each in heard)
    yield demand("rounds lost by SIGINT or SIGTERM", "0", f"{lost} of {whole} that were told", not lost)
    yield none("a traceback", lambda each: each.is_traceback)
    yield none("an unfinished Record next to it", lambda each: each.unfinished)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--together", type=int, default=1, help="so many at a time")
    parser.add_argument("--patience", type=float, default=1.0, help="seconds that an end may take")
    parser.add_argument("--phases", default=",".join(PHASES))
    arguments = parser.parse_args()
    rng, phases = Random(arguments.seed), arguments.phases.split(",")
    taken = durations(phases)
    for name, seconds in taken.items():
        print(f"{name}: {seconds:.2f} s undisturbed", flush=True)
    # Every phase, every signal and every pair of them comes equally often, as early as can be.
    turns = [SIGNALS[turn:] + SIGNALS[:turn] for turn in range(len(SIGNALS))]
    pairs = [(name, turn[i % len(turn)]) for turn in turns for i, name in enumerate(phases)]
    chosen = [pairs[i % len(pairs)] for i in range(arguments.kills)]
    plans = [(name, number, rng.uniform(0, taken[name])) for name, number in chosen]
    kills: list[Kill] = []
    with ThreadPoolExecutor(arguments.together) as pool:
        for result in pool.map(lambda plan: kill(*plan, arguments.patience), plans):
            kills.append(result)
            print(f"{len(kills):3} {result}", flush=True)
    rows = [*demands(kills, arguments.patience)]
    show(iter(rows))
    return int(any(met == "NOT MET" for *_, met in rows))


if __name__ == "__main__":
    sys.exit(main())
