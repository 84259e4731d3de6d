"""The verbs that measure, and those that read what was measured."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from resnet_inspect.api.answer import Answer, answer, one_of, several
from resnet_inspect.api.records import Recorded, as_record
from resnet_inspect.errors import RequestError
from resnet_inspect.sources import Input, Kwargs, Model, Settings, find_all
from resnet_inspect.sources.batch import read_input

if TYPE_CHECKING:
    from resnet_inspect.benchmark.messages import Extra
    from resnet_inspect.benchmark.record import Record

# option --per -> the breakdowns it asks for
BREAKDOWNS: dict[str | None, tuple["Extra", ...]] = {None: (), "stage": ("stage",), "layer": ("stage", "layer")}


def bench(
    models: Model | Sequence[Model] = "resnet50",
    device: str = "auto",
    batch_size: int | str | Sequence[int | str] | None = None,
    input: Input = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
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
    progress: "Callable[[float, int], None] | None" = None,
    per: str | None = None,
    energy: bool = False,
    folded: bool = False,
    fresh: bool = False,
    ceilings: bool = False,
    processes: int | Sequence[int] | None = None,
    gpus: int | Sequence[int] | None = None,
) -> "Record":
    """Measure every combination, each in a process of its own, and return the Record.

    A module in memory is pickled for these processes, which import its class.

    Args:
        batch_size: images per batch; ``max`` is the most that fit in memory, and on a CPU in a call of about a second.
        quick: two rounds for a first look.
        min_time_s, max_time_s: of sampling a case.
        save: called with the Record so far whenever a case ends.
        tell: called with a line whenever something begins.
        progress: called with how many cases have ended, of how many, before the first and whenever one ends or plays;
            rounds count as parts of a case.
        per: ``stage`` or ``layer`` times each stage, or each stage and each layer, in a pass of its own.
        energy: add joules per image, where a GPU counts them.
        folded: measure every case once more with BatchNorm folded into the convolutions.
        fresh: start a new process for every round, so that the interval covers what differs between processes.
        ceilings: measure what the device can do at most, and hold inferences against the floor this sets.
        processes: measure training steps in so many processes, each with a batch of its own.
        gpus: as ``processes``, each on a CUDA device of its own.

    Ctrl-C ends the measurement within a second and keeps every whole round. A worker ends when this process does.

    Raises:
        RequestError: a combination cannot run. MachineError: the machine has no such device.
    """
    from resnet_inspect.api.shown import show_as
    from resnet_inspect.api.shown_record import ShownRecord
    from resnet_inspect.benchmark.request import Request
    from resnet_inspect.benchmark.run import run
    from resnet_inspect.sources.code import readable
    from resnet_inspect.vocabulary import LAYOUTS, MODES, RUN_PRECISIONS, TASKS

    def chosen(name: str, values: str | Sequence[str], choices: Sequence[str]) -> tuple[str, ...]:
        return tuple(one_of(name, value, choices) for value in several(values))

    if per not in BREAKDOWNS:
        raise RequestError(f"--per {per} is neither stage nor layer", hint="as --per stage")
    networks = tuple(find_all(several(models), settings, kwargs))
    if folded and not all(network.spec_fields for network in networks):
        raise RequestError("--folded needs a spec, and code is measured as it is", hint="leave out --folded")
    if gpus is not None and (processes is not None or device not in ("auto", "cuda")):
        raise RequestError("--gpus says the device and the processes", hint="leave out --device and --processes")
    together = gpus if processes is None else processes
    if together is not None and (per or energy):
        raise RequestError("--per and --energy are for one process", hint="leave out --processes and --gpus")
    extras = BREAKDOWNS[per]
    extras += ("energy",) if energy else ()
    extras += ("ceilings",) if ceilings else ()
    request = Request(
        nets=networks,
        image=None if input is None else read_input(input),
        device=device if gpus is None else "cuda",
        batch_sizes=None if batch_size is None else tuple(several(batch_size)),
        tasks=chosen("task", task, TASKS),
        precisions=None if precision is None else chosen("precision", precision, RUN_PRECISIONS),
        layouts=chosen("layout", layout, LAYOUTS),
        modes=chosen("mode", mode, MODES),
        threads=None if threads is None else tuple(several(threads)),
        folded=(False, True) if folded else (False,),
        processes=(None,) if together is None else tuple(several(together)),
        extras=extras,
        quick=quick,
        fresh=fresh,
        min_time_s=min_time_s,
        max_time_s=max_time_s,
        seed=seed,
        argv=tuple(argv),
    )
    with readable(networks) as nets:
        request = replace(request, nets=nets)
        record = run(request, save or (lambda _: None), tell or (lambda _: None), progress or (lambda *_: None))
    return show_as(ShownRecord, record)


def show(record: Recorded, strict: bool = False) -> Answer:
    """A Record, or the file that holds one, as a table of its results, with what a reader must know to trust them.

    ``strict``: the answer's ``exit_code`` is 4 if a case failed or is missing.
    """
    from resnet_inspect.records.bench import bench

    return answer(bench(as_record(record), strict))


def verdict(
    old: Recorded,
    new: Recorded,
    gates: str | Sequence[str] = (),
    allow_env_diff: bool = False,
    strict: bool = False,
    ignore: str | Sequence[str] = (),
) -> Answer:
    """Case by case, whether ``new`` is SLOWER, FASTER, the SAME or INCONCLUSIVE; ``gates`` may not grow at all.

    ``ignore="model"`` also compares cases whose models differ, in the order of the Records.
    The answer's ``exit_code`` is 1 if a case is SLOWER or missing or a gate is broken; ``strict``: 4 if one is
    INCONCLUSIVE.

    Raises:
        RequestError: the two were taken on other machines or have no case in common.
    """
    from resnet_inspect.records.verdict import GATES, verdict

    ignored = [one_of("ignore", name, ("model",)) for name in several(ignore)]
    gated = tuple(one_of("gates", name, GATES) for name in several(gates))
    return answer(verdict(as_record(old), as_record(new), gated, allow_env_diff, strict, "model" in ignored))
