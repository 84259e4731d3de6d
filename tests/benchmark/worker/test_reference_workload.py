"""The work next to every round: always the same, and independent of the network."""

import pytest
import torch

from resnet_inspect.benchmark.worker import reference_workload, timing


def test_every_piece_takes_time() -> None:
    pieces = reference_workload.milliseconds()
    assert len(pieces) == 3
    assert min(pieces) > 0


def test_a_piece_takes_the_median_of_its_calls_and_is_the_same_piece_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sampled: list[object] = []
    monkeypatch.setattr(timing, "sample", lambda call, *_: sampled.append(call) or [1.0, 2.0, 6.0])
    assert reference_workload.milliseconds() == [2.0] * 3
    assert reference_workload.milliseconds() == [2.0] * 3
    first, second = sampled[:3], sampled[3:]
    assert first == second
    assert len(set(first)) == 3


def test_it_draws_no_random_number_from_the_networks_generator() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    reference_workload.milliseconds()
    assert torch.rand(1) == expected


def test_it_runs_in_training_and_in_inference_mode() -> None:
    reference_workload.milliseconds()
    with torch.inference_mode():
        reference_workload.milliseconds()
    with torch.enable_grad():
        reference_workload.milliseconds()
