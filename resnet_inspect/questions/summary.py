"""What a network consists of and what each part costs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from resnet_inspect.counting.accuracy import Accuracy
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.blocks import alias, block_name, blocks_by_stage, calls, made_of, projecting, row_of
from resnet_inspect.graph.facts.receptive_field import View, views
from resnet_inspect.graph.facts.work import Work, sum_of, work_by
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.questions.accuracy import accuracy_facts, accuracy_notes
from resnet_inspect.questions.predicted import predicted_facts, prediction_notes
from resnet_inspect.questions.unseen import unseen_notes
from resnet_inspect.report import Column, Fact, Report, Table, tabulate
from resnet_inspect.units import Value, giga, share
from resnet_inspect.vocabulary import Depth

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Profile


class Part(NamedTuple):
    """A stage, a block or a call, its cost, and the receptive field of its output."""

    name: str
    nodes: list[Node]
    work: Work
    view: View | None


VIEW: tuple[Column[Part], ...] = (
    Column("receptive_field", "RF", lambda part: part.view.field if part.view else None, "integer", spare=True),
    Column("jump", "jump", lambda part: part.view.jump if part.view else None, "integer", spare=True),
    Column("padding", "pad", lambda part: part.view.padding if part.view else None, "integer", spare=True),
    Column("whole_image_through", "", lambda part: (part.view and part.view.whole_through) or None),
)


def summary(
    graph: Graph, depth: Depth = "stage", published: Sequence[Accuracy] = (), profile: "Profile | None" = None
) -> Report:
    """A row for each stage, block or call, with its share of the totals and the receptive field of its output.

    ``published`` are results of the net's trained weights; ``profile`` adds predicted times.
    """
    key = row_of(graph, depth)
    works = work_by(graph, key)
    total = sum_of(works)
    nodes: dict[str, list[Node]] = {name: [] for name in works}
    for _, node in graph.calls:
        nodes[key(node)].append(node)
    seen = {key(node): view for node, view in zip(graph.nodes, views(graph), strict=True)}
    parts = [Part(name, nodes[name], work, seen[name]) for name, work in works.items()]
    times = _times(graph, key, profile) if profile else ()
    table = {"stage": _stages, "block": _blocks, "layer": _layers}[depth](graph, parts, total, times)
    return Report(
        kind="summary",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}",
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            *total_facts(graph, total),
            *accuracy_facts(published, graph.input.shape),
            *(predicted_facts(graph, profile) if profile else ()),
        ),
        tables=(table,),
        notes=(
            *counting_notes(graph, total.macs, total.macs_without_weights),
            *accuracy_notes(published, graph.input.shape),
            *_field_note(parts),
            *_borders(graph),
            *_too_small(graph),
            *unseen_notes(graph),
            *(prediction_notes(graph, profile) if profile else ()),
        ),
    )


def total_facts(graph: Graph, total: Work) -> tuple[Fact, ...]:
    """The totals of a network, under the names that every command uses."""
    frozen = sum(prod(shape) for name, shape in graph.weights().items() if name in graph.frozen) if graph.frozen else 0
    without = total.macs_without_weights
    return (
        Fact("params", "parameters", total.params, "count"),
        *([Fact("trainable_params", "trainable", total.params - frozen, "count")] if frozen else []),
        Fact("weight_bytes", "weights, fp32", 4 * total.params, "bytes"),
        Fact("buffers", "buffers", total.buffers, "count"),
        Fact("macs", "MACs", total.macs, "count"),
        *([Fact("macs_without_weights", "MACs without weights", without, "count")] if without else []),
        Fact("flops", "FLOPs", 2 * total.macs, "count"),
        Fact("activations", "activations", total.activations, "count"),
    )


def _borders(graph: Graph) -> Iterator[str]:
    """The tensors that the network takes and returns, where these are several."""
    for verb, positions in (("takes", graph.inputs), ("returns", graph.returned)):
        if len(positions) > 1:
            tensors = ", ".join(f"{graph.nodes[i].name} {graph.nodes[i].out}" for i in positions)
            yield f"it {verb} {len(positions)} tensors: {tensors}"


def _too_small(graph: Graph) -> Iterator[str]:
    """The stages whose every larger kernel reads maps of 1×1."""
    maps: dict[str, list[tuple[int, ...]]] = {}
    for node in graph.nodes:
        if isinstance(node.op, Conv2d) and node.op.kernel_size > 1:
            maps.setdefault(node.stage, []).append(node.ins[0].shape[2:])
    if stages := [stage for stage, sizes in maps.items() if set(sizes) == {(1, 1)}]:
        small = "the maps are 1×1, so all of a 3×3 kernel but its centre reads padding; give a larger --input"
        yield f"{', '.join(stages)}: {small}"


def counting_notes(graph: Graph, macs: int, without_weights: int) -> Iterator[str]:
    """How MACs and FLOPs relate to the numbers in papers, and what they leave out."""
    paper = 'where a paper gives a ResNet\'s "FLOPs", it counts MACs'
    if graph.name == "resnet50" and graph.input.shape == (1, 3, 224, 224):
        paper = 'the ResNet paper\'s "4 GFLOPs" are MACs'
    yield f"{giga(macs)} GMACs = {giga(2 * macs)} GFLOPs; {paper}"
    if without_weights:
        total = giga(2 * (macs + without_weights))
        yield (
            f"MACs have a learned weight as a factor; {giga(without_weights)} GMACs more have none, as attention's "
            f"products and fixed filters; with them it is {total} GFLOPs, as torch's FlopCounterMode counts"
        )


def _field_note(parts: list[Part]) -> Iterator[str]:
    """What the column RF leaves out, from the first row on that has it."""
    for part in parts:
        if part.view and (through := part.view.whole_through):
            what = "a gate" if through == "gate" else through
            yield f"RF is through convolutions and pools alone; from {part.name} on, {what} sees the whole image"
            return


def _params(total: Work) -> tuple[Column[Part], ...]:
    return (
        Column("params", "params", lambda part: part.work.params, "count"),
        Column("params_share", "%", lambda part: share(part.work.params, total.params), "share", optional=True),
    )


def _counts(total: Work) -> tuple[Column[Part], ...]:
    return (
        Column("macs", "MACs", lambda part: part.work.macs, "count"),
        Column("macs_share", "%", lambda part: share(part.work.macs, total.macs), "share", optional=True),
        Column("flops", "FLOPs", lambda part: 2 * part.work.macs, "count", optional=True),
        Column("activations", "activ.", lambda part: part.work.activations, "count"),
        Column(
            "activations_share",
            "%",
            lambda part: share(part.work.activations, total.activations),
            "share",
            optional=True,
        ),
    )


def _sums(total: Work) -> dict[str, Value]:
    return {
        "params": total.params,
        "macs": total.macs,
        "flops": 2 * total.macs,
        "activations": total.activations,
    }


def _times(graph: Graph, key: Callable[[Node], str], profile: "Profile") -> tuple[Column[Part], ...]:
    """The predicted time of each part; none where the net is outside the calibration."""
    ms = profile.predict_parts(graph, key)
    return (Column("predicted_ms", "predicted", lambda part: ms.get(part.name), "ms"),) if ms else ()


def _stages(graph: Graph, parts: list[Part], total: Work, times: "tuple[Column[Part], ...]") -> Table:
    blocks, with_convolution = blocks_by_stage(graph), projecting(graph)
    # If one stage has no name in the paper, the net's stem and head are not the paper's either.
    in_the_paper = all(alias(part.name) for part in parts)

    def made(part: Part) -> str:
        return made_of(graph, blocks.get(part.name, []), with_convolution) or calls(part.nodes)

    columns: tuple[Column[Part], ...] = (
        Column("stage", "stage", lambda part: part.name),
        Column("alias", "paper", lambda part: alias(part.name) if in_the_paper else None, optional=True),
        Column("blocks", "blocks", lambda part: len(blocks.get(part.name, [])), "integer", optional=True),
        Column("made_of", "made of", made),
        Column("output", "output", lambda part: part.work.output.shape, "shape"),
        *(replace(column, optional=False) for column in (*_params(total), *_counts(total))),
        *times,
        *VIEW,
    )
    sums = {"stage": "total", "blocks": sum(map(len, blocks.values())), **_sums(total)}
    return tabulate("stages", "stages", columns, parts, sums)


def _blocks(graph: Graph, parts: list[Part], total: Work, times: "tuple[Column[Part], ...]") -> Table:
    with_convolution = projecting(graph)
    blocks = {block for stage in blocks_by_stage(graph).values() for block in stage}

    def kind(part: Part) -> str:
        return block_name(graph, part.name) if part.name in blocks else calls(part.nodes)

    def shortcut(part: Part) -> str:
        if part.name not in blocks:
            return ""
        return "projection" if part.name in with_convolution else "identity"

    columns: tuple[Column[Part], ...] = (
        Column("block", "block", lambda part: part.name),
        Column("made_of", "made of", kind, optional=True),
        Column("shortcut", "shortcut", shortcut),
        Column("output", "output", lambda part: part.work.output.shape, "shape"),
        *_params(total),
        *_counts(total),
        *times,
        *VIEW,
    )
    return tabulate("blocks", "blocks", columns, parts, {"block": "total", **_sums(total)})


def _layers(graph: Graph, parts: list[Part], total: Work, times: "tuple[Column[Part], ...]") -> Table:
    """Only convolutions and linear layers have MACs by definition; any other call has None there, not 0."""
    columns: tuple[Column[Part], ...] = (
        Column("name", "name", lambda part: part.name),
        Column("op", "op", lambda part: part.nodes[0].kind),
        Column("detail", "attributes", lambda part: part.nodes[0].op.detail, optional=True),
        Column("stage", "stage", lambda part: part.nodes[0].stage, optional=True),
        Column("output", "output", lambda part: part.work.output.shape, "shape"),
        *_params(total),
        *map(_where_counted, _counts(total)),
        *times,
        *VIEW,
    )
    return tabulate("layers", "layers", columns, parts, {"name": "total", **_sums(total)})


def _where_counted(column: Column[Part]) -> Column[Part]:
    """``column``, with None for a call without MACs."""
    return replace(column, value=lambda part: column.value(part) if part.work.macs else None)
