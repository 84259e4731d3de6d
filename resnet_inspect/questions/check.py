"""Our numbers against other people's: a verdict a row, and for a known difference, what they counted instead."""

from collections.abc import Mapping

from resnet_inspect.counting.convention import count
from resnet_inspect.counting.conventions import FVCORE, FVCORE_ACTIVATIONS, THOP, TORCH
from resnet_inspect.counting.published import PUBLISHED, Published
from resnet_inspect.counting.recount import counted_otherwise
from resnet_inspect.counting.writing import as_written
from resnet_inspect.errors import FAILED, OK
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import Work, work_of
from resnet_inspect.report import Column, Fact, Finding, Report, Row, Table
from resnet_inspect.resnet.zoo import Variant

KNOWN = "known difference"
COLUMNS = (
    Column("quantity", "quantity"),
    Column("ours", "ours", "integer"),
    Column("reference", "reference", "integer"),
    Column("source", "source"),
    Column("ok", "verdict"),
)


def check(
    found: Variant,
    graph: Graph,
    measured: Mapping[str, int],
    metadata: Mapping[str, tuple[int, float]],
    versions: Mapping[str, str],
) -> Report:
    """``measured``: what tools said of the built module; ``metadata``: what torchvision publishes of it, by weights.

    Printed numbers speak of a zoo variant and one image of its own size; asked of anything else, they are left out.
    """
    work, spec = work_of(graph), found.spec
    rows, findings = _tools(graph, work, measured), list[Finding]()
    as_published = found.family != "spec" and graph.input.shape == (
        1,
        spec.in_channels,
        spec.input_size,
        spec.input_size,
    )
    if as_published:
        rows += _metadata(work, metadata)
        for entry in PUBLISHED:
            if entry.variant == graph.name:
                row, finding = _printed(entry, graph, work)
                rows.append(row)
                findings += [finding] if finding else []
    verdicts = [row[4] for row in rows]
    failed = verdicts.count(False)
    notes = [f"{verdicts.count(True)} agree, {verdicts.count(KNOWN)} differ for a known reason, {failed} differ"]
    if not as_published:
        notes.append("printed numbers are left out: they speak of a variant of the zoo at its own input")
    return Report(
        kind="check",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}",
        facts=(
            Fact("ok", "holds", not failed),
            Fact("params", "parameters", work.params, "count"),
            Fact("macs", "MACs", work.macs, "count"),
            *(Fact(tool, tool, version) for tool, version in versions.items()),
        ),
        tables=(Table("checks", "checks", COLUMNS, tuple(rows)),),
        findings=tuple(findings),
        notes=tuple(notes),
        ok=not failed,
        exit_code=FAILED if failed else OK,
    )


def _tools(graph: Graph, work: Work, measured: Mapping[str, int]) -> list[Row]:
    calls = as_written(graph)
    ours = {
        "torch_params": ("parameters", work.params, "torch"),
        "thop_params": ("thop parameters", _thop_params(graph), "thop"),
        "torch": ("FLOPs", count(TORCH, calls).total, "torch FlopCounterMode"),
        "fvcore": ("fvcore total", count(FVCORE, calls).total, "fvcore"),
        "fvcore_activations": ("activations", count(FVCORE_ACTIVATIONS, calls).total, "fvcore"),
        "thop": ("thop total", count(THOP, calls).total, "thop"),
    }
    return [
        (quantity, value, measured[key], f"{tool}, run here", value == measured[key])
        for key, (quantity, value, tool) in ours.items()
    ]


def _thop_params(graph: Graph) -> int:
    """thop sums the parameters of the modules that it has a rule for, and so misses GroupNorm's."""
    return sum(node.params for node in graph.weight_owners() if node.kind in THOP.modules)


def _metadata(work: Work, metadata: Mapping[str, tuple[int, float]]) -> list[Row]:
    rows: list[Row] = []
    for weights, (params, gmacs) in metadata.items():
        source = f"torchvision, {weights}"
        rows.append(("parameters", work.params, params, source, work.params == params))
        rows.append(("MACs", work.macs, round(gmacs * 1e9), source, round(work.macs / 1e9, 3) == gmacs))
    return rows


def _printed(entry: Published, graph: Graph, work: Work) -> tuple[Row, Finding | None]:
    """True if our count rounds to the printed digits; a known difference if what the source counted does."""
    ours = work.params if entry.quantity == "params" else work.macs
    quantity = {"params": "parameters", "macs": "MACs"}[entry.quantity]
    source = f"{entry.source}: {entry.printed}"
    if entry.rounds_from(ours):
        return (quantity, ours, entry.value, source, True), None
    theirs, why = counted_otherwise(entry, graph)
    said = [f"{why}, which gives {round(theirs):,}"] if why else []
    if entry.rounds_from(theirs):
        return (quantity, ours, entry.value, source, KNOWN), Finding(KNOWN, source, said[0])
    if entry.truncates_from(theirs):
        reason = "; ".join([*said, "printed truncated, not rounded"])
        return (quantity, ours, entry.value, source, KNOWN), Finding(KNOWN, source, reason)
    return (quantity, ours, entry.value, source, False), Finding("differs", source, "no rule known gives this")
