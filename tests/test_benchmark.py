"""A benchmark from request to Record, with workers that are fakes."""

from collections.abc import Mapping
from typing import Any

import pytest

from resnet_inspect import benchmark, load
from resnet_inspect.errors import MachineError
from resnet_inspect.measure.conductor import WorkerLost
from resnet_inspect.measure.config import Config
from resnet_inspect.measure.record import from_json

CONFIG = Config("resnet18", "cpu", 1, (1, 3, 64, 64), "infer", "fp32", "contiguous", "eager", 1)
MIB = 2**20


class Fake:
    """A worker that runs out of memory beyond ``limit`` images."""

    asked: list[int] = []  # noqa: RUF012  # reset by each test

    def __init__(self, config: Config, limit: int) -> None:
        self.config, self.limit = config, limit

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["do"] == "prepare":
            Fake.asked.append(self.config.batch_size)
        if self.config.batch_size > self.limit:
            raise WorkerLost("oom")
        return {}

    def close(self) -> None:
        pass


def largest(limit: int, room: int) -> int:
    Fake.asked = []
    found = load.variant("resnet18")
    available = benchmark.WORKER_BYTES + room
    return benchmark._largest(CONFIG, found, lambda c: Fake(c, limit), available, lambda line: None).batch_size


def test_the_largest_batch_is_the_one_that_is_predicted_to_fit() -> None:
    n = largest(10**9, 500 * MIB)
    assert Fake.asked == [n]
    peak = [benchmark._predicted(CONFIG, load.graph(load.variant("resnet18"), (m, 3, 64, 64))) for m in (n, n + 1)]
    assert peak[0]["peak_bytes"] <= 500 * MIB < peak[1]["peak_bytes"]


def test_a_prediction_that_does_not_hold_is_tried_smaller() -> None:
    n = largest(100, 500 * MIB)
    assert 90 <= n <= 100
    assert Fake.asked == sorted(Fake.asked, reverse=True)


def test_a_machine_on_which_no_image_fits_is_said_to_be() -> None:
    with pytest.raises(MachineError, match="not even one image"):
        largest(0, 500 * MIB)


def test_an_arm_holds_what_was_measured_beside_what_was_predicted(record_json: str) -> None:
    (arm,) = from_json(record_json).arms
    assert (arm.status, arm.valid) == ("ok", True)
    assert arm.memory["measured"]["requested_bytes"] == pytest.approx(arm.memory["predicted"]["peak_bytes"], rel=0.02)
    assert arm.cost["params"] == 11_689_512
    assert arm.metrics["device_time"] is None
    assert "device_time" in arm.unknown
