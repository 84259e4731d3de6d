"""The verbs that ask: everything that is known of a network before it runs. A verb imports what answers it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resnet_inspect import load
from resnet_inspect.api.answer import Answer, answer, one_of
from resnet_inspect.errors import RequestError, UnknownModelError
from resnet_inspect.graph import Graph
from resnet_inspect.load import Input, Model
from resnet_inspect.report import Report
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import Variant

if TYPE_CHECKING:
    from resnet_inspect.analyze.flops import Task
    from resnet_inspect.analyze.memory import Optimizer, Precision
    from resnet_inspect.analyze.summary import Depth
    from resnet_inspect.analyze.variants import Sort


def lower(
    model: Model = "resnet50", input: Input = None, batch_size: int | None = None, settings: Sequence[str] = ()
) -> Graph:
    """The network as a list of typed calls."""
    return load.graph(load.variant(model, settings), input, batch_size)


def fold(model: Model | Graph = "resnet50") -> Graph:
    """The network with each BatchNorm that directly follows a convolution folded into it, as inference may run it."""
    from resnet_inspect.graph.fold import fold

    return fold(model if isinstance(model, Graph) else lower(model))


def spec(model: Model = "resnet50", settings: Sequence[str] = ()) -> ResNetSpec:
    """The network as data."""
    return load.variant(model, settings).spec


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
    from resnet_inspect.analyze.summary import DEPTHS, summary

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
    from resnet_inspect.analyze.flops import TASKS, flops

    one_of("task", task, TASKS)
    network = lower(model, input, batch_size, settings)
    if tool is not None:
        from resnet_inspect.analyze.reconcile import counted_as

        if task == "train":
            raise RequestError("counters count a forward pass", hint="leave out --task train, or --as")
        network = fold(network) if fused else network
        return answer(counted_as(network, tool, writing_of(load.variant(model, settings), writing)))
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
    optimizer: "Optimizer | None" = None,
    momentum: float | None = None,
    fused: bool = False,
) -> Answer:
    """The memory that an eager pass will ask for, where its peak is and what is alive there; nothing is run.

    A training step has an ``optimizer``, sgd unless it is adam, and sgd a ``momentum`` from 0 to below 1, or 0.9.

    Raises:
        RequestError: an argument is none of its choices, or would change nothing.
    """
    from resnet_inspect.analyze.flops import TASKS
    from resnet_inspect.analyze.memory import OPTIMIZERS, PRECISIONS, memory

    one_of("task", task, TASKS)
    one_of("precision", precision, PRECISIONS)
    one_of("optimizer", optimizer, (None, *OPTIMIZERS))
    if momentum is not None and not (isinstance(momentum, int | float) and 0 <= momentum < 1):
        raise RequestError(f"momentum {momentum!r} is no number from 0 to below 1", hint="as --momentum 0.9")
    if task == "infer" and (optimizer, momentum) != (None, None):
        given = "--momentum" if optimizer is None else "--optimizer"
        raise RequestError(f"{given} is of a training step, and this is a forward pass", hint="add --task train")
    if optimizer == "adam" and momentum is not None:
        raise RequestError("--momentum is of sgd: adam keeps two states", hint="leave out one of the two")
    network = lower(model, input, batch_size, settings)
    if fused:
        _refuse_to_train_folded(task)
        folded = fold(network)
        return _beside(memory(folded, precision=precision), network, folded, precision)
    return answer(memory(network, task, precision, optimizer or "sgd", 0.9 if momentum is None else momentum))


def _beside(report: Report, network: Graph, folded: Graph, precision: "Precision" = "fp32") -> Answer:
    from resnet_inspect.analyze.fused import beside

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
) -> Answer:
    """Every variant of the zoo whose name or family matches the glob ``pattern``, at its own input size."""
    from fnmatch import fnmatchcase

    from resnet_inspect.analyze.variants import SORTS, catalogue

    one_of("sort", sort, (None, *SORTS))
    found = [v for v in zoo.variants() if fnmatchcase(v.name, pattern) or fnmatchcase(v.family, pattern)]
    if not found:
        raise UnknownModelError(
            f"no variant matches {pattern!r}", hint="globs are quoted, as in resnet-inspect list 'wide*'"
        )
    return answer(catalogue(((v.family, load.graph(v)) for v in found), sort, max_params, max_macs))


def compare(
    models: Sequence[Model], input: Input = None, batch_size: int | None = None, settings: Sequence[str] = ()
) -> Answer:
    """One row a model, with its ratios to the first."""
    if len(models) < 2:
        raise RequestError("compare needs two models or more", hint="as in resnet-inspect compare resnet50 resnet50d")
    from resnet_inspect.analyze.variants import compare

    return answer(compare([lower(model, input, batch_size, settings) for model in models]))


def writing_of(found: Variant, writing: str | None) -> str:
    """The library's name, or by default the one in whose words the variant is known."""
    from resnet_inspect.counting.writing import WRITINGS

    one_of("writing", writing, (None, *WRITINGS))
    return writing or found.writing


def export_spec(model: Model = "resnet50", settings: Sequence[str] = ()) -> str:
    """A spec.toml that reads back to the same spec."""
    from resnet_inspect.resnet import toml

    return toml.dump(load.variant(model, settings).spec)
