"""The verbs that run something, and those that read what was measured."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from resnet_inspect.api.answer import Answer, answer, several
from resnet_inspect.api.ask import lower, writing_of
from resnet_inspect.api.recorded import Recorded, recorded
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.sources import Input, Model, find, find_variant, graph_of
from resnet_inspect.sources.batch import read_input

if TYPE_CHECKING:
    from torch import nn

    from resnet_inspect.benchmark.messages import Extra
    from resnet_inspect.benchmark.record import Record


EXTRAS: dict[str | None, tuple["Extra", ...]] = {None: (), "stage": ("stage",), "layer": ("stage", "layer")}


def check(
    model: Model = "resnet50", input: Input = None, batch_size: int | None = None, settings: Sequence[str] = ()
) -> Answer:
    """Our numbers against fvcore, thop and torch, run on the built module, and against what is published.

    The answer's ``ok`` is whether nothing differs without a known reason.
    """
    from resnet_inspect.questions.check import check

    found = find_variant(model, settings)
    network = graph_of(found, input, batch_size)
    from resnet_inspect.runtime import counters  # torch lives behind this line

    measured = counters.measure(network)
    return answer(check(found.variant, network, measured, counters.published(network.name), counters.versions()))


def reconcile(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    writing: str | None = None,
    measure: bool = False,
) -> Answer:
    """What every counter says of the net, part by part; ``measure`` runs those that are installed on the built module.

    The answer's ``ok`` is whether each that ran said what its rule says.
    """
    from resnet_inspect.questions.reconcile import reconcile

    found = find_variant(model, settings)
    network = graph_of(found, input, batch_size)
    if not measure:
        return answer(reconcile(found.variant, network, writing_of(found.variant, writing)))
    if writing not in (None, "torchvision"):
        raise RequestError(f"a module written as in {writing} is not ours to build", hint="leave out --writing")
    from resnet_inspect.counting.run import run_all

    measured = run_all(found.job["spec"], network.input.shape)
    return answer(reconcile(found.variant, network, "torchvision", measured))


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
    per: str | None = None,
    energy: bool = False,
    fused: bool = False,
    fresh: bool = False,
    ceilings: bool = False,
) -> "Record":
    """Measure every combination, each in a process of its own, and return the Record.

    A ``batch_size`` of max is the largest that fits in memory; on a CPU, also the largest whose call takes about a
    second. ``save`` is given the Record so far when an arm has ended, ``tell`` a line when something begins. Ctrl-C
    ends the measurement and keeps the arms that are done. ``per`` stage or layer lays out the time of a call in a pass
    of its own, by stages, or by stages and by layers; ``energy`` adds joules an image, where a GPU counts them.
    ``fused`` measures every combination once more with BatchNorm folded into the convolutions; ``fresh`` takes every
    round in a new process, so that the interval holds what differs between processes; ``ceilings`` measures what the
    device can do at most, and holds inferences against the floor that this sets.

    Raises:
        RequestError: a combination that cannot be. MachineError: the machine has no such device.
    """
    from resnet_inspect.benchmark.request import Request
    from resnet_inspect.benchmark.run import run

    if per not in EXTRAS:
        raise RequestError(f"per {per!r} is neither stage nor layer", hint="as per='stage'")
    found = [find(model, settings) for model in several(models)]
    if fused and not all(source.spec_fields for source in found):
        raise RequestError("--folded builds a net of its own, and code is measured as it is", hint="leave it out")
    extras = EXTRAS[per]
    extras += ("energy",) if energy else ()
    extras += ("ceilings",) if ceilings else ()
    request = Request(
        nets=tuple(found),
        image=None if input is None else read_input(input),
        device=device,
        batch_sizes=None if batch_size is None else tuple(several(batch_size)),
        tasks=tuple(several(task)),
        precisions=None if precision is None else tuple(several(precision)),
        layouts=tuple(several(layout)),
        modes=tuple(several(mode)),
        threads=None if threads is None else tuple(several(threads)),
        folded=(False, True) if fused else (False,),
        extras=extras,
        quick=quick,
        fresh=fresh,
        min_time_s=min_time_s,
        max_time_s=max_time_s,
        seed=seed,
        argv=tuple(argv),
    )
    return run(request, save or (lambda _: None), tell or (lambda _: None))


def show(record: Recorded, strict: bool = False) -> Answer:
    """A Record, or the file that holds one, as a table of its results, with what a reader must know to trust them.

    ``strict``: the answer's ``exit_code`` is 4 if a case failed or is missing.
    """
    from resnet_inspect.records.bench import bench

    return answer(bench(recorded(record), strict))


def verdict(
    old: Recorded, new: Recorded, gates: Sequence[str] = (), allow_env_diff: bool = False, strict: bool = False
) -> Answer:
    """Case by case, whether ``new`` is SLOWER, FASTER, the SAME or INCONCLUSIVE; ``gates`` may not grow at all.

    The answer's ``exit_code`` is 1 if a case is SLOWER or missing or a gate is broken; ``strict``: 4 if one is
    INCONCLUSIVE.

    Raises:
        RequestError: the two were taken on other machines or have no arm in common.
    """
    from resnet_inspect.records.verdict import verdict

    return answer(verdict(recorded(old), recorded(new), tuple(gates), allow_env_diff, strict))


def budget(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    max_params: int | None = None,
    max_macs: int | None = None,
    max_flops: int | None = None,
    max_activations: int | None = None,
    max_memory: int | None = None,
    max_latency_ms: float | None = None,
    record: Recorded | None = None,
    source: str = "",
) -> Answer:
    """Whether the network costs at most so much; ``max_memory`` is in bytes, a latency is looked up in ``record``.

    ``source`` names where the limits were read, for the reader. ``ok`` is whether all of them are kept.

    Raises:
        RequestError: no limit is given, or there is no latency of this network in ``record``.
    """
    from resnet_inspect.questions.budget import Limits, budget

    limits = Limits(
        params=max_params,
        macs=max_macs,
        flops=max_flops,
        activations=max_activations,
        memory=max_memory,
        latency_ms=max_latency_ms,
    )
    if record is None:
        return answer(budget(lower(model, input, batch_size, settings), {}, limits, None, source))
    found = find(model, settings)
    network = graph_of(found, input, batch_size)
    return answer(budget(network, found.spec_fields, limits, recorded(record), source))


def build(model: Model | Graph = "resnet50", *, device: str = "cpu", zero_init_residual: bool = False) -> "nn.Module":
    """The network as a torch module, initialised as torchvision initialises its own."""
    from resnet_inspect.runtime.build import build  # torch lives behind this line

    network = model if isinstance(model, Graph) else lower(model)
    return build(network, device=device, zero_init_residual=zero_init_residual)
