"""A net in code explained from its input to its output: what its calls tell, without what only a spec tells."""

from collections import Counter
from collections.abc import Callable
from math import prod
from operator import itemgetter

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.flops import explain_flops
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.blocks import block_name, blocks_by_stage, projecting, row_of
from resnet_inspect.graph.facts.receptive_field import by_stage
from resnet_inspect.graph.facts.work import Work, stage_of, sum_of, work_by
from resnet_inspect.report import Column, Report, Row, Section, Table, tabulate
from resnet_inspect.units import share, text

Parts = dict[str, list[Node]]  # the calls of each stage or block, by its name


def write_code_lesson(graph: Graph, language: str) -> Report:
    """The lesson on ``graph``; its main table is the sum of all stages."""
    say = Speaker(language)
    works = work_by(graph, stage_of)
    total = sum_of(works)
    blocks = blocks_by_stage(graph)
    projections = projecting(graph)
    of_stage, of_block = _group(graph, stage_of), _group(graph, row_of(graph, "block"))
    sections = [_explain_whole(graph, total, blocks, say)]
    for stage, nodes in of_stage.items():
        sections.append(_explain_stage(stage, nodes, works[stage], total, blocks.get(stage, []), say))
        for equal in _equal_blocks(blocks.get(stage, []), of_block):
            sections.append(_explain_blocks(graph, equal, of_block[equal[0]], equal[0] in projections, say))
    sections += [explain_flops(total.macs, say)] if total.macs else []
    return Report(
        kind="explain",
        model=graph.name,
        title=say("{model}, input {input}", model=graph.name, input=str(graph.input)),
        tables=(_add_up(graph, works, total, blocks, say),),
        sections=tuple(sections),
        notes=(say("this net is code: what only a spec tells is left out"),),
    )


def _group(graph: Graph, key: Callable[[Node], str]) -> Parts:
    parts: Parts = {}
    for node in graph.nodes:
        if node.stage:  # the input has none
            parts.setdefault(key(node), []).append(node)
    return parts


def _explain_whole(graph: Graph, total: Work, blocks: dict[str, list[str]], say: Speaker) -> Section:
    cost = say(
        "{model} turns {source} into {out}. It has {params} parameters and takes {macs} multiply-accumulates (MACs).",
        model=graph.name,
        source=str(graph.input),
        out=str(graph.output),
        params=write.integer(total.params),
        macs=write.integer(total.macs),
    )
    counts = [(1, len(paths)) for paths in blocks.values() if paths]
    repeated = say("Its blocks, counted by stage: {blocks}.", blocks=write.multiples(counts)) if counts else ""
    how = say("MACs: each weight of a convolution or linear layer is used once at every position of its output.")
    return Section("overview", say("{model} at a glance", model=graph.name), tuple(filter(None, (cost, repeated, how))))


def _explain_stage(stage: str, nodes: list[Node], work: Work, total: Work, blocks: list[str], say: Speaker) -> Section:
    source = nodes[0].ins[0] if nodes[0].ins else nodes[0].out
    title = say("{stage}: {source} → {out}", stage=stage, source=str(source), out=str(work.output))
    cost = say(
        "{params} parameters ({share} of the net) and {macs} MACs ({macs_share}).",
        params=write.integer(work.params),
        share=text(share(work.params, total.params), "share"),
        macs=write.integer(work.macs),
        macs_share=text(share(work.macs, total.macs), "share"),
    )
    paragraphs = [_explain_resolution(source.shape, work.output.shape, say), cost]
    if not blocks:
        paragraphs.append(_list_calls(nodes, say))
    table = None if blocks else _tabulate(stage, nodes, say)
    return Section(stage, title, tuple(filter(None, paragraphs)), table)


def _explain_resolution(before: tuple[int, ...], after: tuple[int, ...], say: Speaker) -> str:
    """What becomes of the map and its channels; empty where either end is no map."""
    if len(before) != 4 or len(after) != 4:
        return ""
    values = {
        "before": text(before[2:], "shape"),
        "after": text(after[2:], "shape"),
        "c": str(before[1]),
        "out": str(after[1]),
    }
    if before[2:] == after[2:]:
        return say("It keeps {before}; the channels go from {c} to {out}.", **values)
    return say("It takes the map from {before} to {after}, and the channels from {c} to {out}.", **values)


