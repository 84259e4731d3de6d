"""What should an H200 do, said before one was measured; and did it?

    python validation/gpu_predictions.py              prints gpu_predictions.md
    python validation/gpu_predictions.py RESULTS      holds the Records of that folder against gpu_predictions.md

The file has three tables. In the first, the floor is the least time that `resnet-inspect roofline` allows a forward
pass, by the H200's data sheet and, where the package has it, by ceilings that were measured; peak memory is what
`resnet-inspect memory` expects torch to ask for in eager mode. The second says what efficiency, the floor over the
measured time, we expect of resnet50 and why; the third, how far the predictions of a profile may lie off. With RESULTS
three others follow: measured times and memory against the predictions, and every case or self-check that failed. A
floor above the measured time, or memory outside 2 % (training 3 %), is a fault of the package or a ceiling that is too
low; an efficiency outside its range is a wrong expectation. Exits 1 if a case failed or is invalid.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import resnet_inspect as ri
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Record, Result

FILE = Path(__file__).with_name("gpu_predictions.md")
DEVICES = ("h200", "h200-measured")
BATCHES = (1, 32, 256)
MEMORY_WITHIN = {"infer": 0.02, "train": 0.03}


class Net(NamedTuple):
    model: str
    task: str
    precision: str
    batch: int


class Expectation(NamedTuple):
    """Efficiency of an inference of resnet50 in bf16: the floor of h200-measured over the measured device time."""

    mode: str
    batch: int
    low: float
    high: float
    why: str


NETS = [
    *(Net("resnet50", "infer", precision, batch) for precision in ("fp32", "tf32", "bf16") for batch in BATCHES),
    *(Net(model, "infer", "bf16", batch) for model in ("resnet18", "resnet101", "resnet152") for batch in BATCHES),
    *(Net("resnet50", "train", precision, batch) for precision in ("fp32", "tf32") for batch in (32, 256)),
    *(Net(model, task, "fp32", 32) for model in ("resnet18", "resnet101", "resnet152") for task in ("infer", "train")),
]
EXPECTED = [
    Expectation("eager", 1, 0.03, 0.10, "some 170 kernels of 2 to 4 µs that one image cannot fill"),
    Expectation("graph", 1, 0.03, 0.10, "the same kernels; its latency, not its device time, is far below eager's"),
    Expectation("compile+graph", 1, 0.04, 0.15, "half as many kernels"),
    Expectation("eager", 32, 0.15, 0.45, "each BatchNorm and ReLU is a pass over memory: a floor 2.5 times this one"),
    Expectation("graph", 32, 0.15, 0.45, "as eager"),
    Expectation("eager", 256, 0.25, 0.45, "each BatchNorm and ReLU is a pass over memory: a floor 2.5 times this one"),
    Expectation("graph", 256, 0.25, 0.45, "as eager"),
    Expectation("compile", 256, 0.40, 0.70, "BatchNorm and ReLU in one pass; 62 % was published for two GeForce cards"),
    Expectation("compile+graph", 256, 0.40, 0.70, "as compile"),
]

# Of a profile, on nets that its calibration lacks: what timm's published tables of two GeForce cards let expect.
PREDICTED = [
    ("median error", "at most 7%", "2 to 4% on four cards at batch 256; here batch 1 waits for the host"),
    ("p90 of the errors", "at most 20%", "7 to 16% on those cards"),
    ("90% intervals cover", "85% to 97%", "half-widths come of leaving out each calibration net"),
    ("MACs × constant, median", "12% to 40%", "13 to 22% on those cards; more at batch 1, where calls count"),
]


def facts(answer: ri.Answer) -> dict[str, object]:
    return {fact.key: fact.value for fact in answer.facts}


def floor_ms(net: Net, device: str) -> float | None:
    """None for a training step, and where the device has no peak of that precision."""
    if net.task == "train" or (device, net.precision) in (("h200-measured", "fp32"), ("h200-measured", "tf32")):
        return None
    answer = ri.roofline(net.model, batch_size=net.batch, device=device, precision=net.precision)
    return float(facts(answer)["floor_ms"])


def peak_bytes(net: Net) -> int:
    answer = ri.memory(net.model, batch_size=net.batch, task=net.task, precision=net.precision)
    return int(facts(answer)["peak_bytes"])


def cells(*values: object) -> str:
    return f"| {' | '.join('–' if value is None else str(value) for value in values)} |"


def table(columns: Sequence[str], rows: Iterator[Sequence[object]]) -> Iterator[str]:
    yield cells(*columns)
    yield cells(*["---"] * len(columns))
    for row in rows:
        yield cells(*row)
    yield ""


def predictions() -> Iterator[str]:
    yield "# What an H200 should do\n"
    yield "Made by `python validation/gpu_predictions.py`, before any GPU had run the package.\n"
    yield "## Floors and memory\n"
    rows = (
        (*net, *(ms and f"{ms:.4f}" for ms in (floor_ms(net, device) for device in DEVICES)), peak_bytes(net))
        for net in NETS
    )
    floors = [f"floor, {device}, ms" for device in DEVICES]
    yield from table(["model", "task", "precision", "batch", *floors, "peak memory, bytes"], rows)
    yield "On a GPU the allocator also gives cuDNN its workspace, which no prediction here has.\n"
    yield "## Efficiency of resnet50 in bf16, inference, by h200-measured\n"
    expected = ((e.mode, e.batch, f"{e.low:.1%} to {e.high:.1%}", e.why) for e in EXPECTED)
    yield from table(["mode", "batch", "expected", "why"], expected)
    yield "## A profile of bf16, channels_last, eager, on other nets\n"
    yield from table(["of prediction.py", "expected", "why"], iter(PREDICTED))


def written() -> dict[Net, list[str]]:
    """The first table of the file: the last cells of each row."""
    lines = [line.strip("| ").split(" | ") for line in FILE.read_text(encoding="utf-8").splitlines()]
    rows = [line for line in lines if len(line) == 7 and line[3].isdigit()]
    return {Net(row[0], row[1], row[2], int(row[3])): row[4:] for row in rows}


def predicted(case: Case) -> list[str] | None:
    """What the file says of a case at its network's own image size."""
    if case.folded or case.input[2:] != (224, 224):
        return None
    return written().get(Net(case.model, case.task, case.precision, case.batch_size))


