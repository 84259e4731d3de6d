"""The verbs that say what one network costs before it runs. A verb imports what answers it."""

from typing import TYPE_CHECKING, NamedTuple

from resnet_inspect.api.amounts import Amount, limit, size
from resnet_inspect.api.answer import Answer, answer, one_of
from resnet_inspect.api.layout import lay_out, name_as_it_comes
from resnet_inspect.api.network import fold
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.report import Report
from resnet_inspect.sources import Input, Kwargs, Model, Settings, find, graph_of
from resnet_inspect.sources.batch import read_input

if TYPE_CHECKING:
    from resnet_inspect.api.prediction import Profiled
    from resnet_inspect.hardware.devices import Device
    from resnet_inspect.sources.source import Source
    from resnet_inspect.vocabulary import Depth, Optimizer, Precision, Task


def summary(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    depth: "Depth" = "stage",
    folded: bool = False,
    profile: "Profiled" = None,
    device: str | None = None,
) -> Answer:
    """Shapes, parameters, MACs, FLOPs and activations, one row per stage, block or layer.

    ``profile``, or cpu or cuda as ``device`` for this machine's own, adds predicted times.

    ``folded``, here and below: fold BatchNorm into the convolutions, and show the network with and without.
    """
    from resnet_inspect.counting.accuracy import results_of
    from resnet_inspect.questions.summary import summary
    from resnet_inspect.vocabulary import DEPTHS

    depth = one_of("depth", depth, DEPTHS)
    source = find(model, settings, kwargs)
    network = graph_of(source, input, batch_size)
    published = results_of(name_as_it_comes(source))
    learnt = None
    if profile is not None or device is not None:
        from resnet_inspect.api.prediction import profile_of

        learnt = profile_of(profile, device)
    if folded:
        network_folded = fold(network)
        return _with_plain(summary(network_folded, depth, published, learnt), network, network_folded)
    return answer(summary(network, depth, published, learnt), source.notes)


def flops(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    task: "Task" = "infer",
    folded: bool = False,
    tool: str | None = None,
    writing: str | None = None,
) -> Answer:
    """MACs and FLOPs by stage and by operation, of a forward pass or of a training step.

    ``tool`` gives the total of another counter, for the module layout of the library ``writing``.
    """
    from resnet_inspect.questions.flops import flops
    from resnet_inspect.vocabulary import TASKS

    task = one_of("task", task, TASKS)
    source = find(model, settings, kwargs)
    network = graph_of(source, input, batch_size)
    if tool is not None:
        from resnet_inspect.questions.reconcile import flops_as

        if task == "train":
            raise RequestError("counters count a forward pass", hint="leave out --task train, or --as")
        network = fold(network) if folded else network
        return answer(flops_as(network, tool, lay_out(source, network, writing)))
    if writing is not None:
        raise RequestError("--writing matters only to other counters", hint="name one with --as")
    if folded:
        _refuse_to_train_folded(task)
        network_folded = fold(network)
        return _with_plain(flops(network_folded), network, network_folded)
    return answer(flops(network, task), source.notes)


def memory(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    task: "Task" = "infer",
    precision: "Precision" = "fp32",
    optimizer: "Optimizer" = "sgd",
    momentum: float = 0.9,
    folded: bool = False,
    device: str | None = None,
    fit: Amount = None,
) -> Answer:
    """The memory that an eager pass will ask for, when it peaks and what is alive then; nothing runs.

    ``optimizer`` is the training step's; ``momentum``, from 0 to below 1, is SGD's. ``device`` adds whether it fits
    there. ``fit``, in bytes or as 24GiB, asks for the largest batch whose peak keeps it; where none does, the exit code
    is 1.

    Raises:
        RequestError: an argument is not one of its choices.
    """
    from resnet_inspect.questions.memory import memory

    step = Step.asked(task, precision, optimizer, momentum, folded, device)
    source = find(model, settings, kwargs)

    def report_of(network: Graph) -> Report:
        if folded:
            bare = fold(network)
            return _with_plain(
                memory(bare, precision=step.precision, device=step.device), network, bare, step.precision
            )
        return memory(network, *step)

    notes = () if folded else source.notes
    limit_bytes = limit("--fit", size(fit), "24GiB")
    if limit_bytes is None:
        return answer(report_of(graph_of(source, input, batch_size)), notes)
    from resnet_inspect.questions import fit as largest

    image = _one_image(source, input, batch_size)
    return answer(largest.fit(lambda n: graph_of(source, (n, *image)), report_of, int(limit_bytes)), notes)


class Step(NamedTuple):
    """What is remembered, in which types, and the device that it has to fit; see ``memory``."""

    task: "Task"
    precision: "Precision"
    optimizer: "Optimizer"
    momentum: float
    device: "Device | None"

    @classmethod
    def asked(
        cls, task: str, precision: str, optimizer: str, momentum: float, folded: bool, device: str | None
    ) -> "Step":
        """Raises RequestError where an argument is not one of its choices, or a folded net would train."""
        from resnet_inspect.vocabulary import OPTIMIZERS, PRECISIONS, TASKS

        chosen = one_of("task", task, TASKS)
        stored_in, updated_by = one_of("precision", precision, PRECISIONS), one_of("optimizer", optimizer, OPTIMIZERS)
        limits = None
        if device is not None:
            from resnet_inspect.hardware.devices import find_device

            limits = find_device(device)
        if not (isinstance(momentum, int | float) and 0 <= momentum < 1):
            raise RequestError(f"momentum {momentum!r} is not a number from 0 to below 1", hint="as --momentum 0.9")
        if folded:
            _refuse_to_train_folded(chosen)
        return cls(chosen, stored_in, updated_by, momentum, limits)


def _one_image(source: "Source", input: Input, batch_size: int | None) -> tuple[int, ...]:
    """Channels, height and width of the images whose number is sought.

    Raises:
        RequestError: the request names a number of them.
    """
    shape = (1, *source.image) if input is None else read_input(input)
    if batch_size is not None or shape[0] != 1:
        raise RequestError("--fit finds the batch", hint="leave out --batch-size, and give --input one image")
    return shape[1:]


def _with_plain(report: Report, plain: Graph, folded: Graph, precision: "Precision" = "fp32") -> Answer:
    """The folded network's ``report``, with a table of both networks' costs."""
    from resnet_inspect.questions.folded import compare_folded

    return answer(compare_folded(report, plain, folded, precision))


def _refuse_to_train_folded(task: "Task") -> None:
    if task == "train":
        raise RequestError(
            "--folded is for inference: a folded BatchNorm has no batch statistics to train with",
            hint="leave out one of --folded and --task train",
        )
