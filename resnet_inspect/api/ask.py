"""The verbs that ask: everything that is known of a network before it runs. A verb imports what answers it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from resnet_inspect.api.answer import Answer, answer, one_of
from resnet_inspect.errors import RequestError, ShapeError, UnknownModelError
from resnet_inspect.graph import Graph
from resnet_inspect.report import Report
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import Variant
from resnet_inspect.sources import Input, Model, VariantSource, find, find_variant, graph_of

if TYPE_CHECKING:
    from resnet_inspect.questions.variants import Floor, Sort
    from resnet_inspect.vocabulary import Depth, Optimizer, Precision, Task


def lower(
    model: Model = "resnet50", input: Input = None, batch_size: int | None = None, settings: Sequence[str] = ()
) -> Graph:
    """The network as a list of typed calls; ``model`` is a name, a spec, or a module of torch, which is traced."""
    return graph_of(find(model, settings), input, batch_size)


def fold(model: Model | Graph = "resnet50") -> Graph:
    """The network with each BatchNorm that directly follows a convolution folded into it, as inference may run it."""
    from resnet_inspect.graph.fold import fold

    return fold(model if isinstance(model, Graph) else lower(model))


def spec(model: Model = "resnet50", settings: Sequence[str] = ()) -> ResNetSpec:
    """The network as data."""
    return find_variant(model, settings).spec


def summary(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    depth: "Depth" = "stage",
    fused: bool = False,
) -> Answer:
    """Shapes, parameters, MACs, FLOPs and activations, one row a stage, block or layer.

    ``fused``, here and below: of the net with BatchNorm folded into its convolutions, and both side by side.
    """
    from resnet_inspect.questions.summary import summary
    from resnet_inspect.vocabulary import DEPTHS

    one_of("depth", depth, DEPTHS)
    network = lower(model, input, batch_size, settings)
    if fused:
        folded = fold(network)
        return _beside(summary(folded, depth), network, folded)
    return answer(summary(network, depth))


def flops(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    task: "Task" = "infer",
    fused: bool = False,
    tool: str | None = None,
    writing: str | None = None,
) -> Answer:
    """MACs and FLOPs by stage and by kind of operation, of a forward pass or of a training step.

    ``tool``: the total that this counter would give instead, of the net as the library ``writing`` writes it.
    """
    from resnet_inspect.questions.flops import flops
    from resnet_inspect.vocabulary import TASKS

    one_of("task", task, TASKS)
    network = lower(model, input, batch_size, settings)
    if tool is not None:
        from resnet_inspect.questions.reconcile import counted_as

        if task == "train":
            raise RequestError("counters count a forward pass", hint="leave out --task train, or --as")
        network = fold(network) if fused else network
        return answer(counted_as(network, tool, writing_of(find_variant(model, settings).variant, writing)))
    if writing is not None:
        raise RequestError("the writing of a net matters to other counters alone", hint="name one with --as")
    if fused:
        _refuse_to_train_folded(task)
        folded = fold(network)
        return _beside(flops(folded), network, folded)
    return answer(flops(network, task))


def memory(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    task: "Task" = "infer",
    precision: "Precision" = "fp32",
    optimizer: "Optimizer" = "sgd",
    momentum: float = 0.9,
    fused: bool = False,
) -> Answer:
    """The memory that an eager pass will ask for, where its peak is and what is alive there; nothing is run.

    ``optimizer`` is that of a training step, ``momentum``, from 0 to below 1, that of sgd.

    Raises:
        RequestError: an argument is none of its choices.
    """
    from resnet_inspect.questions.memory import memory
    from resnet_inspect.vocabulary import OPTIMIZERS, PRECISIONS, TASKS

    one_of("task", task, TASKS)
    one_of("precision", precision, PRECISIONS)
    one_of("optimizer", optimizer, OPTIMIZERS)
    if not (isinstance(momentum, int | float) and 0 <= momentum < 1):
        raise RequestError(f"momentum {momentum!r} is no number from 0 to below 1", hint="as --momentum 0.9")
    network = lower(model, input, batch_size, settings)
    if fused:
        _refuse_to_train_folded(task)
        folded = fold(network)
        return _beside(memory(folded, precision=precision), network, folded, precision)
    return answer(memory(network, task, precision, optimizer, momentum))


def _beside(report: Report, network: Graph, folded: Graph, precision: "Precision" = "fp32") -> Answer:
    from resnet_inspect.questions.folded import beside

    return answer(beside(report, network, folded, precision))


def _refuse_to_train_folded(task: "Task") -> None:
    if task == "train":
        raise RequestError(
            "--fused is for inference: a folded BatchNorm has no batch statistics to train with",
            hint="leave out one of --fused and --task train",
        )


def list_variants(
    pattern: str = "*",
    max_params: int | None = None,
    max_macs: int | None = None,
    sort: "Sort | None" = None,
    device: str | None = None,
    precision: "Precision | None" = None,
    max_floor_ms: float | None = None,
    input: Input = None,
    batch_size: int | None = None,
) -> Answer:
    """Every variant of the zoo whose name or family matches the glob ``pattern``, at its own input size or ``input``.

    ``device``: with the least time that a batch can take there, which ``sort`` may order by and ``max_floor_ms`` limit.

    Raises:
        RequestError: no variant matches or takes that input, or a floor is asked for without a device.
    """
    from fnmatch import fnmatchcase

    from resnet_inspect.questions.variants import SORTS, catalogue

    one_of("sort", sort, (None, *SORTS))
    if device is None and (sort == "floor" or max_floor_ms is not None):
        asked = "--sort floor" if sort == "floor" else f"--max-floor-ms {max_floor_ms:g}"
        raise RequestError(
            f"{asked}: the floor of which device?", hint="as --device a100; see `resnet-inspect devices`"
        )
    if max_floor_ms is not None and not max_floor_ms > 0:
        raise RequestError(f"--max-floor-ms {max_floor_ms:g}: a limit is a number above 0", hint="as --max-floor-ms 5")
    floor = _floor(device, precision)
    found = [v for v in zoo.variants() if fnmatchcase(v.name, pattern) or fnmatchcase(v.family, pattern)]
    if not found:
        raise UnknownModelError(
            f"no variant matches {pattern!r}", hint="globs are quoted, as in resnet-inspect list 'wide*'"
        )
    refused: dict[str, ShapeError] = {}
    graphs = _that_take(found, input, batch_size, refused)
    report = catalogue(graphs, sort, max_params, max_macs, floor, max_floor_ms)
    if len(refused) == len(found):
        raise refused[found[0].name]
    if refused:
        report = replace(report, notes=(*report.notes, f"left out, as they take no such input: {', '.join(refused)}"))
    return answer(report)


def _that_take(
    found: Sequence[Variant], input: Input, batch_size: int | None, refused: dict[str, ShapeError]
) -> Iterator[tuple[str, Graph]]:
    """The nets as (family, graph); what cannot take the input is put into ``refused``."""
    for v in found:
        try:
            yield v.family, graph_of(VariantSource(v), input, batch_size)
        except ShapeError as error:
            refused[v.name] = error


def compare(
    models: Sequence[Model],
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    device: str | None = None,
    precision: "Precision | None" = None,
) -> Answer:
    """One row a model, with its ratios to the first; ``device``: with the least time that a batch can take there."""
    if len(models) < 2:
        raise RequestError("compare needs two models or more", hint="as in resnet-inspect compare resnet50 resnet50d")
    from resnet_inspect.questions.variants import compare

    floor = _floor(device, precision)
    return answer(compare([lower(model, input, batch_size, settings) for model in models], floor))


def _floor(device: str | None, precision: "Precision | None") -> "Floor | None":
    """The floor on a device, if one is named.

    Raises:
        RequestError: it is unknown or has no peak at that precision, or a precision is given without it.
    """
    if device is None:
        if precision is not None:
            raise RequestError(f"--precision {precision}: on which device?", hint="as --device a100 --precision bf16")
        return None
    from functools import partial

    from resnet_inspect.hardware import devices
    from resnet_inspect.hardware.floor import floor_ms
    from resnet_inspect.questions.variants import Floor
    from resnet_inspect.vocabulary import PRECISIONS

    one_of("precision", precision, (None, *PRECISIONS))
    limits = devices.find(device)
    run_in = precision or limits.precision
    limits.peak(run_in)
    return Floor(partial(floor_ms, device=limits, precision=run_in), f"{run_in} on {limits.title}")


def writing_of(found: Variant, writing: str | None) -> str:
    """The library's name, or by default the one in whose words the variant is known."""
    from resnet_inspect.counting.writing import WRITINGS

    one_of("writing", writing, (None, *WRITINGS))
    return writing or found.writing


def export_spec(model: Model = "resnet50", settings: Sequence[str] = ()) -> str:
    """A spec.toml that reads back to the same spec."""
    from resnet_inspect.resnet import toml

    return toml.dump(find_variant(model, settings).spec)
