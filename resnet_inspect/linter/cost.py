"""Rules on where the parameters, the channels and the time are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import stage_of, work_by, work_of
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.linter.subject import Hit, StageTimes, Subject, in_gate, listed, span
from resnet_inspect.units import text

if TYPE_CHECKING:
    from resnet_inspect.benchmark.breakdown import Breakdown
    from resnet_inspect.benchmark.record import Record

# NVIDIA, Deep Learning Performance: Convolutional Layers, "Channels In And Out": channels to be a multiple of 16 bytes.
ALIGNMENT = {"fp16": 8, "bf16": 8, "tf32": 4, "int8": 16}
PRECISIONS = tuple(ALIGNMENT)
HEAVY_HEAD = 0.5  # of the parameters
MUCH_TIME = 0.25  # of the net's, in one stage
FEW_MACS = 0.5  # of what its time would suggest


def misaligned_channels(subject: Subject) -> Iterator[Hit]:
    """Channels that tensor cores dislike

    A tensor core multiplies small matrices whole, and reads 16 bytes at a time: 8 channels of fp16 or
    bf16, 4 of tf32, 16 of int8. NVIDIA's Deep Learning Performance guide ("Convolutional Layers User's
    Guide") asks for channels that are multiples of that, in and out. Others are padded by the library,
    or run on kernels without tensor cores; either way the padded channels are paid for.

    In a grouped convolution each group is a product of its own, so a group's channels count: those of
    a 32×4d ResNeXt are 4 in the first stage, half of what fp16 wants, and 32×8d fits.

    Round widths up. The three channels of the image are left out, since cuDNN pads them once and has
    kernels for it, and so is the classifier, whose classes nobody chooses for speed.
    """
    if subject.precision is None:
        return
    multiple = ALIGNMENT[subject.precision]
    convs = [(node, node.op) for node in subject.graph.nodes if isinstance(node.op, Conv2d) and node.stage != "head"]
    convs = [(node, op) for node, op in convs if not in_gate(node)]
    odd = {}
    for i, (node, op) in enumerate(convs):
        channels = {op.out_channels // op.groups} | ({op.in_channels // op.groups} if i else set())
        if any(c % multiple for c in channels):
            odd[node.name] = (node.macs, {c for c in channels if c % multiple})
    if odd:
        values = {
            "count": f"{len(odd)}",
            "all": f"{len(convs)}",
            "share": text(sum(macs for macs, _ in odd.values()) / work_of(subject.graph).macs, "share"),
            "channels": listed(sorted(set.union(*(channels for _, channels in odd.values()))), "integer"),
            "precision": subject.precision,
            "multiple": f"{multiple}",
        }
        yield Hit(span(list(odd)), values)


def heavy_head(subject: Subject) -> Iterator[Hit]:
    """A classifier that holds most of the parameters

    The last layer has a weight for each feature and class: 513,000 for the 512 features and 1,000
    classes of ResNet-18, 4 % of the net; with 100,000 classes they are 51 million, four fifths of it.
    Half of the parameters and more then serve one matrix product, of under 3 % of the MACs. What it
    costs is memory: weights, their gradients and the optimizer's state, in every step.

    Put a narrow layer before it (a product of two thin matrices), share what classes have in common,
    or sample the classes while training, as Partial FC does (arXiv:2203.15565). A backbone that will
    be used without its classifier has none with num_classes=0.
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
    """A stage that takes much of the time and has few of the MACs

    Time follows the MACs only where arithmetic is what a device waits for. Norms, ReLUs, sums and
    pools have no MACs and move every byte of a map; small convolutions cannot fill a large GPU; a
    grouped one moves as much for a fraction of the products. The stem and the first stage, on the
    largest maps, are where it shows.

    The rule speaks of a stage that takes a quarter of the measured time or more, and at least twice
    its share of the MACs. Fewer MACs there would win little. Fuse what is elementwise (`--mode
    compile`, or BatchNorm folded for inference), use channels_last and a lower precision, which move
    fewer bytes, or a larger batch, which fills the device.
    """
    if subject.times is None:
        return
    works = work_by(subject.graph, stage_of)
    macs, whole = work_of(subject.graph).macs, sum(subject.times.ms.values())
    for stage, ms in subject.times.ms.items():
        time, work = ms / whole, works[stage].macs / macs
        if time >= MUCH_TIME and work <= FEW_MACS * time:
            values = {
                "time": text(time, "share"),
                "ms": text(ms, "ms"),
                "macs": text(work, "share"),
                "arm": subject.times.label,
            }
            yield Hit(stage, values)


def stage_times(record: "Record", graph: Graph) -> StageTimes | None:
    """The first result of this net on such images, whatever its batch, that has measured stages; None if none has.

    Raises:
        RequestError: the Record has no case of this net on such images.
    """
    results = [
        result
        for result in record.results
        if result.case.model == graph.name and tuple(result.case.input[1:]) == graph.input.shape[1:]
    ]
    if not results:
        labels = ", ".join(dict.fromkeys(result.case.label for result in record.results)) or "no case at all"
        message = f"the Record has no case of {graph.name} on images of {graph.input}"
        raise RequestError(message, hint=f"it has {labels}")
    for result in results:
        ms = _by_stage(result.stages) or _by_stage(result.layers)
        if ms and set(ms) <= set(graph.stages):
            return StageTimes(result.case.label, ms)
    return None


def _by_stage(breakdown: "Breakdown | None") -> dict[str, float]:
    """Milliseconds of each stage, by the rows of a breakdown into stages or layers; empty where there is none."""
    times: dict[str, float] = {}
    for row in breakdown.rows if breakdown else ():
        stage = row.stage or row.name
        times[stage] = times.get(stage, 0.0) + row.ms
    return times if sum(times.values()) > 0 else {}
