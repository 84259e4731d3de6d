"""What a network is made of and what each part costs."""

from collections.abc import Callable, Mapping
from operator import attrgetter

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.blocks import alias, block_name, blocks_by_stage, calls, made_of, projecting
from resnet_inspect.graph.facts.receptive_field import View, views
from resnet_inspect.graph.facts.work import Work, block_of, stage_of, sum_of, work_by
from resnet_inspect.report import Column, Fact, Report, Row, Table
from resnet_inspect.units import giga, share
from resnet_inspect.vocabulary import Depth

GROUPS: dict[Depth, Callable[[Node], str]] = {"stage": stage_of, "block": block_of, "layer": attrgetter("name")}
Seen = Mapping[str, View | None]

COST = (
    Column("params", "params", "count"),
    Column("params_share", "%", "share", optional=True),
    Column("macs", "MACs", "count"),
    Column("macs_share", "%", "share", optional=True),
    Column("flops", "FLOPs", "count", optional=True),
    Column("activations", "activ.", "count"),
    Column("activations_share", "%", "share", optional=True),
)
VIEW = (
    Column("receptive_field", "RF", "integer", spare=True),
    Column("jump", "jump", "integer", spare=True),
    Column("padding", "pad", "integer", spare=True),
)


def summary(graph: Graph, depth: Depth = "stage") -> Report:
    """One row a stage, a block or a call, each with its share of the totals and what its output sees of the image."""
    key = GROUPS[depth]
    parts = work_by(graph, key)
    total = sum_of(parts)
    seen = {key(node): view for node, view in zip(graph.nodes, views(graph), strict=True)}
    table = {"stage": _stages, "block": _blocks, "layer": _layers}[depth](graph, parts, total, seen)
    return Report(
        kind="summary",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}",
        facts=(Fact("input", "input", graph.input.shape, "shape"), *total_facts(total)),
        tables=(table,),
        notes=(counting_note(graph, total.macs),),
    )


def total_facts(total: Work) -> tuple[Fact, ...]:
    """The totals of a network, named as every command names them."""
    return (
        Fact("params", "parameters", total.params, "count"),
        Fact("weight_bytes", "weights, fp32", 4 * total.params, "bytes"),
        Fact("buffers", "buffers", total.buffers, "count"),
        Fact("macs", "MACs", total.macs, "count"),
        Fact("flops", "FLOPs", 2 * total.macs, "count"),
        Fact("activations", "activations", total.activations, "count"),
    )


def counting_note(graph: Graph, macs: int) -> str:
    """How the work was counted, in the words a reader of papers needs."""
    paper = 'where a paper gives a ResNet\'s "FLOPs", it counts MACs'
    if graph.name == "resnet50" and graph.input.shape == (1, 3, 224, 224):
        paper = 'the ResNet paper\'s "4 GFLOPs" are MACs'
    return f"{giga(macs)} GMACs = {giga(2 * macs)} GFLOPs; {paper}"


def _cost(part: Work, total: Work) -> Row:
    return (
        part.params,
        share(part.params, total.params),
        part.macs,
        share(part.macs, total.macs),
        2 * part.macs,
        part.activations,
        share(part.activations, total.activations),
    )


def _view(view: View | None) -> Row:
    return (view.field, view.jump, view.padding) if view else (None, None, None)


def _total(total: Work) -> Row:
    return total.params, None, total.macs, None, 2 * total.macs, total.activations, None, None, None, None


def _stages(graph: Graph, parts: dict[str, Work], total: Work, seen: Seen) -> Table:
    blocks, with_convolution = blocks_by_stage(graph), projecting(graph)
    columns = (
        Column("stage", "stage"),
        Column("alias", "paper", optional=True),
        Column("blocks", "blocks", "integer", optional=True),
        Column("made_of", "made of"),
        Column("output", "output", "shape"),
        *(Column(c.key, c.title, c.unit) for c in COST),
        *VIEW,
    )
    in_the_paper = {stage: alias(stage) for stage in parts}
    if None in in_the_paper.values():  # another net's stem and head are not the paper's rows either
        in_the_paper = dict.fromkeys(parts)
    rows: list[Row] = []
    for stage, part in parts.items():
        paper, own = in_the_paper[stage], blocks[stage]
        made = made_of(graph, own, with_convolution) or calls(node for node in graph.nodes if node.stage == stage)
        rows.append((stage, paper, len(own), made, part.output.shape, *_cost(part, total), *_view(seen[stage])))
    last = ("total", None, sum(map(len, blocks.values())), None, None, *_total(total))
    return Table("stages", "stages", columns, tuple(rows), last)


def _blocks(graph: Graph, parts: dict[str, Work], total: Work, seen: Seen) -> Table:
    columns = (
        Column("block", "block"),
        Column("made_of", "made of", optional=True),
        Column("shortcut", "shortcut"),
        Column("output", "output", "shape"),
        *COST,
        *VIEW,
    )
    with_convolution = projecting(graph)
    blocks = {block for stage in blocks_by_stage(graph).values() for block in stage}
    rows: list[Row] = []
    for block, part in parts.items():
        if block in blocks:
            kind, shortcut = block_name(graph, block), "projection" if block in with_convolution else "identity"
        else:
            kind, shortcut = calls(node for node in graph.nodes if node.stage == block), ""
        rows.append((block, kind, shortcut, part.output.shape, *_cost(part, total), *_view(seen[block])))
    return Table("blocks", "blocks", columns, tuple(rows), ("total", None, None, None, *_total(total)))


def _layers(graph: Graph, parts: dict[str, Work], total: Work, seen: Seen) -> Table:
    """A call that is no convolution and no linear layer has no MACs by definition: none, rather than 0 counted."""
    columns = (
        Column("name", "name"),
        Column("op", "op"),
        Column("detail", "attributes", optional=True),
        Column("stage", "stage", optional=True),
        Column("output", "output", "shape"),
        *COST,
        *VIEW,
    )
    rows: list[Row] = []
    for node in graph.nodes[1:]:
        part = parts[node.name]
        params, params_share, *counted = _cost(part, total)
        cells = counted if part.macs else [None] * len(counted)
        costs = (params, params_share, *cells)
        view = _view(seen[node.name])
        rows.append((node.name, node.kind, node.op.detail, node.stage, node.out.shape, *costs, *view))
    return Table("layers", "layers", columns, tuple(rows), ("total", None, None, None, None, *_total(total)))
