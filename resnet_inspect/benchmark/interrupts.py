"""Ctrl-C, SIGTERM and SIGHUP, heard where a benchmark waits: no answer is lost between two lines of Python."""

import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
UNHANDLED = (signal.SIG_DFL, signal.default_int_handler)
END_S = 0.3  # from a signal to the end of all waiting
PATIENCE_S = 1.0  # from a signal to the moment when another is no repetition


class Interrupts:
    """The signals to this process while ``listening``: the first raises KeyboardInterrupt, while ``held`` in ``wait``.

    Its repetitions raise nothing, for ``PATIENCE_S``.
    """

    def __init__(self) -> None:
        self.since: float | None = None  # the first signal, by the monotonic clock
        self.is_raised = self.is_held = False
        self.woken: int | None = None  # readable after a signal: one that comes right before select ends it too

    @contextmanager
    def listening(self, *signals: signal.Signals) -> Iterator[None]:
        """Hear those ``signals`` that nobody ignores or handles. Only the main thread hears any."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {number: handler for number in signals if (handler := signal.getsignal(number)) in UNHANDLED}
        for number in handlers:
            signal.signal(number, self._hear)
        try:
            with self._woken():
                yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let a signal wait for the next ``wait``."""
        self.is_held = True
        try:
            yield
        finally:
            self.is_held = False

    def wait(self, file: int, seconds: float) -> bool:
        """Whether ``file`` can be read within so many seconds.

        Raises:
            KeyboardInterrupt: a signal came, and there is nothing to read yet.
        """
        end = time.monotonic() + self.at_most(seconds)
        files = [file] if self.woken is None else [file, self.woken]
        while True:
            ready = select.select(files, [], [], max(0.0, end - time.monotonic()))[0]
            if file in ready or not ready:
                return bool(ready)
            os.read(ready[0], 1024)
            if self.since is not None and not self.is_raised:
                self._raise()

    def at_most(self, seconds: float) -> float:
        """``seconds``, or less where a signal has come."""
        return seconds if self.since is None else max(0.0, min(seconds, self.since + END_S - time.monotonic()))

    def _hear(self, number: int, frame: FrameType | None) -> None:
        now, is_first = time.monotonic(), self.since is None
        self.since = now if self.since is None else self.since
        if (is_first and not self.is_held) or now > self.since + PATIENCE_S:
            self._raise()

    def _raise(self) -> None:
        self.is_raised = True
        raise KeyboardInterrupt

    @contextmanager
    def _woken(self) -> Iterator[None]:
        if self.woken is not None:  # listening already
            yield
            return
        self.since, self.is_raised = None, False
        self.woken, wake = os.pipe()
        for end in self.woken, wake:
            os.set_blocking(end, False)
        before = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            os.close(wake)
            os.close(self.woken)
            self.since, self.woken = None, None


INTERRUPTS = Interrupts()  # signals are the process's own