def times(results: Sequence[Result]) -> Iterator[Sequence[object]]:
    for result in results:
        case, measured, row = result.case, result.device_or_latency, predicted(result.case)
        floors = [float(cell) for cell in row[:2] if cell != "–"] if row else []
        if measured is None or not floors:
            continue
        efficiency = floors[-1] / measured.median_ms
        ranges = [e for e in EXPECTED if (e.mode, e.batch) == (case.mode, case.batch_size)]
        usual = case.model == "resnet50" and case.precision == "bf16" and case.layout == "contiguous"
        verdict = range_ = None
        if usual and ranges:
            range_ = f"{ranges[0].low:.1%} to {ranges[0].high:.1%}"
            verdict = "inside" if ranges[0].low <= efficiency <= ranges[0].high else "OUTSIDE"
        if efficiency > 1.05:
            verdict = "BELOW THE FLOOR"
        yield case.label, f"{measured.median_ms:.4f}", f"{floors[-1]:.4f}", f"{efficiency:.1%}", range_, verdict


def memory(results: Sequence[Result]) -> Iterator[Sequence[object]]:
    for result in results:
        case, measured, row = result.case, result.memory.measured, predicted(result.case)
        if row and measured and measured.requested_bytes and case.mode == "eager":
            error = int(row[-1]) / measured.requested_bytes - 1
            verdict = "within" if abs(error) <= MEMORY_WITHIN[case.task] else "OUTSIDE"
            yield case.label, measured.requested_bytes, row[-1], f"{error:+.2%}", verdict


def failures(records: dict[str, Record]) -> Iterator[Sequence[object]]:
    for name, record in records.items():
        if len(record.results) < record.planned:
            yield name, f"{record.planned - len(record.results)} of {record.planned} cases", "not measured", None, None
        for result in record.results:
            if result.status != "ok":
                yield name, result.case.label, result.status, None, None
            for check in result.checks:
                if not check.ok:
                    yield name, result.case.label, check.id, check.value, check.limit


def compare(folder: Path) -> int:
    """Print the tables for the Records of a folder; 1 if a case failed."""
    files = [file for file in sorted(folder.glob("*.json")) if not file.name.endswith(".partial.json")]
    records = {file.stem: ri.read_record(file) for file in files}
    results = [result for record in records.values() for result in record.results]
    failed = list(failures(records))
    print("# Times against gpu_predictions.md\n")
    print(*table(["case", "measured, ms", "floor, ms", "efficiency", "expected", ""], times(results)), sep="\n")
    print("# Memory against gpu_predictions.md\n")
    print(*table(["case", "asked for, bytes", "predicted", "error", ""], memory(results)), sep="\n")
    print(f"# What failed: {len(failed) or 'nothing'}\n")
    print(*table(["Record", "case", "status or self-check", "value", "limit"], iter(failed)), sep="\n")
    return int(bool(failed))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(compare(Path(sys.argv[1])))
    print("\n".join(predictions()).rstrip())
