"""The verbs that learn how fast this machine is, and show what was learnt."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from resnet_inspect.api.answer import Answer, answer
from resnet_inspect.api.prediction import Profiled, asked_for, profile_of
from resnet_inspect.api.records import Recorded, as_record
from resnet_inspect.errors import INCONCLUSIVE, InconclusiveError, RequestError

if TYPE_CHECKING:
    from resnet_inspect.benchmark.record import Record
    from resnet_inspect.benchmark.run import Count, Save, Tell
    from resnet_inspect.prediction.profile import Profile
    from resnet_inspect.prediction.profiles import Asked


def calibrate(
    device: str = "auto",
    precision: str | None = None,
    layout: str = "contiguous",
    mode: str = "eager",
    threads: int | None = None,
    quick: bool = False,
    seed: int = 0,
    save: "Callable[[Record], None] | None" = None,
) -> "Profile":
    """Measure a fixed set of nets on a device of this machine, as ``bench`` does, and learn its speed of each work.

    It takes ten minutes at most on a CPU and four on a GPU, and thrice that with ``mode="compile"``. ``quick`` takes
    about a minute, and knows fewer kinds of net. ``save`` is called with the Record so far whenever a case ends.

    Raises:
        RequestError: a combination cannot run. MachineError: the machine has no such device. InconclusiveError: too few
            nets could be measured.
    """
    asked = asked_for(precision, layout, mode, threads)
    return fit(measure(device, asked, quick, seed, (), save or (lambda _: None)))


def measure(
    device: str,
    asked: "Asked",
    quick: bool,
    seed: int,
    argv: Sequence[str],
    save: "Save",
    tell: "Tell" = lambda line: None,
    progress: "Count" = lambda ended, planned: None,
) -> "Record":
    """The Record of a calibration in the way asked for; other arguments as those of ``calibrate`` and ``bench``."""
    from resnet_inspect.prediction.measure import Way, measure

    way = Way(
        device=device,
        precision=asked.precision,
        layout=asked.layout or "contiguous",
        mode=asked.mode or "eager",
        threads=None if asked.threads is None else (asked.threads,),
    )
    return measure(way, quick, seed, argv, save, tell, progress)


def fit(record: Recorded, asked: "Asked | None" = None) -> "Profile":
    """The profile of a calibration's Record, or of any that measured enough nets in one way, or in the way asked for.

    Raises:
        RequestError: it measured several such ways of running, or none. InconclusiveError: too few nets, or it was
            interrupted.
    """
    from resnet_inspect.prediction.measured import profiles_of
    from resnet_inspect.prediction.profiles import ANY

    measured = as_record(record)
    if reason := why_undecided(measured):
        raise InconclusiveError(f"no profile: {reason}", hint="calibrate again")
    profiles = profiles_of(measured)
    fitting = [profile for profile in profiles if not (asked or ANY).differs(profile.conditions)]
    if len(fitting) != 1:
        found = f"{len(fitting)} profiles" if fitting else "no such profile"
        ways = ", ".join(profile.conditions.label for profile in profiles) or "none"
        raise RequestError(
            f"the Record gives {found}; there are {ways}", hint="--precision, --layout, --mode and --threads pick one"
        )
    return fitting[0]


def why_undecided(record: "Record") -> str:
    """Why a Record is no whole calibration; empty where it is one."""
    from resnet_inspect.prediction.fit import FEWEST
    from resnet_inspect.prediction.measure import is_interrupted
    from resnet_inspect.prediction.measured import usable
    from resnet_inspect.units import counted

    if is_interrupted(record):
        return f"it was ended after {len(record.results)} of {counted(record.planned, 'case')}"
    nets = {result.case.model for result in usable(record)}
    return "" if len(nets) >= FEWEST else f"{counted(len(nets), 'net')} could be measured, it takes {FEWEST}"


def undecided(record: "Record") -> Answer | None:
    """What is known where ``record`` gives no profile; ``exit_code`` is 4. None where it gives one."""
    from resnet_inspect.records.bench import bench
    from resnet_inspect.report import Finding

    reason = why_undecided(record)
    if not reason:
        return None
    finding = Finding("no-profile", "the calibration", f"no profile: {reason}", "calibrate again")
    report = bench(record, True)
    return answer(replace(report, findings=(finding, *report.findings), exit_code=INCONCLUSIVE))


def profile(
    profile: Profiled = None, device: str = "cpu", threads: int | None = None, record: "Record | None" = None
) -> Answer:
    """What a profile says: how fast each class of work is, how well it predicts, which nets are outside it.

    ``profile`` is one, or its file; else it is that of this machine's ``device``, with so many ``threads``. ``record``
    is the calibration that it came of: what failed there is named.

    Raises:
        RequestError: there is no such profile, or its file is not whole.
    """
    from resnet_inspect import sources
    from resnet_inspect.questions.profile import profile_report
    from resnet_inspect.resnet.zoo import variants

    found = profile_of(profile) if profile is not None else profile_of(None, device, asked_for(threads=threads))
    nets = map(sources.find, (variant.name for variant in variants()))
    graphs = (sources.graph_of(net, (1, *net.image)) for net in nets)
    return answer(profile_report(found, graphs, record))


def profiles() -> Answer:
    """The profiles in the user's data folder and those of this package, with the machine and the conditions of each."""
    from resnet_inspect.prediction.profiles import HERE, read_profile, readable, shipped
    from resnet_inspect.questions.profiles import profiles_report

    found = [readable(device) for device in HERE]
    own = [profile for profiles, _ in found for profile in profiles]
    broken = {file: error.message for _, files in found for file, error in files.items()}
    return answer(profiles_report(own, {name: read_profile(name) for name in shipped()}, broken))
