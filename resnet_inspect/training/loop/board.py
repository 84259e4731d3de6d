"""Scalars for TensorBoard, by torch's SummaryWriter; without TensorBoard a run goes on."""

import warnings
from typing import Any

MISSING = "TensorBoard is not installed, and no scalars are written: pip install 'resnet-inspect[train]'"


class Board:
    """Writes scalars into a run's folder; steps after ``done`` replace those of a run that was cut off.

    Without a folder it writes nothing.
    """

    def __init__(self, folder: str | None, done: int) -> None:
        self.writer: Any = None
        if folder is None:
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # TensorBoard's own imports are deprecated in places
                from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self.writer = SummaryWriter(folder, purge_step=done + 1)

    def add(self, step: int, **scalars: float) -> None:
        if self.writer is not None:
            for name, value in scalars.items():
                self.writer.add_scalar(name, value, step)

    def flush(self) -> None:
        if self.writer is not None:
            self.writer.flush()

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
