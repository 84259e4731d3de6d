"""The findings of bench, one row each: limits, words, and what detects it.

``page`` tells the limits. Placeholders in a message and a hint are filled with values, in a page with limits.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from resnet_inspect.benchmark.detect import (
    Detector,
    Evidence,
    Limits,
    detect_bimodal,
    detect_cached,
    detect_ceiling_moved,
    detect_crowded,
    detect_drift,
    detect_host_bound,
    detect_imprecise,
    detect_instrumented,
    detect_interrupted,
    detect_loss,
    detect_never_settled,
    detect_noisy,
    detect_other_pace,
    detect_page_faults,
    detect_rounding,
    detect_slow_first,
    detect_tail,
    detect_throttled,
    detect_unsteady_clock,
    detect_unsteady_cpu,
    detect_waits,
)
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.record import Observation, Result
from resnet_inspect.benchmark.statistics import MODE_DISTANCE
from resnet_inspect.hardware.floor import ABOVE_ROOF
from resnet_inspect.language import marked
from resnet_inspect.units import Unit

# Relative L2 distance of the outputs from strict fp32 that rounding explains.
ROUNDING = {"fp32": 1e-4, "tf32": 2e-3, "bf16": 2e-2, "fp16": 2e-2, "amp-bf16": 2e-2, "amp-fp16": 2e-2}
SHARES = ("share", "spread", "change", "within")  # values that a Record's finding is filled with as percentages


@dataclass(frozen=True, slots=True)
class FindingRule:
    """A finding of bench as data.

    ``limits`` are written in ``unit`` on its page, None being a plain number. The names of ``SHARES`` become
    percentages in ``message``. ``voids`` is why a difference between times decides nothing where one of them has this
    finding; empty where it does decide.
    """

    code: str
    message: str
    hint: str
    detect: Detector
    page: str = ""
    limits: Limits = field(default_factory=dict)
    unit: Unit | None = "share"
    voids: str = ""


def observe(evidence: Evidence, codes: tuple[str, ...] | None = None) -> Iterator[Observation]:
    """What the rows find, by default all but ``cached``, which needs the floor."""
    chosen = codes or [code for code in BY_CODE if code != "cached"]
    for rule in FINDINGS:
        if rule.code in chosen:
            for values in rule.detect(evidence, rule.limits):
                yield Observation(rule.code, evidence.raw.case.label, values)


def what_voids(result: Result) -> str:
    """Why a difference between the times of ``result`` and others decides nothing; empty where it does."""
    rules = [BY_CODE[finding.code] for finding in result.findings if finding.code in BY_CODE]
    return next((rule.voids for rule in rules if rule.voids), "")


NOISY = {"cpu": 0.05, "cuda": 0.02}
CPU, CUDA, QUICK = plan_for("cpu"), plan_for("cuda"), plan_for("cpu", quick=True)

FINDINGS: tuple[FindingRule, ...] = (
    FindingRule(
        "host-bound",
        marked("the host spends {share} of the device's time on enqueueing a call"),
        marked("use --mode graph or compile, or a larger batch"),
        detect_host_bound,
        marked("bench reports this above {share}."),
        {"share": 0.8},
    ),
    FindingRule(
        "never-settled",
        marked("no steady state after {seconds} s of warm-up"),
        marked("close other programs and measure again"),
        detect_never_settled,
        marked(
            "bench reports this where two successive windows of {window} calls still differ by {within}% in "
            "median after {seconds} s of warm-up, or after {quick} s with --quick."
        ),
        {
            "window": CPU.window,
            "within": 100 * CPU.settled_within,
            "seconds": CPU.max_warmup_s,
            "quick": QUICK.max_warmup_s,
        },
        unit=None,
    ),
    FindingRule(
        "noisy",
        marked("round medians differ by {spread}"),
        marked("close other programs; compare medians of interleaved runs only"),
        detect_noisy,
        marked(
            "bench reports this where the medians of the slowest and the fastest round differ by more than {cpu} "
            "of the overall median, {cuda} on a CUDA device."
        ),
        NOISY,
    ),
    FindingRule(
        "drift",
        marked("{change} from the first round to the last"),
        marked("the machine heats up or is shared: measure again later"),
        detect_drift,
        marked("bench reports this above {cpu} in either direction, {cuda} on a CUDA device."),
        NOISY,
    ),
    FindingRule(
        "bimodal",
        marked("calls run at two speeds"),
        marked("look at samples_ms: another process, or frequency steps"),
        detect_bimodal,
        marked(
            "bench reports this where two peaks are more than {distance} of the median apart, and at most half as"
            " many samples lie halfway between them as at the smaller peak."
        ),
        {"distance": MODE_DISTANCE},
    ),
    FindingRule(
        "tail",
        marked("{count} of {of} calls are slow, up to {longest} ms, and take {share} of the time"),
        marked("the median leaves them out, images/s does not: look at samples_ms, and for what stalls a call"),
        detect_tail,
        marked("bench reports this where calls above {slow} of the median take {share} of the time or more."),
        {"slow": 2.0, "share": 0.05},
    ),
    FindingRule(
        "slow-first",
        marked("the first call of a round takes {ratio}× the time of the others"),
        marked("another case or program emptied the caches: compare medians, which one slow call cannot move"),
        detect_slow_first,
        marked("bench reports this above {ratio}, in the median over all rounds."),
        {"ratio": 1.2},
        unit="ratio",
    ),
    FindingRule(
        "rounding",
        marked("outputs differ from fp32 by {error} in relative L2; rounding explains {limit}"),
        marked("do not trust this precision for this net"),
        detect_rounding,
        marked("bench reports this above {fp32} in fp32, {tf32} in tf32, and {bf16} in bf16, fp16 and autocast."),
        ROUNDING,
        unit=None,
    ),
    FindingRule(
        "throttled",
        marked("the GPU slows itself down: {reasons}"),
        marked("let it cool, or raise its power limit; never compare such a run"),
        detect_throttled,
    ),
    FindingRule(
        "unsteady-clock",
        marked("the GPU's clock lost {share} between rounds, from {high} to {low} MHz"),
        marked("let it cool, or lock its clock; compare medians of interleaved runs only"),
        detect_unsteady_clock,
        marked("bench reports this above {share}."),
        {"share": 0.05},
    ),
    FindingRule(
        "unsteady-cpu",
        marked("the reference workload took {share} longer before one round than before another"),
        marked("the CPU heats up or is shared: `resnet-inspect verdict` allows for it, reading two medians does not"),
        detect_unsteady_cpu,
        marked("bench reports this above {share}."),
        {"share": 0.05},
    ),
    FindingRule(
        "crowded",
        marked("ready threads got {share} of a CPU: other programs, or more threads than CPUs, took the rest"),
        marked("close other programs, or give fewer --threads: these times include theirs"),
        detect_crowded,
        marked("bench reports this below {share}, in the median over all rounds."),
        {"share": 0.9},
        voids="other programs took part of the CPU",
    ),
    FindingRule(
        "waits",
        marked("the net waits: {share} of the time not even its busiest thread was ready to run"),
        marked("look for sleep, files, sockets and locks in its code: no faster CPU shortens them"),
        detect_waits,
        marked("bench reports this above {share}, in the median over all rounds."),
        {"share": 0.1},
    ),
    FindingRule(
        "page-faults",
        marked(
            "{count} page faults a call, {share} of its time if one thread takes them all: the allocator returns large "
            "tensors to the system and fetches them again"
        ),
        marked(
            "glibc keeps them with MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=8589934592 before the "
            "command; or preload jemalloc"
        ),
        detect_page_faults,
        marked(
            "bench reports this where page faults take {share} of a call's time or more: their number times the "
            "cost of one on this machine, measured after the rounds."
        ),
        {"share": 0.03},
    ),
    FindingRule(
        "ceiling-moved",
        marked("the {what} ceiling changed by {change} from before the rounds to after them; the higher counts"),
        marked("the device heats up or is shared: compare medians of interleaved runs only"),
        detect_ceiling_moved,
        marked("bench reports this above {share} in either direction."),
        {"share": 0.05},
    ),
    FindingRule(
        "cached",
        marked("the device takes {share} of the floor, the least time that its ceilings allow"),
        marked("data that stays in a cache does not move: a net this small beats its floor"),
        detect_cached,
        marked(
            "bench reports this where --ceilings gives a floor above {share} of the device time. A device time "
            "too short even for the arithmetic is no finding but a failed self-check."
        ),
        {"share": ABOVE_ROOF},
    ),
    FindingRule(
        "imprecise",
        marked("the interval is wider than ±{within} when sampling stopped: {stopped}"),
        marked(
            "noise: more rounds do not help, close other programs; time: allow more with --max-time; quick: leave out "
            "--quick"
        ),
        detect_imprecise,
        marked(
            "bench reports this where half of the median's 95% interval stays above {cpu} of the median, {cuda} "
            "on a CUDA device, until --max-time is over or more rounds no longer narrow it. With --quick the "
            "limit is {quick}."
        ),
        {"cpu": CPU.precise_within, "cuda": CUDA.precise_within, "quick": 0.1},  # two rounds are seldom precise
    ),
    FindingRule(
        "interrupted",
        marked("Ctrl-C or a signal ended the case; whole rounds: {rounds}"),
        marked("verdict decides nothing on such a result: measure again"),
        detect_interrupted,
        marked("bench reports this where Ctrl-C, SIGTERM or SIGHUP ends a case that has a whole round."),
    ),
    FindingRule(
        "other-pace",
        marked("plain calls measured with the {by} marks differ by {change} from those of the rounds"),
        marked("the machine changed its pace in between: trust the shares of time more than the times"),
        detect_other_pace,
        marked("bench reports this above {share} in either direction."),
        {"share": 0.1},
    ),
    FindingRule(
        "instrumented",
        marked("calls with {by} marks differ by {change} from plain calls; ±{within} is allowed"),
        marked("trust the shares of time more than the times"),
        detect_instrumented,
        marked(
            "bench reports this above {share} in either direction, in the median over all pairs of a marked and a"
            " plain call."
        ),
        {"share": 0.03},
    ),
    FindingRule("oom", marked("out of memory: {detail}"), marked("use a smaller --batch-size"), detect_loss("oom")),
    FindingRule("crashed", marked("the worker ended: {detail}"), marked("run this case alone"), detect_loss("crashed")),
    FindingRule(
        "timeout",
        marked("the worker did not answer: {detail}"),
        marked("use a smaller --batch-size"),
        detect_loss("timeout"),
    ),
)
BY_CODE = {rule.code: rule for rule in FINDINGS}
HOST_BOUND = BY_CODE["host-bound"].limits["share"]
