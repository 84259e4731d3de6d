"""Count one net as every tool does: what each adds to the MACs and what it leaves out."""

from collections.abc import Mapping
from typing import NamedTuple

from resnet_inspect.counting.conventions import CONV_FC, COUNTERS
from resnet_inspect.counting.count import Convention, Count, count
from resnet_inspect.counting.published import PUBLISHED, Published
from resnet_inspect.counting.recount import recount
from resnet_inspect.counting.run import Measured
from resnet_inspect.counting.writing import Call, Layout
from resnet_inspect.errors import FAILED, OK, RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.report import Column, Fact, Finding, Report, Table, tabulate
from resnet_inspect.units import Value, share

TOOLS: dict[str, Convention] = {convention.name: convention for convention in COUNTERS}
# calflops and DeepSpeed report FLOPs first.
ALIASES = {"calflops": "calflops_flops", "deepspeed": "deepspeed_flops"}


class Counter(NamedTuple):
    """One tool's count of a net; ``over`` is its total minus the MACs, or minus two FLOPs per MAC.

    ``measured`` is what the installed tool gave, ``verdict`` whether that equals the count.
    """

    convention: Convention
    counted: Count
    over: int | None
    measured: Measured
    verdict: str

    @property
    def version(self) -> str | None:
        return self.measured.version or self.convention.version or None


COUNTED: tuple[Column[Counter], ...] = (
    Column("tool", "counter", lambda counter: counter.convention.name),
    Column("version", "version", lambda counter: counter.version, optional=True),
    Column("unit", "unit", lambda counter: counter.convention.unit),
    Column("total", "total", lambda counter: counter.counted.total, "integer"),
    Column("over", "over MACs", lambda counter: counter.over, "integer", optional=True),
)
MEASURED: tuple[Column[Counter], ...] = (
    Column("measured", "measured", lambda counter: counter.measured.total, "integer"),
    Column("verdict", "verdict", lambda counter: counter.verdict),
)
PARTS: Column[Counter] = Column("parts", "is the sum of", lambda counter: counter.counted.parts, "sum")


def reconcile(
    graph: Graph, layout: Layout, published: str = "", measured: Mapping[str, Measured] | None = None
) -> Report:
    """Every tool's total of ``graph`` in that module layout, part by part.

    ``published`` is the name under which sources print numbers of this net at this input. ``measured`` is what the
    installed tools gave for the module.
    """
    calls, macs = layout.calls, work_of(graph).macs
    counts = {tool: count(convention, calls) for tool, convention in TOOLS.items()}
    images = (graph.input.shape or (1,))[0]
    counters = [
        _counter(convention, counts[tool], macs, images, (measured or {}).get(tool, Measured(None, None)))
        for tool, convention in TOOLS.items()
    ]
    findings = [_differs(counter) for counter in counters if counter.verdict == "different"]
    return Report(
        kind="reconcile",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}, module layout of {layout.name}",
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            Fact("writing", "module layout", layout.name),
            Fact("macs", "MACs", macs, "count"),
            Fact("flops", "FLOPs", 2 * macs, "count"),
        ),
        tables=(
            tabulate("counters", "counters", (*COUNTED, *(MEASURED if measured is not None else ()), PARTS), counters),
            *_published(published, graph),
            _operations(calls),
            _rules(counts),
        ),
        findings=tuple(findings),
        notes=("over MACs: the total minus the MACs of convolutions and linear layers, or minus twice as many FLOPs",),
        ok=not findings,
        exit_code=FAILED if findings else OK,
    )


def flops_as(graph: Graph, tool: str, layout: Layout) -> Report:
    """The total that ``tool`` would give, by stage and by kind of operation.

    Raises:
        RequestError: no counter has that name.
    """
    convention = TOOLS.get(ALIASES.get(tool, tool))
    if convention is None:
        raise RequestError(f"unknown counter {tool!r}", hint=f"use one of {', '.join(TOOLS)}")
    whole = count(convention, layout.calls)
    by_stage: dict[str, list[Call]] = {}
    for call in layout.calls:
        by_stage.setdefault(call.node.stage, []).append(call)
    columns: tuple[Column[tuple[str, Count]], ...] = (
        Column("stage", "stage", lambda stage: stage[0]),
        Column("total", f"{convention.unit}s", lambda stage: stage[1].total, "integer"),
        Column("share", "%", lambda stage: share(stage[1].total, whole.total), "share"),
        Column("parts", "is the sum of", lambda stage: stage[1].parts, "sum"),
    )
    stages = [(stage, count(convention, inside)) for stage, inside in by_stage.items()]
    total: dict[str, Value] = {"stage": "total", "total": whole.total, "parts": whole.parts}
    return Report(
        kind="flops",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}, as {convention.name} counts",
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            Fact("tool", "counter", convention.name),
            Fact("version", "version", convention.version or None),
            Fact("unit", "unit", convention.unit),
            Fact("writing", "module layout", layout.name),
            Fact("total", "total", whole.total, "count"),
        ),
        tables=(tabulate("stages", "by stage", columns, stages, total),),
        notes=(f"{convention.doc}; not counted: {_uncounted(whole) or 'nothing'}",),
    )


