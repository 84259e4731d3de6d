"""The work beside every round: always the same, and none of the network's affair."""

import pytest
import torch

from resnet_inspect.benchmark.worker import reference_workload as yardstick


def test_every_piece_takes_time() -> None:
    pieces = yardstick.milliseconds()
    assert len(pieces) == 3
    assert min(pieces) > 0


def test_what_a_piece_takes_is_the_median_of_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    sampled: list[object] = []
    monkeypatch.setattr(yardstick.sampling, "sample", lambda call, *_: sampled.append(call) or [1.0, 2.0, 6.0])
    assert yardstick.milliseconds() == [2.0] * 3
    assert sampled == [*yardstick._pieces()]


def test_it_draws_no_random_number_of_the_networks() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    yardstick.milliseconds()
    assert torch.rand(1) == expected


def test_it_can_be_asked_in_training_and_in_inference_mode() -> None:
    yardstick.milliseconds()
    with torch.inference_mode():
        yardstick.milliseconds()
    with torch.enable_grad():
        yardstick.milliseconds()
