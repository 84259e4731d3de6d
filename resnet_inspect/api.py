"""The verbs, for Python and for the command line alike: load, ask, measure.

Every verb that asks returns an Answer. ``model`` is a variant's name, the path of a spec.toml or a ResNetSpec;
``settings`` are ``field=value`` texts that change its spec; ``input`` is N, C, H, W. A verb imports what answers it.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from resnet_inspect import load
from resnet_inspect.errors import InspectError, RequestError, UnknownModelError
from resnet_inspect.graph import Graph
from resnet_inspect.load import Input, Model
from resnet_inspect.render import Format, render
from resnet_inspect.report import Report
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.spec import Attention, ResNetSpec

if TYPE_CHECKING:
    from torch import nn

    from resnet_inspect.analyze.flops import Task
    from resnet_inspect.analyze.memory import Optimizer, Precision
    from resnet_inspect.analyze.summary import Depth
    from resnet_inspect.analyze.variants import Sort
    from resnet_inspect.measure.record import Record

__all__ = ["Attention", "InspectError"]


class Answer(Report):
    """A Report that writes itself in every format."""

    __slots__ = ()

    def render(self, format: Format, width: int | None = None, color: bool = False) -> str:
        return render(self, format, width, color)

    def to_markdown(self) -> str:
        return render(self, "md")

    def to_json(self) -> str:
        return render(self, "json")

    def to_csv(self) -> str:
        return render(self, "csv")

    def __str__(self) -> str:
        return render(self, "table")


def lower(
    model: Model = "resnet50", input: Input = None, batch_size: int | None = None, settings: Sequence[str] = ()
) -> Graph:
    """The network as a list of typed calls."""
    return load.graph(load.variant(model, settings), input, batch_size)


def spec(model: Model = "resnet50", settings: Sequence[str] = ()) -> ResNetSpec:
    """The network as data."""
    return load.variant(model, settings).spec


def summary(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    depth: "Depth" = "stage",
) -> Answer:
    """Shapes, parameters, MACs, FLOPs and activations, one row a stage, block or layer."""
    from resnet_inspect.analyze.summary import DEPTHS, summary

    _one_of("depth", depth, DEPTHS)
    return _answer(summary(lower(model, input, batch_size, settings), depth))


def flops(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    task: "Task" = "infer",
) -> Answer:
    """MACs and FLOPs by stage and by kind of operation, of a forward pass or of a training step."""
    from resnet_inspect.analyze.flops import TASKS, flops

    _one_of("task", task, TASKS)
    return _answer(flops(lower(model, input, batch_size, settings), task))


def memory(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    task: "Task" = "infer",
    precision: "Precision" = "fp32",
    optimizer: "Optimizer" = "sgd",
    momentum: float = 0.9,
) -> Answer:
    """The memory that an eager pass will ask for, where its peak is and what is alive there; nothing is run."""
    from resnet_inspect.analyze.memory import OPTIMIZERS, PRECISIONS, memory

    _one_of("precision", precision, PRECISIONS)
    _one_of("optimizer", optimizer, OPTIMIZERS)
    return _answer(memory(lower(model, input, batch_size, settings), task, precision, optimizer, momentum))


def list_variants(
    pattern: str = "*",
    max_params: int | None = None,
    max_macs: int | None = None,
    sort: "Sort | None" = None,
) -> Answer:
    """Every variant of the zoo whose name or family matches the glob ``pattern``, at its own input size."""
    from fnmatch import fnmatchcase

    from resnet_inspect.analyze.variants import SORTS, catalogue

    _one_of("sort", sort, (None, *SORTS))
    found = [v for v in zoo.variants() if fnmatchcase(v.name, pattern) or fnmatchcase(v.family, pattern)]
    if not found:
        raise UnknownModelError(
            f"no variant matches {pattern!r}", hint="globs are quoted, as in resnet-inspect list 'wide*'"
        )
    return _answer(catalogue(((v.family, load.graph(v)) for v in found), sort, max_params, max_macs))


def compare(
    models: Sequence[Model], input: Input = None, batch_size: int | None = None, settings: Sequence[str] = ()
) -> Answer:
    """One row a model, with its ratios to the first."""
    if len(models) < 2:
        raise RequestError("compare needs two models or more", hint="as in resnet-inspect compare resnet50 resnet50d")
    from resnet_inspect.analyze.variants import compare

    return _answer(compare([lower(model, input, batch_size, settings) for model in models]))


def check(
    model: Model = "resnet50", input: Input = None, batch_size: int | None = None, settings: Sequence[str] = ()
) -> Answer:
    """Our numbers against fvcore, thop and torch, run on the built module, and against what is published.

    The answer's ``ok`` is whether nothing differs without a known reason.
    """
    from resnet_inspect.analyze.check import check

    found = load.variant(model, settings)
    network = load.graph(found, input, batch_size)
    from resnet_inspect.runtime import counters  # torch lives behind this line

    measured = counters.measure(network)
    return _answer(check(found, network, measured, counters.published(network.name), counters.versions()))


def export_spec(model: Model = "resnet50", settings: Sequence[str] = ()) -> str:
    """A spec.toml that reads back to the same spec."""
    from resnet_inspect.resnet import toml

    return toml.dump(load.variant(model, settings).spec)


def bench(
    models: Model | Sequence[Model] = "resnet50",
    device: str = "auto",
    batch_size: int | str | Sequence[int | str] | None = None,
    input: Input = None,
    settings: Sequence[str] = (),
    task: str | Sequence[str] = "infer",
    precision: str | Sequence[str] | None = None,
    layout: str | Sequence[str] = "contiguous",
    mode: str | Sequence[str] = "eager",
    threads: int | Sequence[int] | None = None,
    quick: bool = False,
    min_time_s: float | None = None,
    max_time_s: float | None = None,
    seed: int = 0,
    argv: Sequence[str] = (),
    save: "Callable[[Record], None] | None" = None,
    tell: "Callable[[str], None] | None" = None,
) -> "Record":
    """Measure every combination, each in a process of its own, and return the Record.

    ``save`` is given the Record so far when an arm has ended, ``tell`` a line when something begins. Ctrl-C ends
    the measurement and keeps the arms that are done.

    Raises:
        RequestError: a combination that cannot be. MachineError: the machine has no such device.
    """
    from resnet_inspect.benchmark import Request, run

    found = [load.variant(model, settings) for model in _several(models)]
    request = Request(
        tuple(found),
        None if input is None else load.image(input),
        device,
        None if batch_size is None else tuple(_several(batch_size)),
        tuple(_several(task)),
        None if precision is None else tuple(_several(precision)),
        tuple(_several(layout)),
        tuple(_several(mode)),
        None if threads is None else tuple(_several(threads)),
    )
    return run(
        request, quick, min_time_s, max_time_s, seed, tuple(argv), save or (lambda _: None), tell or (lambda _: None)
    )


def show(record: "Record") -> Answer:
    """A Record as a table of its arms, with what a reader must know to trust it."""
    from resnet_inspect.analyze.bench import bench

    return _answer(bench(record))


def verdict(old: "Record", new: "Record", gates: Sequence[str] = (), allow_env_diff: bool = False) -> Answer:
    """Arm by arm, whether ``new`` is SLOWER, FASTER, the SAME, or INCONCLUSIVE; ``gates`` are what may not grow at all.

    Raises:
        RequestError: the two were taken on other machines or have no arm in common.
    """
    from resnet_inspect.analyze.verdict import verdict

    return _answer(verdict(old, new, tuple(gates), allow_env_diff))


def read_record(path: "str | os.PathLike[str]") -> "Record":
    """The Record in a file.

    Raises:
        RequestError: it cannot be read, is cut off, of another version, or was edited.
    """
    from resnet_inspect.measure.record import from_json

    try:
        with open(path, encoding="utf-8") as file:
            return from_json(file.read(), os.fspath(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{os.fspath(path)}: {error}", hint="give a file that bench -o wrote") from None


def build(model: Model | Graph = "resnet50", *, device: str = "cpu", zero_init_residual: bool = False) -> "nn.Module":
    """The network as a torch module, initialised as torchvision initialises its own."""
    from resnet_inspect.runtime.build import build  # torch lives behind this line

    network = model if isinstance(model, Graph) else lower(model)
    return build(network, device=device, zero_init_residual=zero_init_residual)


def _several(value: Any) -> Sequence[Any]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list | tuple) else [value]


def _one_of(name: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        raise RequestError(f"{name} {value!r} is not one of {', '.join(map(str, choices))}")


def _answer(report: Report) -> Answer:
    return Answer(*(getattr(report, name) for name in Report.__slots__))