def _equal_blocks(blocks: list[str], of_block: Parts) -> list[list[str]]:
    """Groups of blocks with equal calls on equal shapes, in the order of the first of each."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for block in blocks:
        if nodes := of_block.get(block):
            look = tuple((node.kind, node.op.detail, node.ins, node.out) for node in nodes)
            groups.setdefault(look, []).append(block)
    return [*groups.values()]


def _explain_blocks(graph: Graph, blocks: list[str], nodes: list[Node], projects: bool, say: Speaker) -> Section:
    name = block_name(graph, blocks[0])
    first, last = blocks[0], blocks[-1]
    paths = first if first == last else f"{first} … {last}"
    source = nodes[0].ins[0] if nodes[0].ins else nodes[0].out
    title = say("{paths}: {name}, {source} → {out}", paths=paths, name=name, source=str(source), out=str(nodes[-1].out))
    paragraphs = [
        say("These {count} blocks are equal, so one stands for all.", count=str(len(blocks)))
        if len(blocks) > 1
        else "",
        say("Its shortcut has a convolution: a projection.") if projects else "",
        _list_calls(nodes, say),
    ]
    return Section(first, title, tuple(filter(None, paragraphs)), _tabulate(first, nodes, say))


def _list_calls(nodes: list[Node], say: Speaker) -> str:
    """The calls without weights, which the table leaves out."""
    counts = Counter(_kind(node) for node in nodes if not node.params)
    if not counts:
        return ""
    calls = [f"{kind} ×{n}" if n > 1 else kind for kind, n in counts.items()]
    return say("Calls without weights: {calls}.", calls=", ".join(calls))


def _kind(node: Node) -> str:
    return getattr(node.op, "function", node.kind)


def _tabulate(key: str, nodes: list[Node], say: Speaker) -> Table:
    """One row per call with weights or MACs, whose parameters and MACs add up to the part's."""
    columns: tuple[Column[Row], ...] = (
        Column("layer", say("layer"), itemgetter(0)),
        Column("op", say("operation"), itemgetter(1)),
        Column("output", say("output"), itemgetter(2), "shape"),
        Column("weights", say("weights"), itemgetter(3)),
        Column("params", say("parameters"), itemgetter(4), "integer"),
        Column("macs", say("MACs"), itemgetter(5), "integer"),
    )
    rows: list[Row] = []
    owned: dict[str, int] = {}  # elements of each learned tensor
    for node in nodes:
        if not (node.params or node.macs):
            continue
        new = {name: prod(shape) for name, shape in node.weights().items() if name not in owned}
        owned |= new
        worked, params = (_worked(node), sum(new.values())) if new else (None, None)
        operation = f"{_kind(node)} {node.op.detail}".strip() if node.macs else _kind(node)
        rows.append((node.name.removeprefix(f"{key}."), operation, node.out.shape, worked, params, node.macs or None))
    total = (say("total"), None, None, None, sum(owned.values()), sum(node.macs for node in nodes))
    return tabulate(key, key, columns, rows, total)


def _worked(node: Node) -> str | None:
    """The weights as a product, where the operation is one that has a formula here; else their shapes."""
    if node.kind in ("Conv2d", "Linear", "Conv1d"):
        return write.weights(node)
    shapes = [*node.op.params().values()]
    return " + ".join("·".join(map(str, shape)) or "1" for shape in shapes)


def _add_up(graph: Graph, works: dict[str, Work], total: Work, blocks: dict[str, list[str]], say: Speaker) -> Table:
    views = dict(by_stage(graph))
    rows: list[Row] = []
    for stage, work in works.items():
        if stage:
            view = views.get(stage)
            field = view.field if view else None
            rows.append((stage, len(blocks.get(stage, [])), work.output.shape, field, work.params, work.macs))
    columns: tuple[Column[Row], ...] = (
        Column("stage", say("stage"), itemgetter(0)),
        Column("blocks", say("blocks"), itemgetter(1), "integer"),
        Column("output", say("output"), itemgetter(2), "shape"),
        Column("field", say("sees"), itemgetter(3), "integer", optional=True),
        Column("params", say("parameters"), itemgetter(4), "integer"),
        Column("macs", say("MACs"), itemgetter(5), "integer"),
    )
    in_total = (say("total"), sum(map(len, blocks.values())), None, None, total.params, total.macs)
    return tabulate("stages", say("stages"), columns, rows, in_total)
