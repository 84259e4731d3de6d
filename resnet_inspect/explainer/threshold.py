"""The threshold at which bench reports each finding."""

from resnet_inspect.benchmark import assemble, statistics
from resnet_inspect.benchmark.breakdown import INSTRUMENTATION
from resnet_inspect.benchmark.compare import CROWDED
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.units import text


def threshold(code: str, say: Speaker) -> str | None:
    """The sentence on the threshold of a finding; None for a finding without one."""
    cpu, cuda, quick = plan_for("cpu"), plan_for("cuda"), plan_for("cpu", quick=True)
    noisy = {kind: text(share, "share") for kind, share in assemble.NOISY.items()}
    match code:
        case "host-bound":
            return say("bench reports this above {share}.", share=text(assemble.HOST_BOUND, "share"))
        case "never-settled":
            return say(
                "bench reports this where two successive windows of {window} calls still differ by {within} in median "
                "after {seconds} s of warm-up, or after {quick} s with --quick.",
                window=str(cpu.window),
                within=text(cpu.settled_within, "share"),
                seconds=f"{cpu.max_warmup_s:g}",
                quick=f"{quick.max_warmup_s:g}",
            )
        case "noisy":
            return say(
                "bench reports this where the medians of the slowest and the fastest round differ by more than {cpu} "
                "of the overall median, {cuda} on a CUDA device.",
                **noisy,
            )
        case "drift":
            return say("bench reports this above {cpu} in either direction, {cuda} on a CUDA device.", **noisy)
        case "bimodal":
            return say(
                "bench reports this where two peaks are more than {distance} of the median apart, and at most half as "
                "many samples lie halfway between them as at the smaller peak.",
                distance=text(statistics.MODE_DISTANCE, "share"),
            )
        case "slow-first":
            return say(
                "bench reports this above {ratio}, in the median over all rounds.",
                ratio=text(assemble.SLOW_FIRST, "ratio"),
            )
        case "rounding":
            limits = [f"{limit:g} ({precision})" for precision, limit in assemble.ROUNDING.items()]
            return say("bench reports this above {limits}.", limits=say.listed(limits))
        case "unsteady-clock":
            return say("bench reports this above {share}.", share=text(assemble.CLOCK_MOVED, "share"))
        case "unsteady-cpu":
            return say("bench reports this above {share}.", share=text(assemble.NOISY["cpu"], "share"))
        case "crowded":
            return say("bench reports this below {share}, in the median over all rounds.", share=text(CROWDED, "share"))
        case "ceiling-moved":
            return say(
                "bench reports this above {share} in either direction.",
                share=text(assemble.CEILING_MOVED, "share"),
            )
        case "cached":
            return say(
                "bench reports this where --ceilings gives a floor above {share} of the device time. A device time too "
                "short even for the arithmetic is no finding but a failed self-check.",
                share=text(assemble.ABOVE_ROOF, "share"),
            )
        case "page-faults":
            return say(
                "bench reports this where page faults take {share} of a call's time or more: their number times the "
                "cost of one on this machine, measured after the rounds.",
                share=text(assemble.PAGE_FAULTS, "share"),
            )
        case "interrupted":
            return say("bench reports this where Ctrl-C ends the rounds of a case that has two or more.")
        case "imprecise":
            return say(
                "bench reports this where half of the median's 95% interval stays above {cpu} of the median, {cuda} on "
                "a CUDA device, until --max-time is over or more rounds no longer narrow it. With --quick the limit is "
                "{quick}.",
                quick=text(assemble.QUICK_WITHIN, "share"),
                cpu=text(cpu.precise_within, "share"),
                cuda=text(cuda.precise_within, "share"),
            )
        case "other-pace":
            return say(
                "bench reports this above {share} in either direction.",
                share=text(assemble.OTHER_PACE, "share"),
            )
        case "instrumented":
            return say(
                "bench reports this above {share} in either direction, in the median over all pairs of a marked and a "
                "plain call.",
                share=text(INSTRUMENTATION, "share"),
            )
        case _:
            return None
