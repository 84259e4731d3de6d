"""Joules an image, by a fake counter on a fake clock."""

from collections.abc import Callable

import pytest

from resnet_inspect.benchmark.messages import Energy, Unavailable
from resnet_inspect.benchmark.worker.energy import CALLS, per_image


class Socket:
    """75 W while nobody works, 300 J more a second of work; a call takes 10 ms."""

    def __init__(self) -> None:
        self.now = self.joules = 0.0

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.joules += 75 * seconds

    def call(self) -> None:
        self.wait(0.01)
        self.joules += 300 * 0.01

    def play(self, joules: Callable[[], float | None]) -> Energy:
        return per_image(joules, self.call, lambda: None, 4, 10.0, lambda: self.now, self.wait)


def test_a_window_gives_joules_an_image_with_and_without_the_idle_power() -> None:
    socket = Socket()
    energy = socket.play(lambda: socket.joules)
    assert energy.idle_w == pytest.approx(75)
    assert energy.busy_w == pytest.approx(375)
    assert energy.j_per_image == pytest.approx(375 * 0.01 / 4)
    assert energy.net_j_per_image == pytest.approx(300 * 0.01 / 4)
    assert energy.window_s == pytest.approx(10, abs=0.2)
    assert energy.images % (4 * CALLS) == 0


def test_where_the_counter_is_silent_the_energy_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"^NVML does not tell the energy$"):
        Socket().play(lambda: None)
