"""The nets that a calibration measures, and the cases that they become on a device."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from resnet_inspect.benchmark.case import Case


class Workload(NamedTuple):
    """A net of the zoo on a batch of square images, ``side`` pixels wide."""

    net: str
    batch: int
    side: int


ANCHOR = Workload("resnet18", 1, 224)  # tells what the others may take
# Printed by validation/calibration_nets.py: each lowers most what is not known of the zoo's nets after those above it.
CALIBRATION: tuple[Workload, ...] = (
    Workload("regnety_120", 1, 224),
    Workload("skresnext50_32x4d", 8, 128),
    Workload("skresnet34", 8, 128),
    Workload("resnest14d", 8, 128),
    Workload("regnety_002", 8, 224),
    Workload("resnext101_64x4d", 1, 224),
    Workload("resnetaa34d", 8, 128),
    Workload("gcresnet33ts", 8, 128),
    Workload("resnetblur18", 8, 224),
    Workload("regnetx_120", 1, 224),
    Workload("resnet50", 8, 224),
    Workload("resnet20_cifar", 1, 32),
    Workload("tutorial_resnet18_cifar10", 1, 32),
    Workload("nf_resnet26", 1, 224),
    Workload("resnet50_gn", 8, 128),
    Workload("resnet152", 1, 224),
    Workload("wide_resnet50_2", 1, 224),
    Workload("ecaresnext50t_32x4d", 8, 128),
    Workload("regnet_y_400mf", 8, 224),
    Workload("seresnext101_64x4d", 1, 224),
    Workload("resnet18d", 8, 224),
    Workload("resnest26d", 8, 128),
    Workload("res2net50d", 8, 128),
    Workload("regnet_x_8gf", 1, 224),
    Workload("resnet34d", 8, 128),
    Workload("skresnet50d", 8, 128),
    Workload("resnext101_32x8d", 1, 224),
    Workload("cbam_resnet50", 8, 128),
    Workload("resnetv2_18", 8, 224),
    Workload("regnety_004", 8, 224),
    Workload("resnest14d", 1, 224),
    Workload("resnext152_32x4d", 1, 224),
    Workload("resnetv2_34d", 8, 128),
    Workload("skresnet18", 8, 224),
    Workload("regnetx_080", 1, 224),
    Workload("resnext50d_32x4d", 8, 128),
    Workload("ecaresnet50t", 8, 128),
)
ON_GPU = {1: 1, 8: 128}  # the batch of a workload -> that on a GPU, which a small one does not fill
SIDES = (288, 224, 160, 128, 96, 64, 32)  # a workload that takes too long is measured at the next smaller


class Limits(NamedTuple):
    """Seconds that a call and a whole run may take; a case takes ``start_s`` and about so many ``calls``.

    Both are estimates before anything ran: a call of a net that reaches less of the ceilings takes up to a second.
    """

    call_s: float
    run_s: float
    start_s: float
    calls: int


ON_CPU, ON_OTHERS = Limits(0.75, 540.0, 8.0, 25), Limits(0.75, 200.0, 9.0, 40)
QUICK_CPU, QUICK_OTHERS = Limits(0.15, 54.0, 6.0, 15), Limits(0.15, 60.0, 8.0, 20)


COMPILING_S, COMPILED = 30.0, 3.0  # a case compiles for so long; a run may therefore take so many times as long


def limits_for(like: Case, quick: bool) -> Limits:
    """What a calibration of cases like ``like`` may take."""
    on_cpu = like.device == "cpu"
    limits = (QUICK_CPU if quick else ON_CPU) if on_cpu else (QUICK_OTHERS if quick else ON_OTHERS)
    if not like.is_compiled:
        return limits
    return limits._replace(start_s=limits.start_s + COMPILING_S, run_s=COMPILED * limits.run_s)


def choose_cases(like: Case, seconds_of: Callable[[Case], float], limits: Limits) -> list[Case]:
    """The first cases of the list that fit into the time, on the device and in the way of ``like``.

    ``seconds_of`` estimates a call. A call that would take longer than the limit is measured on a smaller image.
    """
    cases: list[Case] = []
    left_s = limits.run_s
    for workload in CALIBRATION:
        for case in _sizes(workload, like):
            call_s = seconds_of(case)
            if call_s > limits.call_s:
                continue
            case_s = limits.start_s + limits.calls * call_s
            if case not in cases and case_s <= left_s:
                cases.append(case)
                left_s -= case_s
            break
    return cases


def _sizes(workload: Workload, like: Case) -> Iterator[Case]:
    for side in SIDES:
        if side <= workload.side:
            yield case_of(workload._replace(side=side), like)


def case_of(workload: Workload, like: Case) -> Case:
    """The case that measures ``workload`` on the device and in the way of ``like``."""
    batch = workload.batch if like.device == "cpu" else ON_GPU[workload.batch]
    side = workload.side
    return replace(like, model=workload.net, batch_size=batch, input=(batch, 3, side, side))


def nets_of(cases: Sequence[Case]) -> list[str]:
    """The nets of the cases, each once."""
    return list(dict.fromkeys(case.model for case in cases))
