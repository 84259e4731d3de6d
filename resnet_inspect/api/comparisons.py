"""The verbs that set networks against each other: the zoo, several models, two models."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from resnet_inspect.api.amounts import Amount, amount, limit
from resnet_inspect.api.answer import Answer, answer, one_of, several
from resnet_inspect.api.hardware import DEFAULT_DEVICE
from resnet_inspect.api.layout import name_as_it_comes
from resnet_inspect.api.prediction import Profiled, profile_of, times_on
from resnet_inspect.errors import RequestError, ShapeError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.zoo import Variant
from resnet_inspect.sources import (
    Input,
    Kwargs,
    Model,
    Settings,
    VariantSource,
    find,
    find_all,
    graph_of,
    spec_of,
)

if TYPE_CHECKING:
    from resnet_inspect.questions.nets import Sort
    from resnet_inspect.sources.source import Source
    from resnet_inspect.vocabulary import Precision, Task


def list_variants(
    pattern: str = "*",
    max_params: Amount = None,
    max_macs: Amount = None,
    sort: "Sort | None" = None,
    device: str | None = None,
    precision: "Precision | None" = None,
    max_floor_ms: float | None = None,
    input: Input = None,
    batch_size: int | None = None,
    kwargs: Kwargs = (),
    use_cache: bool = True,
    progress: Callable[[int, int, str], None] | None = None,
    any_size: bool = False,
    profile: Profiled = None,
    max_latency_ms: float | None = None,
) -> Answer:
    """Every variant whose name or family matches the glob ``pattern``, at its own image size or at ``input``.

    A pattern as ``timm:resnet*`` or ``torchvision:*`` lists a library's nets, made with ``kwargs``. Their costs are
    kept in the user's cache folder unless ``use_cache`` is False. ``progress`` is called with how many are counted, of
    how many, and the name of the next.

    ``device`` adds the least time that a batch needs there; ``sort="floor"`` and ``max_floor_ms`` need it. Costs that
    depend on the image are ranked at one size: with a device, or sorted by one, nets of other sizes are left out unless
    ``any_size`` or ``input`` asks for them.

    ``profile``, or cpu or cuda as ``device`` for this machine's own, adds predicted times; ``sort="latency"`` and
    ``max_latency_ms`` need one.

    Raises:
        RequestError: no variant matches or takes the input, or a floor or a prediction is asked for without a device.
    """
    from resnet_inspect.questions import listing
    from resnet_inspect.questions.nets import OF_AN_IMAGE, SORTS, Net, price
    from resnet_inspect.sources.library import is_pattern

    sort = one_of("sort", sort, (None, *SORTS))
    max_params = limit("--max-params", amount(max_params), "26M")
    max_macs = limit("--max-macs", amount(max_macs), "4.2G")
    max_floor_ms = limit("--max-floor-ms", max_floor_ms, "5")
    max_latency_ms = limit("--max-latency-ms", max_latency_ms, "5")
    floor, learnt = times_on(device, precision, profile)
    if floor is None and (sort == "floor" or max_floor_ms is not None):
        option = "--sort floor" if sort == "floor" else f"--max-floor-ms {max_floor_ms:g}"
        raise RequestError(f"{option} needs a device", hint="as --device a100; see `resnet-inspect devices`")
    if learnt is None and (sort == "latency" or max_latency_ms is not None):
        option = "--sort latency" if sort == "latency" else f"--max-latency-ms {max_latency_ms:g}"
        raise RequestError(f"{option} needs a profile", hint="--profile FILE, or --device cpu or cuda; see `calibrate`")
    limits = listing.Limits(max_params, max_macs, max_floor_ms, max_latency_ms)
    timed = floor is not None or learnt is not None
    one_size = input is None and not any_size and (timed or sort in OF_AN_IMAGE)
    if is_pattern(pattern):
        from resnet_inspect.api.library import Pricing, count_library

        pricing = Pricing(floor).by(learnt) if learnt else Pricing(floor)
        costs = [*count_library(pattern, kwargs, input, batch_size, pricing, use_cache, progress)]
        return answer(listing.library(costs, sort, limits, floor, learnt, one_size))
    if kwargs:
        raise RequestError("--kwargs are for nets in code", hint="as in resnet-inspect list 'timm:resnet*'")
    matching = zoo.matching(pattern)
    others: tuple[str, ...] = ()
    if one_size:
        matching, others = _of_one_size(matching)
    refused: dict[str, ShapeError] = {}
    graphs = _that_take(matching, input, batch_size, refused)
    predict = learnt.predict if learnt else None
    nets = (Net(price(variant.name, graph, floor, predict), graph, variant) for variant, graph in graphs)
    report = listing.variants(nets, sort, limits, floor, learnt)
    if len(refused) == len(matching):
        raise refused[matching[0].name]
    if refused:
        report = replace(report, notes=(*report.notes, f"left out, as they take no such input: {', '.join(refused)}"))
    return answer(report, others)


def _of_one_size(variants: Sequence[Variant]) -> tuple[list[Variant], tuple[str, ...]]:
    """The variants of the most common image size, whose costs can be ranked, and a note on the others."""
    from resnet_inspect.questions.nets import most_common_size

    usual, note = most_common_size([(variant.spec.input_size,) * 2 for variant in variants])
    return [variant for variant in variants if (variant.spec.input_size,) * 2 == usual], note


def _that_take(
    variants: Sequence[Variant], input: Input, batch_size: int | None, refused: dict[str, ShapeError]
) -> Iterator[tuple[Variant, Graph]]:
    """Each variant and its graph; a variant that cannot take the input goes into ``refused`` instead."""
    for variant in variants:
        try:
            yield variant, graph_of(VariantSource(variant), input, batch_size)
        except ShapeError as error:
            refused[variant.name] = error


def compare(
    *models: Model | Sequence[Model],
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    device: str | None = None,
    precision: "Precision | None" = None,
    profile: Profiled = None,
    runs: str | None = None,
) -> Answer:
    """One row per model, with ratios to the first; ``device`` adds the least time that a batch needs there.

    ``profile``, or cpu or cuda as ``device`` for this machine's own, adds predicted times. ``runs`` is a folder of runs
    of ``train``: accuracies are then those that they reached, not published ones.

    Raises:
        RequestError: there are fewer than two models, or no runs in the folder.
    """
    sources = find_all([net for each in models for net in several(each)], settings, kwargs)
    nets = [(source, graph_of(source, input, batch_size)) for source in sources]
    return _compared(nets, device, precision, profile, runs)


def compare_each(
    networks: Sequence[tuple[Model, Input, int | None, Settings, Kwargs]],
    device: str | None = None,
    precision: "Precision | None" = None,
    profile: Profiled = None,
    runs: str | None = None,
) -> Answer:
    """As ``compare``, of networks that each have an input, a batch size, settings and arguments of their own."""
    sources = [(find(model, settings, kwargs), input, batch) for model, input, batch, settings, kwargs in networks]
    nets = [(source, graph_of(source, input, batch)) for source, input, batch in sources]
    return _compared(nets, device, precision, profile, runs)


def _compared(
    nets: "Sequence[tuple[Source, Graph]]",
    device: str | None,
    precision: "Precision | None",
    profile: Profiled,
    runs: str | None,
) -> Answer:
    if len(nets) < 2:
        raise RequestError("compare needs two models or more", hint="as in resnet-inspect compare resnet50 resnet50d")
    from resnet_inspect.counting.accuracy import results_of
    from resnet_inspect.questions.compare import compare

    floor, learnt = times_on(device, precision, profile)
    graphs = [graph for _, graph in nets]
    if runs is None:
        return answer(compare(graphs, floor, [results_of(name_as_it_comes(source)) for source, _ in nets], learnt))
    from resnet_inspect.counting.runs import note_on, results_in

    reached = results_in(runs)
    results = [reached.get(source.name, ()) for source, _ in nets]
    return answer(compare(graphs, floor, results, learnt, note_on(runs)))


def diff(
    a: Model,
    b: Model | None = None,
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    device: str = DEFAULT_DEVICE,
    precision: "Precision | None" = None,
    task: "Task" = "infer",
    profile: Profiled = None,
) -> Answer:
    """Stage by stage, what changes from ``a`` to ``b`` in the spec or in the calls, and what that costs.

    ``b`` defaults to ``a``; ``settings`` or ``kwargs`` change ``b``. With ``task="train"`` MACs and memory are a
    training step's.

    ``profile``, or cpu or cuda as ``device`` for this machine's own, adds predicted times; the floors are then those of
    the profile's ceilings where it has some.

    Raises:
        RequestError: there is nothing to compare with, or no such device, precision or profile.
    """
    from resnet_inspect.hardware import devices
    from resnet_inspect.questions.diff import Side, diff
    from resnet_inspect.vocabulary import PRECISIONS, TASKS

    precision = one_of("precision", precision, (None, *PRECISIONS))
    task = one_of("task", task, TASKS)
    if b is None and not (settings or kwargs):
        raise RequestError("diff needs a second model, or a --set", hint="as in resnet-inspect diff resnet50 resnet50d")
    learnt = None
    if profile is not None or devices.is_torch_device(device):
        learnt = profile_of(profile, device if devices.is_torch_device(device) else None)
    if learnt and learnt.ceilings and device.partition(":")[0] in (DEFAULT_DEVICE, learnt.conditions.device):
        sheet = devices.BY_NAME.get(learnt.conditions.device)
        limits = sheet or devices.device_from_ceilings(learnt.ceilings)
    else:
        limits = devices.find_device(DEFAULT_DEVICE if devices.is_torch_device(device) else device)
    sources = find(a), find(a if b is None else b, settings, kwargs)
    before, after = (Side(spec_of(source), graph_of(source, input, batch_size)) for source in sources)
    return answer(diff(before, after, limits, precision or limits.precision, task, learnt), sources[1].notes)
