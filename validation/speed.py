"""What does an answer cost: our commands against their budgets, and against other tools that give the same totals?

    python validation/speed.py [--runs 11] [--peer-runs 3]

Four tables: CPU time and peak memory of whole commands; the same for a process that gets the MACs of torchvision's
resnet50 from torchinfo, fvcore, ptflops, thop or calflops, where installed; a net in code against a script that runs
FlopCounterMode on it, without data; and lower + summary inside one process, by depth of the network. The last line
compares time per node between networks, which depth should not raise. Needs POSIX.
The exit code is 0 over budget too.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from resnet_inspect import ResNetSpec
from resnet_inspect.questions.summary import summary
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower

SCRIPT = shutil.which("resnet-inspect", path=str(Path(sys.executable).parent))
OURS = (SCRIPT,) if SCRIPT else (sys.executable, "-m", "resnet_inspect")

# Linux counts what a process held before exec into its peak memory. Started from here, a command would show at least
# this process's own 20 MB; started from a bare interpreter, at least 9 MB, which every Python exceeds.
LAUNCHER = """
import os, sys, time
start = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
wall = time.perf_counter() - start
peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print("", os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, wall, peak, sep="\\n", file=sys.stderr)
"""
# Without cached bytecode every run would time Python's compiler.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

MODEL = "import torch, torchvision; m = torchvision.models.resnet50(weights=None).eval(); s = (1, 3, 224, 224)\n"
PEERS = {
    "torchinfo": "from torchinfo import summary as f; print(f(m, s, verbose=0).total_mult_adds)",
    "fvcore": "from fvcore.nn import FlopCountAnalysis as f; print(f(m, torch.rand(s)).total())",
    "ptflops": "from ptflops import get_model_complexity_info as f\n"
    "print(f(m, s[1:], as_strings=False, print_per_layer_stat=False)[0])",
    "thop": "from thop import profile as f; print(f(m, (torch.rand(s),), verbose=False)[0])",
    "calflops": "from calflops import calculate_flops as f\n"
    "print(f(m, s, output_as_string=False, print_results=False)[1])",
}


IN_CODE = "timm:vit_base_patch16_224"
COUNTER = """
import timm, torch
from torch.utils.flop_counter import FlopCounterMode
with torch.device("meta"):
    net, image = timm.create_model("vit_base_patch16_224").eval(), torch.rand(1, 3, 224, 224)
with torch.no_grad(), FlopCounterMode(display=False) as counter:
    net(image)
