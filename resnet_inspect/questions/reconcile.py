"""One net under every counter's rules: what each adds to the multiply-accumulates and what it leaves out."""

from collections.abc import Mapping

from resnet_inspect.counting.convention import Convention, Count, count
from resnet_inspect.counting.conventions import CONV_FC, COUNTERS
from resnet_inspect.counting.published import PUBLISHED
from resnet_inspect.counting.recount import counted_otherwise
from resnet_inspect.counting.run import Measured
from resnet_inspect.counting.writing import Call, as_written
from resnet_inspect.errors import FAILED, OK, RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.report import Column, Fact, Finding, Report, Row, Table
from resnet_inspect.resnet.zoo import Variant
from resnet_inspect.units import share

TOOLS: dict[str, Convention] = {convention.name: convention for convention in COUNTERS}
# Who asks for calflops or DeepSpeed by its name means its headline, FLOPs.
ALIASES = {"calflops": "calflops_flops", "deepspeed": "deepspeed_flops"}
COUNTED = (
    Column("tool", "counter"),
    Column("version", "version", optional=True),
    Column("unit", "unit"),
    Column("total", "total", "integer"),
    Column("over", "beside MACs", "integer", optional=True),
    Column("parts", "is the sum of", "sum"),
)
MEASURED = (Column("measured", "measured", "integer"), Column("verdict", "verdict"))


def reconcile(found: Variant, graph: Graph, writing: str, measured: Mapping[str, Measured] | None = None) -> Report:
    """Every counter's total of ``graph``, part by part; ``measured`` are the tools really run on the built module."""
    calls = as_written(graph, writing)
    counts = {tool: count(convention, calls) for tool, convention in TOOLS.items()}
    macs = counts[CONV_FC.name].total
    columns = COUNTED if measured is None else (*COUNTED[:-1], *MEASURED, COUNTED[-1])
    rows, findings = list[Row](), list[Finding]()
    for tool, convention in TOOLS.items():
        total, parts = counts[tool].total, counts[tool].parts
        units = {"MAC": 1, "FLOP": 2}.get(convention.unit)
        said: Row = ()
        version = convention.version
        if measured is not None:
            theirs = measured.get(tool, Measured(None, None))
            said = (theirs.total, _verdict(tool, total, theirs))
            version = theirs.version or version
            if said[1] == "different":
                findings.append(_differs(tool, total, theirs, convention))
        own = macs // graph.input.shape[0] if convention.per_image else macs
        over = None if units is None else total - units * own
        rows.append((tool, version or None, convention.unit, total, over, *said, parts))
    return Report(
        kind="reconcile",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}, written as in {writing}",
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            Fact("writing", "written as in", writing),
            Fact("macs", "MACs", macs, "count"),
            Fact("flops", "FLOPs", 2 * macs, "count"),
        ),
        tables=(
            Table("counters", "counters", columns, tuple(rows)),
            *_published(found, graph),
            _ledger(calls),
            _rules(counts),
        ),
        findings=tuple(findings),
        notes=("beside MACs: the total less one MAC, or two FLOPs, of each learned convolution and linear layer",),
        ok=not findings,
        exit_code=FAILED if findings else OK,
    )


def counted_as(graph: Graph, tool: str, writing: str) -> Report:
    """The total that one counter would give, by stage and by kind of operation.

    Raises:
        RequestError: no counter goes by that name.
    """
    convention = TOOLS.get(ALIASES.get(tool, tool))
    if convention is None:
        raise RequestError(f"no counter goes by the name {tool!r}", hint=f"use one of {', '.join(TOOLS)}")
    calls = as_written(graph, writing)
    whole = count(convention, calls)
    by_stage: dict[str, list[Call]] = {}
    for call in calls:
        by_stage.setdefault(call.node.stage, []).append(call)
    columns = (
        Column("stage", "stage"),
        Column("total", f"{convention.unit}s", "integer"),
        Column("share", "%", "share"),
        Column("parts", "is the sum of", "sum"),
    )
    rows: list[Row] = []
    for stage, inside in by_stage.items():
        part = count(convention, inside)
        rows.append((stage, part.total, share(part.total, whole.total), part.parts))
    return Report(
        kind="flops",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}, as {convention.name} counts",
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            Fact("tool", "counter", convention.name),
            Fact("version", "version", convention.version or None),
            Fact("unit", "unit", convention.unit),
            Fact("writing", "written as in", writing),
            Fact("total", "total", whole.total, "count"),
        ),
        tables=(Table("stages", "by stage", columns, tuple(rows), ("total", whole.total, None, whole.parts)),),
        notes=(f"{convention.doc}; not counted: {_uncounted(whole) or 'nothing'}",),
    )


def _verdict(tool: str, ours: int, theirs: Measured) -> str:
    if tool == CONV_FC.name:
        return "ours"
    if theirs.total is None:
        return theirs.why or "not installed"
    return "equal" if theirs.total == ours else "different"


def _differs(tool: str, ours: int, theirs: Measured, convention: Convention) -> Finding:
    said = f"{tool} {theirs.version} says {theirs.total:,}, its rule {ours:,}"
    return Finding("different", tool, said, f"the rule was read off {convention.version}: trust the tool")


def _rules(counts: Mapping[str, Count]) -> Table:
    columns = (Column("tool", "counter"), Column("doc", "how it counts"), Column("uncounted", "does not count"))
    rows = tuple((tool, TOOLS[tool].doc, _uncounted(result) or None) for tool, result in counts.items())
    return Table("rules", "how each counts", columns, rows)


def _uncounted(result: Count) -> str:
    return ", ".join(f"{kind} ×{calls}" if calls > 1 else kind for kind, calls in result.uncounted.items())


def _ledger(calls: list[Call]) -> Table:
    """What there is to count, as every rule reads it."""
    sums: dict[str, list[int]] = {}
    for call in calls:
        row = sums.setdefault(call.kind, [0, 0, 0, 0])
        macs = call.node.macs if call.kind == call.node.kind else 0
        work = (1, call.node.ins[0].numel, call.node.out.numel, macs)
        sums[call.kind] = [a + b for a, b in zip(row, work, strict=True)]
    columns = (
        Column("op", "operation"),
        Column("calls", "calls", "integer"),
        Column("inputs", "elements in", "integer"),
        Column("outputs", "elements out", "integer"),
        Column("macs", "MACs", "integer"),
    )
    rows = tuple((kind, n, ins, outs, macs or None) for kind, (n, ins, outs, macs) in sums.items())
    return Table("ledger", "what there is to count", columns, rows)


def _published(found: Variant, graph: Graph) -> tuple[Table, ...]:
    """Printed numbers of this variant at its own input, and what each counted."""
    spec = found.spec
    own = (1, spec.in_channels, spec.input_size, spec.input_size)
    entries = [e for e in PUBLISHED if e.variant == graph.name and e.quantity == "macs"]
    if found.family == "spec" or graph.input.shape != own or not entries:
        return ()
    rows: list[Row] = []
    for entry in entries:
        value, words = counted_otherwise(entry, graph)
        how = words or "multiply-accumulates of convolutions and linear layers"
        if not entry.rounds_from(value) and entry.truncates_from(value):
            how += ", truncated"
        rows.append((entry.source, f"{entry.printed} G", int(value), how))
    columns = (
        Column("source", "source"),
        Column("printed", "printed"),
        Column("counted", "counted so", "integer"),
        Column("how", "how"),
    )
    return (Table("published", "published", columns, tuple(rows)),)
