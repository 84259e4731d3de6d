"""What is said of a fused arm beside the same arm as it is."""

from dataclasses import replace

import pytest

from resnet_inspect.analyze.folding import notes
from resnet_inspect.measure.config import Config
from resnet_inspect.measure.protocol import Protocol
from resnet_inspect.measure.record import Arm, Record, metric

CONFIG = Config("resnet18", "cpu", 1, (1, 3, 64, 64), "infer", "fp32", "contiguous", "eager", 1)


def arm(ms: float, fused: bool, valid: bool = True) -> Arm:
    rounds = [[ms, 1.001 * ms, 0.999 * ms]] * 5
    return Arm(replace(CONFIG, fused=fused), "ok", valid, {"latency": metric(rounds, 0)})


def said(*arms: Arm) -> list[str]:
    return [*notes(Record((), {}, Protocol(), len(arms), arms))]


@pytest.mark.parametrize(("ms", "outcome"), [(8.0, "FASTER"), (10.0, "SAME"), (12.0, "SLOWER")])
def test_whether_folding_pays_is_said_with_its_interval(ms: float, outcome: str) -> None:
    (note,) = said(arm(10.0, False), arm(ms, True))
    assert note.startswith(f"resnet18 fused 1×3×64×64 infer fp32 eager: {ms / 10:.2f}".replace("0.80", "0.800"))
    assert note.endswith(outcome)


def test_nothing_is_said_without_a_valid_pair() -> None:
    assert said(arm(10.0, False)) == said(arm(10.0, True)) == []
    assert said(arm(10.0, False), arm(8.0, True, valid=False)) == []


def test_on_a_crowded_cpu_nothing_is_decided() -> None:
    crowded = replace(arm(8.0, True), findings=({"code": "crowded", "where": "", "values": {"share": 0.4}},))
    assert said(arm(10.0, False), crowded)[0].endswith("INCONCLUSIVE")