print(counter.get_total_flops() // 2)
"""
JOB_COLUMNS = ("tool", "CPU ms", "min", "ratio", "of mins", "wall ms", "peak MB", "MACs printed")
DEARER = 1.3  # times the script's time may an answer take


@dataclass(frozen=True)
class Run:
    cpu_ms: float
    wall_ms: float
    peak_mb: float
    printed: str


@dataclass
class Command:
    """A process to measure ``times`` times, its budgets where it has any, and its runs or why there are none."""

    name: str
    argv: tuple[str, ...]
    times: int
    cpu_budget: float | None = None
    peak_budget: float | None = None
    runs: list[Run] = field(default_factory=list)
    absent: str = ""

    @property
    def cpu_ms(self) -> float:
        return median(run.cpu_ms for run in self.runs)

    @property
    def least_cpu_ms(self) -> float:
        return min(run.cpu_ms for run in self.runs)

    @property
    def peak_mb(self) -> float:
        return max(run.peak_mb for run in self.runs)


def run(argv: Sequence[str]) -> Run:
    launcher = (sys.executable, "-I", "-S", "-c", LAUNCHER)
    done = subprocess.run((*launcher, *argv), capture_output=True, text=True, check=True, env=ENVIRONMENT)
    *errors, code, cpu, wall, peak = done.stderr.splitlines()
    if code != "0":
        raise RuntimeError(next((line for line in reversed(errors) if line), f"exit code {code}"))
    return Run(1e3 * float(cpu), 1e3 * float(wall), float(peak) / 1e6, done.stdout)


def peer(name: str, times: int) -> Command:
    """Another tool's process, warmed up, or why it cannot run."""
    command = Command(name, (sys.executable, "-c", MODEL + PEERS[name]), times)
    return warmed_up(command, ("torch", "torchvision", name))


def in_code(times: int) -> tuple[Command, Command]:
    """Our answer for a net in code, and the script that it is held against."""
    ours = Command("ours", (*OURS, "summary", IN_CODE, "--format", "json"), times)
    return warmed_up(ours, ("timm",)), warmed_up(
        Command("FlopCounterMode", (sys.executable, "-c", COUNTER), times), ("timm",)
    )


def warmed_up(command: Command, packages: Sequence[str]) -> Command:
    """``command`` after a first run, or with why it cannot run."""
    name = command.name
    if not all(map(find_spec, packages)):
        command.absent = "not installed"
        return command
    try:
        run(command.argv)
    except RuntimeError as error:
        command.absent = "failed"
        print(f"{name} failed: {error}", file=sys.stderr)
    return command


def measure(commands: Sequence[Command]) -> None:
    """Run every command in turn, round by round, so that a slow minute of the machine is everybody's."""
    rounds = max(command.times for command in commands)
    for i in range(rounds):
        for command in commands:
            # Fewer runs than there are rounds are spread over all of them.
            if (i + 1) * command.times // rounds > i * command.times // rounds:
                command.runs.append(run(command.argv))


def against(budget: float | None, value: float) -> str:
    return "" if budget is None else f"{'within' if value <= budget else 'OVER'} {budget:g}"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console().print(table, "")


def command_row(c: Command) -> Sequence[str]:
    cpu = f"{c.cpu_ms:.1f}", f"{c.least_cpu_ms:.1f}", against(c.cpu_budget, c.cpu_ms)
    return c.name, *cpu, f"{c.peak_mb:.1f}", against(c.peak_budget, c.peak_mb)


def job_row(c: Command, ours: Command) -> Sequence[str]:
    if c.absent:
        return c.name, c.absent
    printed = c.runs[-1].printed
    macs = json.loads(printed)["facts"]["macs"] if c is ours else float(printed.split()[-1])
    wall = median(run.wall_ms for run in c.runs)
    ratios = f"{c.cpu_ms / ours.cpu_ms:.0f}×", f"{c.least_cpu_ms / ours.least_cpu_ms:.0f}×"
    cpu = f"{c.cpu_ms:.0f}", f"{c.least_cpu_ms:.0f}", *ratios
    return "ours" if c is ours else c.name, *cpu, f"{wall:.0f}", f"{c.peak_mb:.0f}", f"{macs:,.0f}"


def show_in_code(ours: Command, script: Command) -> None:
    """Whether a net in code is answered in about the time that its imports and one counted pass take."""
    rows: list[Sequence[str]] = [job_row(command, ours) for command in (ours, script)]
    show(f"{IN_CODE}, without data; the script imports timm and counts one pass", JOB_COLUMNS, rows)
    if not (ours.absent or script.absent):
        ratio = ours.cpu_ms / script.cpu_ms
        print(f"ours to the script: {ratio:.2f}×, {'within' if ratio <= DEARER else 'OVER'} {DEARER}\n")


def show_in_process(rounds: int) -> None:
    """Lower + summary of one net after the other, with the garbage collector on, as users have it."""
    specs = {name: zoo.find(name).spec for name in ("resnet18", "resnet50", "resnet152", "preresnet1001_cifar")}
    specs["10,000 blocks"] = ResNetSpec(depths=(2500, 2500, 2500, 2500))
    images = {name: (1, spec.in_channels, spec.input_size, spec.input_size) for name, spec in specs.items()}
    nodes = {name: len(lower(spec, name, images[name]).nodes) for name, spec in specs.items()}
    samples: dict[str, list[float]] = {name: [] for name in specs}
    for _ in range(rounds):
        for name, spec in specs.items():
            repeats = max(1, 2000 // nodes[name])  # one lowering of a small net is too short to time
            start = time.process_time()
            for _ in range(repeats):
                summary(lower(spec, name, images[name]))
            samples[name].append(1e3 * (time.process_time() - start) / repeats)
    ms = {name: median(times) for name, times in samples.items()}
    per_node = {name: 1e3 * ms[name] / nodes[name] for name in specs}
    rows: list[Sequence[str]] = []
    for name, us in per_node.items():
        budget = against(1 if name == "resnet50" else None, ms[name])
        ratio = f"{us / per_node['resnet18']:.2f}×"
        rows.append((name, f"{nodes[name]:,}", f"{ms[name]:.3f}", budget, f"{us:.2f}", ratio))
    show("lower + summary, in one process", ("net", "nodes", "CPU ms", "budget", "µs a node", "to resnet18"), rows)
    spread = max(per_node.values()) / min(per_node.values())
    print(f"dearest node to cheapest: {spread:.2f}×, {'within' if spread <= 4 / 3 else 'OVER'} a third")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11, help="of each of our commands and in-process timings")
    parser.add_argument("--peer-runs", type=int, default=3, help="of each other tool, which takes seconds")
    options = parser.parse_args()
    if min(options.runs, options.peer_runs) < 1:
        parser.error("at least one run of each")

    how = "the console script" if SCRIPT else "python -m resnet_inspect, a little dearer than the console script"
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; our commands run as {how}.")
    print(f"Medians of {options.runs} interleaved runs, {options.peer_runs} of each other tool.\n", flush=True)
    budgets = {
        "summary resnet50 --format json": (60, 40),
        "summary resnet50": (90, None),
        "--help": (60, None),
        "list": (400, None),
    }
    ours = [Command(line, (*OURS, *line.split()), options.runs, *budget) for line, budget in budgets.items()]
    for command in ours:
        run(command.argv)  # fills the caches of files and of bytecode
    peers = [peer(name, options.peer_runs) for name in PEERS]
    code = in_code(options.peer_runs)
    measure([*ours, *(p for p in (*peers, *code) if not p.absent)])

    show("whole commands", ("command", "CPU ms", "min", "budget", "peak MB", "budget"), [command_row(c) for c in ours])
    job = [job_row(command, ours[0]) for command in (ours[0], *peers)]
    show("totals of resnet50 at 1×3×224×224; the tools differ in what they count", JOB_COLUMNS, job)
    show_in_code(*code)
    show_in_process(options.runs)


if __name__ == "__main__":
    main()
