"""Rules on cost: channels, parameters and time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import stage_of, work_by, work_of
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.linter.rule import Hit, StageTimes, Subject, join_values, name_span
from resnet_inspect.units import text

if TYPE_CHECKING:
    from resnet_inspect.benchmark.breakdown import Breakdown
    from resnet_inspect.benchmark.record import Record

# NVIDIA, Deep Learning Performance: Convolutional Layers, "Channels In And Out": multiples of 16 bytes.
ALIGNMENT = {"fp16": 8, "bf16": 8, "tf32": 4, "int8": 16}
PRECISIONS = tuple(ALIGNMENT)
HEAVY_HEAD = 0.5  # share of the parameters
MUCH_TIME = 0.25  # share of the net's time in one stage
FEW_MACS = 0.5  # share of the MACs over share of the time


def misaligned_channels(subject: Subject) -> Iterator[Hit]:
    """Channels that do not fit tensor cores

    A tensor core multiplies small matrices as a whole and reads 16 bytes at a time: 8 channels of
    fp16 or bf16, 4 of tf32, 16 of int8. NVIDIA's Deep Learning Performance guide ("Convolutional
    Layers User's Guide") asks for multiples of that, for input and output channels. The library
    pads other numbers, or runs them on kernels without tensor cores. Either way you pay for the
    padded channels.

    In a grouped convolution each group is a separate product, so the channels per group count. A
    32×4d ResNeXt has 4 in the first stage, half of what fp16 wants; 32×8d fits.

    Round widths up. The rule ignores the image's three channels, since cuDNN pads them once and has
    kernels for them. It also ignores the classifier, since nobody chooses the number of classes for
    speed.
    """
    if subject.precision is None:
        return
    multiple = ALIGNMENT[subject.precision]
    convs = [(node, node.op) for node in subject.graph.nodes if isinstance(node.op, Conv2d) and node.stage != "head"]
    convs = [(node, op) for node, op in convs if not subject.is_in_gate(node)]
    misaligned = {}
    for i, (node, op) in enumerate(convs):
        channels = {op.out_channels // op.groups} | ({op.in_channels // op.groups} if i else set())
        if any(c % multiple for c in channels):
            misaligned[node.name] = (node.macs, {c for c in channels if c % multiple})
    if misaligned:
        values = {
            "count": f"{len(misaligned)}",
            "all": f"{len(convs)}",
            "share": text(sum(macs for macs, _ in misaligned.values()) / work_of(subject.graph).macs, "share"),
            "channels": join_values(sorted(set.union(*(channels for _, channels in misaligned.values()))), "integer"),
            "precision": subject.precision,
            "multiple": f"{multiple}",
        }
        yield Hit(name_span(list(misaligned)), values)


def heavy_head(subject: Subject) -> Iterator[Hit]:
    """A classifier that holds most of the parameters

    The last layer has a weight for each feature and class. ResNet-18 has 512 features and 1,000
    classes: 513,000 parameters, 4% of the net. With 100,000 classes they are 51 million, four
    fifths of it. Half of the parameters or more then serve one matrix product with under 3% of the
    MACs. The cost is memory: weights, gradients and optimizer state, in every step.

    Put a narrow layer before it (a product of two thin matrices), share what classes have in
    common, or sample the classes while training, as Partial FC does (arXiv:2203.15565). For a
    backbone that needs no classifier, use num_classes=0.
    """
    works = work_by(subject.graph, stage_of)
    total = sum(work.params for work in works.values())
    for node in subject.graph.nodes:
        if node.stage == "head" and node.params > HEAVY_HEAD * total:
            match node.op:
                case (
                    Linear(in_features=features, out_features=classes)
                    | Conv2d(in_channels=features, out_channels=classes)
                ):
                    width = max(1, features // 4)
                    values = {
                        "params": text(node.params, "count"),
                        "share": text(node.params / total, "share"),
                        "classes": text(classes, "integer"),
                        "width": f"{width}",
                        "after": text(features * width + (width + 1) * classes, "count"),
                    }
                    yield Hit(node.name, values)


def slow_stage(subject: Subject) -> Iterator[Hit]:
    """A stage with much of the time and few of the MACs

    Time follows the MACs only where the device waits for arithmetic. Norms, ReLUs, sums and pools
    have no MACs but move every byte of a map. Small convolutions cannot fill a large GPU. A grouped
    convolution moves as many bytes for a fraction of the products. The stem and the first stage,
    with the largest maps, show this most.

    The rule reports a stage that takes at least a quarter of the measured time, and at least twice
    its share of the MACs. Fewer MACs there would gain little. Fuse elementwise calls (`--mode
    compile`), or fold BatchNorm for inference. channels_last and a lower precision move fewer
    bytes; a larger batch fills the device.
    """
    if subject.times is None or not work_of(subject.graph).macs:
        return
    works = work_by(subject.graph, stage_of)
    macs, total_ms = work_of(subject.graph).macs, sum(subject.times.ms.values())
    for stage, ms in subject.times.ms.items():
        time, work = ms / total_ms, works[stage].macs / macs
        if time >= MUCH_TIME and work <= FEW_MACS * time:
            values = {
                "time": text(time, "share"),
                "ms": text(ms, "ms"),
                "macs": text(work, "share"),
                "case": subject.times.label,
            }
            yield Hit(stage, values)


def read_stage_times(record: "Record", graph: Graph) -> StageTimes | None:
    """The stage times of the first case of this net on such images, at any batch size; None if no case has any.

    Raises:
        RequestError: no case of the Record measures this net on such images.
    """
    results = [
        result
        for result in record.results
        if result.case.model == graph.name and tuple(result.case.input[1:]) == graph.input.shape[1:]
    ]
    if not results:
        labels = ", ".join(dict.fromkeys(result.case.label for result in record.results)) or "no case at all"
        raise RequestError(
            f"the Record has no case of {graph.name} on images of {graph.input}", hint=f"it has {labels}"
        )
    for result in results:
        ms = _sum_by_stage(result.stages) or _sum_by_stage(result.layers)
        if ms and set(ms) <= set(graph.stages):
            return StageTimes(result.case.label, ms)
    return None


def _sum_by_stage(breakdown: "Breakdown | None") -> dict[str, float]:
    """Milliseconds of each stage, summed over the rows of a breakdown by stage or by layer; empty without one."""
    times: dict[str, float] = {}
    for row in breakdown.rows if breakdown else ():
        stage = row.stage or row.name
        times[stage] = times.get(stage, 0.0) + row.ms
    return times if sum(times.values()) > 0 else {}
