"""The verb that finds the fastest configuration."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from resnet_inspect.api.amounts import Amount, limit, seconds, size
from resnet_inspect.api.answer import Answer, answer, one_of
from resnet_inspect.errors import RequestError
from resnet_inspect.sources import Input, Kwargs, Model, Settings, find
from resnet_inspect.sources.batch import read_input

if TYPE_CHECKING:
    from resnet_inspect.benchmark.record import Record
    from resnet_inspect.tuning.space import Among


def tune(
    model: Model = "resnet50",
    goal: str = "throughput",
    device: str = "auto",
    input: Input = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    among: "Among | str | Iterable[str]" = (),
    budget: float | str = "5min",
    max_latency_ms: float | None = None,
    max_memory: Amount = None,
    max_error: float = 0.02,
    delta: float | None = None,
    seed: int = 0,
    argv: Sequence[str] = (),
    save: "Callable[[Record], None] | None" = None,
    tell: Callable[[str], None] | None = None,
    progress: Callable[[float, int], None] | None = None,
) -> Answer:
    """The fastest way to run a model on this machine, found by racing configurations against each other.

    Args:
        goal: ``throughput`` (images a second) or ``latency`` (of one call).
        among: the values to try by axis, ``{"layout": […], "precision": […], "mode": […], "threads": […], "batch":
            […]}``, or as the command line writes them; an axis that is not named has the values of the device.
        budget: of the whole search, in seconds or as ``5min``; what gets warm or compiles at its end is cut short.
        max_latency_ms: the upper end of the latency's 95 % interval may be no longer.
        max_memory: of a call; predicted for eager cases before they run, and measured.
        max_error: relative L2 distance of the outputs from strict fp32.
        delta: cases within this share of the fastest are a tie; default: 2 % on CUDA, else 5 %.
        save, tell, progress: as in ``bench``.

    The answer's ``exit_code`` is 1 where no case meets the bounds, 4 where the budget decided nothing.

    Raises:
        RequestError: a value of an axis cannot be. MachineError: the machine has no such device, or no compiler for a
            mode that ``among`` names.
    """
    from resnet_inspect.prediction.foresight import foresee_by_profiles
    from resnet_inspect.tuning.answer import answer as report
    from resnet_inspect.tuning.goal import WANTED
    from resnet_inspect.tuning.run import Request, run
    from resnet_inspect.tuning.space import check_among, read_among

    limit("--max-latency-ms", max_latency_ms, "40")
    limit("--max-error", max_error, "0.02")
    limit("--delta", delta, "0.05")
    memory = limit("--max-memory", size(max_memory), "8GiB")
    texts = [among] if isinstance(among, str) else among
    if not isinstance(texts, Iterable):
        raise RequestError(f"among={among!r} is no list", hint='as {"batch": [1, 8]} or ["batch=1,8"]')
    net = find(model, settings, kwargs)
    request = Request(
        net=net,
        wanted=one_of("goal", goal, WANTED),
        image=None if input is None else read_input(input),
        device=device,
        among=check_among(texts) if isinstance(texts, Mapping) else read_among(texts),
        budget_s=seconds(budget),
        delta=delta,
        max_latency_ms=max_latency_ms,
        max_memory_bytes=None if memory is None else int(memory),
        max_error=max_error,
        foresee=foresee_by_profiles(),
        seed=seed,
        argv=tuple(argv),
    )
    search, record = run(request, save or (lambda _: None), tell or (lambda _: None), progress or (lambda *_: None))
    typed = os.fspath(model) if isinstance(model, str | os.PathLike) else net.name
    words = [typed, *_options("--set", settings), *_options("--kwargs", kwargs)]
    return answer(report(search, record, words))


def _options(name: str, values: Settings | Kwargs) -> Iterator[str]:
    """``--set groups=32`` for each value."""
    texts = [f"{key}={value}" for key, value in values.items()] if isinstance(values, Mapping) else values
    for text in texts:
        yield from (name, text)
