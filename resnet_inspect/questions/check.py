"""Compare our numbers with other tools' and with published ones, and explain each known difference."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from resnet_inspect.counting.conventions import FVCORE, FVCORE_ACTIVATIONS, THOP, TORCH
from resnet_inspect.counting.count import count
from resnet_inspect.counting.published import PUBLISHED, Published
from resnet_inspect.counting.recount import recount
from resnet_inspect.counting.writing import Call
from resnet_inspect.errors import FAILED, OK
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import Work, work_of
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate

KNOWN = "known difference"
UNRULED = "no rule known"
# The operations of the zoo's nets and the classes of its libraries, for which the tools' rules were read.
RULED = {
    *("Conv2d", "Conv1d", "Linear", "BatchNorm2d", "GroupNorm", "ReLU", "Sigmoid", "Identity", "Dropout", "Flatten"),
    *("MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "BlurPool2d", "Mean", "Max", "Add", "Mul"),
    *("Cat", "Pad", "Reshape", "Slice", "Subsample", "Conv2d bias", "Linear bias", "weight standardisation"),
    *("StdConv2d", "StdConv2d bias", "timm.GroupNorm", "BatchNormAct2d", "GroupNormAct"),
}


class Measured(NamedTuple):
    """The totals that tools gave, by their conventions' names, and why a tool gave none."""

    totals: Mapping[str, int]
    failed: Mapping[str, str]


class Check(NamedTuple):
    """Our number and a reference; ``verdict`` is whether they agree.

    It is ``KNOWN`` where the difference is explained, ``UNRULED`` where a tool's rules are not known here.
    """

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
    graph: Graph,
    calls: Sequence[Call],
    published: str,
    measured: Measured,
    metadata: Mapping[str, tuple[int, float]],
    versions: Mapping[str, str],
) -> Report:
    """A row for each comparison.

    Args:
        calls: those of ``graph`` in the module layout that the tools saw.
        published: the name under which sources print numbers of this net at this input; empty where none do.
        measured: what the tools gave for the module, and why one failed.
        metadata: torchvision's parameters and GMACs of the net, by weights.
    """
    work = work_of(graph)
    checks, findings = _tools(graph, calls, work, measured.totals), list[Finding]()
    findings += [Finding("not run", tool, f"{tool} fails: {reason}") for tool, reason in measured.failed.items()]
    if unruled := _without_rules(calls):
        kinds = ", ".join(unruled)
        checks = [check._replace(verdict=UNRULED) if check.verdict is False else check for check in checks]
        if any(check.verdict == UNRULED for check in checks):
            findings.append(Finding(UNRULED, "tools", f"their rules for {kinds} are not known here"))
    if published:
        checks += _metadata(work, metadata)
        for entry in PUBLISHED:
            if entry.variant == published:
                row, finding = check_published(entry, graph, work)
                checks.append(row)
                findings += [finding] if finding else []
    verdicts = [check.verdict for check in checks]
    failed = verdicts.count(False)
    notes = [f"{verdicts.count(True)} agree, {verdicts.count(KNOWN)} differ for a known reason, {failed} differ"]
    if not published:
        notes.append(
            "published numbers are left out: they hold for a variant of the zoo or a library's net as it comes, and "
            "one image of its own size"
        )
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


def _tools(graph: Graph, calls: Sequence[Call], work: Work, measured: Mapping[str, int]) -> list[Check]:
    ours = {
        "torch_params": ("parameters", work.params, "torch"),
        "thop_params": ("thop parameters", _thop_params(calls), "thop"),
        "torch": ("FLOPs", count(TORCH, calls).total, "torch FlopCounterMode"),
        "fvcore": ("fvcore total", count(FVCORE, calls).total, "fvcore"),
        "fvcore_activations": ("activations", count(FVCORE_ACTIVATIONS, calls).total, "fvcore"),
        "thop": ("thop total", count(THOP, calls).total, "thop"),
    }
    return [
        Check(quantity, value, measured[key], f"{tool}, run here", value == measured[key])
        for key, (quantity, value, tool) in ours.items()
        if key in measured
    ]


def _without_rules(calls: Sequence[Call]) -> list[str]:
    """The kinds of calls and the classes of modules for which no rule of a tool was read: no ResNet has them."""
    kinds = dict.fromkeys(call.kind for call in calls if call.kind not in RULED)
    classes = dict.fromkeys(call.by for call in calls if call.by and call.by != call.kind and call.by not in RULED)
    return [*kinds, *classes]


def _thop_params(calls: Sequence[Call]) -> int:
    """thop sums only the parameters of modules for which it has a rule, and so misses GroupNorm's."""
    return sum({call.node.module: call.node.params for call in calls if call.by in THOP.modules}.values())


def _metadata(work: Work, metadata: Mapping[str, tuple[int, float]]) -> list[Check]:
    checks: list[Check] = []
    for weights, (params, gmacs) in metadata.items():
        source = f"torchvision, {weights}"
        checks.append(Check("parameters", work.params, params, source, work.params == params))
        macs = work.macs + work.macs_without_weights  # torchvision counts each product
        checks.append(Check("MACs", macs, round(gmacs * 1e9), source, round(macs / 1e9, 3) == gmacs))
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