def _counter(convention: Convention, counted: Count, macs: int, images: int, measured: Measured) -> Counter:
    work = macs // images if convention.per_image else macs
    learned = {"MAC": work, "FLOP": 2 * work, "element": None}[convention.unit]
    over = None if learned is None else counted.total - learned
    return Counter(convention, counted, over, measured, _verdict(convention.name, counted.total, measured))


def _verdict(tool: str, ours: int, measured: Measured) -> str:
    if tool == CONV_FC.name:
        return "ours"
    if measured.total is None:
        return measured.why or "not installed"
    return "equal" if measured.total == ours else "different"


def _differs(counter: Counter) -> Finding:
    tool, measured = counter.convention.name, counter.measured
    message = f"{tool} {measured.version} gives {measured.total:,}, its rules give {counter.counted.total:,}"
    hint = f"the rules were read off version {counter.convention.version}: trust the tool"
    return Finding("different", tool, message, hint)


def _rules(counts: Mapping[str, Count]) -> Table:
    columns: tuple[Column[str], ...] = (
        Column("tool", "counter", lambda tool: tool),
        Column("doc", "how it counts", lambda tool: TOOLS[tool].doc),
        Column("uncounted", "does not count", lambda tool: _uncounted(counts[tool]) or None),
    )
    return tabulate("rules", "how each counts", columns, TOOLS)


def _uncounted(result: Count) -> str:
    return ", ".join(f"{kind} ×{calls}" if calls > 1 else kind for kind, calls in result.uncounted.items())


def _operations(calls: list[Call]) -> Table:
    """The operations of the net, as the rules read them."""
    by_kind: dict[str, list[Call]] = {}
    for call in calls:
        by_kind.setdefault(call.kind, []).append(call)
    columns: tuple[Column[tuple[str, list[Call]]], ...] = (
        Column("op", "operation", lambda kind: kind[0]),
        Column("calls", "calls", lambda kind: len(kind[1]), "integer"),
        Column(
            "inputs", "elements in", lambda kind: sum(x.numel for call in kind[1] for x in call.node.ins[:1]), "integer"
        ),
        Column("outputs", "elements out", lambda kind: sum(call.node.out.numel for call in kind[1]), "integer"),
        Column("macs", "MACs", lambda kind: sum(map(_macs, kind[1])) or None, "integer"),
    )
    return tabulate("operations", "operations to count", columns, by_kind.items())


def _elements_in(call: Call) -> int:
    """Elements of the first input; a constant has none."""
    return sum(x.numel for x in call.node.ins[:1])


def _macs(call: Call) -> int:
    """The MACs of a call; a bias has none, though its node does."""
    return call.node.macs if call.kind == call.node.kind else 0


def _published(name: str, graph: Graph) -> tuple[Table, ...]:
    """The numbers that sources print of the net ``name``, recounted."""
    entries = [e for e in PUBLISHED if e.variant == name and e.quantity == "macs"]
    if not entries:
        return ()
    recounts = {entry: recount(entry, graph) for entry in entries}

    def how(entry: Published) -> str:
        total, words = recounts[entry]
        truncated = not entry.rounds_from(total) and entry.truncates_from(total)
        words = words or "multiply-accumulates of convolutions and linear layers"
        return f"{words}, truncated" if truncated else words

    columns: tuple[Column[Published], ...] = (
        Column("source", "source", lambda entry: entry.source),
        Column("printed", "printed", lambda entry: f"{entry.printed} G"),
        Column("counted", "recounted", lambda entry: int(recounts[entry][0]), "integer"),
        Column("how", "how", how),
    )
    return (tabulate("published", "published", columns, entries),)
