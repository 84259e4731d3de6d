"""From where on bench finds what it finds, by the numbers that it finds it with."""

from resnet_inspect.benchmark import assemble, statistics
from resnet_inspect.benchmark.breakdown import INSTRUMENTATION
from resnet_inspect.benchmark.compare import CROWDED
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.explainer.speech import Voice
from resnet_inspect.units import text


def threshold(code: str, say: Voice) -> str | None:
    """A sentence; None of what is found whenever it is there at all."""
    cpu, cuda, quick = plan_for("cpu"), plan_for("cuda"), plan_for("cpu", quick=True)
    noisy = {kind: text(share, "share") for kind, share in assemble.NOISY.items()}
    match code:
        case "host-bound":
            return say("It is found above {share}.", share=text(assemble.HOST_BOUND, "share"))
        case "never-settled":
            return say(
                "It is found where two windows of {window} calls, one after the other, still differ by {within} in "
                "median after {seconds} s, with --quick after {quick} s.",
                window=str(cpu.window),
                within=text(cpu.settled_within, "share"),
                seconds=f"{cpu.max_warmup_s:g}",
                quick=f"{quick.max_warmup_s:g}",
            )
        case "noisy":
            return say(
                "It is found where the slowest round's median is more than {cpu} of the median above the fastest's, "
                "{cuda} on a CUDA device.",
                **noisy,
            )
        case "drift":
            return say("It is found above {cpu} in either direction, {cuda} on a CUDA device.", **noisy)
        case "bimodal":
            return say(
                "It is found where the two are more than {distance} of the median apart, and halfway between them lie "
                "at most half as many samples as at the lesser one.",
                distance=text(statistics.MODE_DISTANCE, "share"),
            )
        case "slow-first":
            return say(
                "It is found above {ratio}, in the median of all rounds.", ratio=text(assemble.SLOW_FIRST, "ratio")
            )
        case "rounding":
            limits = [f"{limit:g} ({precision})" for precision, limit in assemble.ROUNDING.items()]
            return say("It is found above {limits}.", limits=say.listed(limits))
        case "unsteady-clock":
            return say("It is found above {share}.", share=text(assemble.CLOCK_MOVED, "share"))
        case "unsteady-cpu":
            return say("It is found above {share}.", share=text(assemble.NOISY["cpu"], "share"))
        case "crowded":
            return say("It is found below {share}, in the median of all rounds.", share=text(CROWDED, "share"))
        case "ceiling-moved":
            return say("It is found above {share} in either direction.", share=text(assemble.CEILING_MOVED, "share"))
        case "cached":
            return say(
                "It is found where --ceilings gives a floor of more than {share} of the device time. Less than the "
                "arithmetic takes is no finding, but a failed self-check.",
                share=text(assemble.ABOVE_ROOF, "share"),
            )
        case "page-faults":
            return say(
                "It is found where {share} of a call's time or more goes into them: how many there are, times what one "
                "takes on this machine, which is measured after the rounds.",
                share=text(assemble.PAGE_FAULTS, "share"),
            )
        case "interrupted":
            return say("It is found where Ctrl-C ends the rounds of an arm that has two or more.")
        case "imprecise":
            return say(
                "It is found where half of the 95 % interval of the median stays above {cpu} of it, {cuda} on a CUDA "
                "device, until the time of --max-time is over or more rounds narrow it no more; with --quick, above "
                "{quick}.",
                quick=text(assemble.QUICK_WITHIN, "share"),
                cpu=text(cpu.precise_within, "share"),
                cuda=text(cuda.precise_within, "share"),
            )
        case "other-pace":
            return say("It is found above {share} in either direction.", share=text(assemble.OTHER_PACE, "share"))
        case "instrumented":
            return say(
                "It is found above {share} in either direction, in the median of all pairs of a marked call and a "
                "plain one.",
                share=text(INSTRUMENTATION, "share"),
            )
        case _:
            return None
