"""The verbs that judge a network or our numbers for it; ``exit_code`` says how the judgement went."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resnet_inspect.api.amounts import Amount, amount, size
from resnet_inspect.api.answer import Answer, answer, one_of, several
from resnet_inspect.api.layout import lay_out, published_name
from resnet_inspect.api.records import Recorded, as_record
from resnet_inspect.errors import BranchError, RequestError
from resnet_inspect.sources import Input, Kwargs, Model, Settings, VariantSource, find, graph_of, spec_of
from resnet_inspect.sources.batch import read_batch

if TYPE_CHECKING:
    from resnet_inspect.api.prediction import Profiled


def lint(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    precision: str | None = None,
    record: Recorded | None = None,
    ignore: str | Sequence[str] = (),
    language: str = "en",
    strict: bool = False,
) -> Answer:
    """What in the architecture costs more than it gives, or was left out by accident; ``ok`` where nothing is found.

    ``precision`` (fp16, bf16, tf32 or int8) also checks channels, ``record`` also checks this network's stage times,
    ``ignore`` lists codes to skip. Branches that cannot be added are a finding, not an error. With ``strict`` a
    finding makes the exit code 1.
    """
    from resnet_inspect.language import LANGUAGES
    from resnet_inspect.linter import PRECISIONS, Subject, lint, read_stage_times, report_refusal

    precision = one_of("precision", precision, (None, *PRECISIONS))
    language = one_of("language", language, LANGUAGES)
    source = find(model, settings, kwargs)
    try:
        graph = graph_of(source, input, batch_size)
    except BranchError as error:
        batch = read_batch(input, batch_size, source.image)
        return answer(report_refusal(source.name, batch, error, language, several(ignore), strict))
    times = None if record is None else read_stage_times(as_record(record), graph)
    untimed = record is not None and times is None
    subject = Subject(spec_of(source), graph, precision, times)
    return answer(lint(subject, language, several(ignore), untimed, strict))


def check(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
) -> Answer:
    """Our numbers against fvcore, thop and torch, run on the module, and against published numbers.

    The answer's ``ok`` is whether nothing differs without a known reason.
    """
    from resnet_inspect.questions.check import Measured, check

    source = find(model, settings, kwargs)
    network = graph_of(source, input, batch_size)
    if len(network.inputs) > 1:
        raise RequestError(
            f"check runs other tools on one input, and {network.name} takes {len(network.inputs)}",
            hint="`resnet-inspect flops` counts it",
        )
    published = published_name(source, network)
    # The tools see the built module, which is laid out as torchvision's, or the code's own.
    layout = lay_out(source, network, "torchvision" if isinstance(source, VariantSource) else None)
    from resnet_inspect.runtime import counters  # torch lives behind this line

    totals, failed = counters.measure(network, getattr(source, "runnable", None))
    metadata = counters.published(published, network.input.shape[-1])
    return answer(check(network, layout.calls, published, Measured(totals, failed), metadata, counters.versions()))


def reconcile(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    writing: str | None = None,
    measure: bool = False,
) -> Answer:
    """What every counter reports for the network, part by part; ``measure`` runs those installed on the module.

    The answer's ``ok`` is whether each that ran gave what its rule gives.
    """
    from resnet_inspect.questions.reconcile import reconcile

    source = find(model, settings, kwargs)
    network = graph_of(source, input, batch_size)
    published = published_name(source, network)
    if not measure:
        return answer(reconcile(network, lay_out(source, network, writing), published))
    if writing not in (None, "torchvision"):
        raise RequestError(f"--measure cannot build a module laid out as in {writing}", hint="leave out --writing")
    from resnet_inspect.counting.run import run_all

    built = "torchvision" if isinstance(source, VariantSource) else None
    layout = lay_out(source, network, built)
    return answer(reconcile(network, layout, published, run_all(source.job, network.input.shape)))


def budget(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    max_params: Amount = None,
    max_macs: Amount = None,
    max_flops: Amount = None,
    max_activations: Amount = None,
    max_memory: Amount = None,
    max_latency_ms: float | None = None,
    record: Recorded | None = None,
    source: str = "",
    profile: "Profiled" = None,
    device: str | None = None,
) -> Answer:
    """Whether the network keeps its limits, which are numbers, or text as 26M; a latency is looked up in ``record``.

    Without a Record it is predicted by ``profile``, or for cpu or cuda as ``device`` by this machine's own.

    ``max_memory`` is in bytes, or text as 200MiB. ``source`` names the file of the limits for the reader. ``ok`` is
    whether every limit is kept; the exit code is 1 if one is exceeded, 4 if a latency is INCONCLUSIVE.

    Raises:
        RequestError: no limit is given, or ``record`` has no latency of this network.
    """
    from resnet_inspect.questions.budget import Limits, budget

    limits = Limits(
        params=amount(max_params),
        macs=amount(max_macs),
        flops=amount(max_flops),
        activations=amount(max_activations),
        memory=size(max_memory),
        latency_ms=max_latency_ms,
    )
    network = find(model, settings, kwargs)
    graph = graph_of(network, input, batch_size)
    if profile is not None or device is not None:
        if record is not None:
            raise RequestError(
                "a latency is measured or predicted", hint="leave out --record, or --profile and --device"
            )
        from resnet_inspect.api.prediction import profile_of

        return answer(budget(graph, {}, limits, None, source, profile_of(profile, device)))
    if record is None:
        return answer(budget(graph, {}, limits, None, source))
    return answer(budget(graph, network.spec_fields, limits, as_record(record), source))
