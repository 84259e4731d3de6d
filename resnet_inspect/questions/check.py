"""Compare our numbers with other tools' and with published ones, and explain each known difference."""

from collections.abc import Mapping
from typing import NamedTuple

from resnet_inspect.counting.conventions import FVCORE, FVCORE_ACTIVATIONS, THOP, TORCH
from resnet_inspect.counting.count import count
from resnet_inspect.counting.published import PUBLISHED, Published
from resnet_inspect.counting.recount import recount
from resnet_inspect.counting.writing import as_written
from resnet_inspect.errors import FAILED, OK
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import Work, work_of
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.resnet.zoo import Variant

KNOWN = "known difference"


class Check(NamedTuple):
    """Our number and a reference; ``verdict`` is whether they agree, or ``KNOWN`` where the difference is explained."""

    quantity: str
    ours: int
    reference: int
    source: str
    verdict: bool | str


COLUMNS: tuple[Column[Check], ...] = (
    Column("quantity", "quantity", lambda check: check.quantity),
    Column("ours", "ours", lambda check: check.ours, "integer"),
    Column("reference", "reference", lambda check: check.reference, "integer"),
    Column("source", "source", lambda check: check.source),
    Column("ok", "verdict", lambda check: check.verdict),
)


def check(
    variant: Variant,
    graph: Graph,
    measured: Mapping[str, int],
    metadata: Mapping[str, tuple[int, float]],
    versions: Mapping[str, str],
) -> Report:
    """A row for each comparison.

    ``measured`` has the totals that tools gave for the built module, ``metadata`` torchvision's parameters and GMACs
    by weights. Published numbers hold for a zoo variant and one image of its own size; any other graph leaves them out.
    """
    work, spec = work_of(graph), variant.spec
    checks, findings = _tools(graph, work, measured), list[Finding]()
    as_published = variant.family != "spec" and graph.input.shape == (
        1,
        spec.in_channels,
        spec.input_size,
        spec.input_size,
    )
    if as_published:
        checks += _metadata(work, metadata)
        for entry in PUBLISHED:
            if entry.variant == graph.name:
                row, finding = check_published(entry, graph, work)
                checks.append(row)
                findings += [finding] if finding else []
    verdicts = [check.verdict for check in checks]
    failed = verdicts.count(False)
    notes = [f"{verdicts.count(True)} agree, {verdicts.count(KNOWN)} differ for a known reason, {failed} differ"]
    if not as_published:
        notes.append("published numbers are left out: they hold for a variant of the zoo and one image of its own size")
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
        tables=(tabulate("checks", "checks", COLUMNS, checks),),
        findings=tuple(findings),
        notes=tuple(notes),
        ok=not failed,
        exit_code=FAILED if failed else OK,
    )


def _tools(graph: Graph, work: Work, measured: Mapping[str, int]) -> list[Check]:
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
        Check(quantity, value, measured[key], f"{tool}, run here", value == measured[key])
        for key, (quantity, value, tool) in ours.items()
    ]


def _thop_params(graph: Graph) -> int:
    """thop sums only the parameters of modules for which it has a rule, and so misses GroupNorm's."""
    return sum(node.params for node in graph.weight_owners() if node.kind in THOP.modules)


def _metadata(work: Work, metadata: Mapping[str, tuple[int, float]]) -> list[Check]:
    checks: list[Check] = []
    for weights, (params, gmacs) in metadata.items():
        source = f"torchvision, {weights}"
        checks.append(Check("parameters", work.params, params, source, work.params == params))
        checks.append(Check("MACs", work.macs, round(gmacs * 1e9), source, round(work.macs / 1e9, 3) == gmacs))
    return checks


def check_published(entry: Published, graph: Graph, work: Work) -> tuple[Check, Finding | None]:
    """Whether our count rounds to the printed digits; if not, whether the recount rounds or truncates to them."""
    ours = work.params if entry.quantity == "params" else work.macs
    quantity = {"params": "parameters", "macs": "MACs"}[entry.quantity]
    source = f"{entry.source}: {entry.printed}"
    if entry.rounds_from(ours):
        return Check(quantity, ours, entry.value, source, True), None
    total, explanation = recount(entry, graph)
    reasons = [f"{explanation}, which gives {round(total):,}"] if explanation else []
    if entry.rounds_from(total):
        return Check(quantity, ours, entry.value, source, KNOWN), Finding(KNOWN, source, reasons[0])
    if entry.truncates_from(total):
        reasons.append("the printed digits are truncated, not rounded")
        return Check(quantity, ours, entry.value, source, KNOWN), Finding(KNOWN, source, "; ".join(reasons))
    return Check(quantity, ours, entry.value, source, False), Finding("differs", source, "no known rule gives it")
