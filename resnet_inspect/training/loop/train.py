"""The epochs of a run: train, test, keep what came of it."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import torch

from resnet_inspect.benchmark.worker.prepare import FORMATS
from resnet_inspect.benchmark.worker.serve import is_out_of_memory
from resnet_inspect.errors import InspectError, MachineError, RequestError
from resnet_inspect.training import files
from resnet_inspect.training.data import DataSet
from resnet_inspect.training.loop import board, checkpoint, datasets
from resnet_inspect.training.loop.checkpoint import Position
from resnet_inspect.training.loop.evaluate import evaluate
from resnet_inspect.training.loop.group import device_of, formed
from resnet_inspect.training.loop.trainee import Trainee, autocast, own_state, seed
from resnet_inspect.training.processes import Place, images_of
from resnet_inspect.training.recipe import dump, lr_factor
from resnet_inspect.training.run import Epoch, Run, refuse_other

LOG_STEPS = 100  # between two losses on the board
LOOK_STEPS = {"cpu": 1}  # between two looks at the losses, where each waits for a GPU; elsewhere LOG_STEPS
SAVE_S = 600.0  # between two checkpoints within an epoch


@dataclass(frozen=True)
class Watch:
    """What goes on outside: lines to tell, steps to count, each step's loss, and whether to stop."""

    tell: Callable[[str], None]
    progress: Callable[[int, int], None]
    losses: Callable[[int, float], None]
    stopped: Callable[[], bool]


@dataclass(frozen=True)
class Outcome:
    """The epochs of a run, and the peak of a step's bytes where that could be measured."""

    epochs: tuple[Epoch, ...]
    peak_bytes: int | None
    was_finished: bool


class StopAsked(Exception):  # noqa: N818  # nothing went wrong
    """A signal came: save and end."""


def train(
    run: Run, data: DataSet, device: str, folder: str, resume: bool, head: Mapping[str, Any], watch: Watch,
    is_sized: bool, place: Place,
) -> Outcome:  # fmt: skip
    """Train until the last epoch, or until ``watch.stopped``; everything of the run is in ``folder``.

    ``head`` begins results.json. Of several processes the first writes it, and all call this alike.

    Raises:
        RequestError: the data or the checkpoint do not fit. MachineError: memory or a worker gave out.
        OutputError: a file cannot be written. InspectError: the loss is not finite. KeyboardInterrupt: stopped.
    """
    where = device_of(place, device)
    _check_precision(run, where)
    with own_state(run, where), formed(place, where) as group:
        trainee, position = Trainee(run, where, group), Position()
        seed(run.seed, place.rank)  # what the weights have drawn does not move what training draws
        if files.has_checkpoint(folder, resume):
            position = _resume(run, trainee, folder, place.rank)
        if len(position.epochs) == run.recipe.epochs:
            return Outcome(tuple(position.epochs), None, was_finished=True)
        with group.first_goes_first():  # it fetches the data
            parts = datasets.open_parts(data, run.image, run.recipe, is_sized)
        if place.is_first:
            files.make_folder(folder)
            files.save(folder, files.RECIPE, dump(run.recipe))
        return _Session(run, trainee, position, folder, head, watch, parts).complete(resume)


def _resume(run: Run, trainee: Trainee, folder: str, rank: int) -> Position:
    path = checkpoint.path_in(folder)
    saved, values = checkpoint.load(path)
    refuse_other(run, saved, folder)
    try:
        trainee.load(values)
        values = checkpoint.of_process(values, rank)
        position = checkpoint.position_of(values)
        checkpoint.set_draws(values["now"], trainee.device)
    except (KeyError, IndexError, ValueError, RuntimeError, TypeError) as error:
        raise RequestError(
            f"{path} does not fit {run.model}: {str(error).splitlines()[0]}", hint="give -o another folder"
        ) from None
    return position


def _check_precision(run: Run, device: torch.device) -> None:
    if run.precision in ("tf32", "amp-fp16") and device.type != "cuda":
        raise RequestError(f"--precision {run.precision} needs a CUDA device", hint="use fp32 or amp-bf16")


def _diverged(message: str) -> InspectError:
    return InspectError(message, hint="lower the rate, as --set-recipe lr=0.001; the checkpoint before it is kept")


class _Session:
    """A run while it goes on."""

    def __init__(
        self, run: Run, trainee: Trainee, position: Position, folder: str, head: Mapping[str, Any], watch: Watch,
        parts: tuple[Any, Any],
    ) -> None:  # fmt: skip
        self.run, self.trainee, self.position = run, trainee, position
        self.folder, self.head, self.watch, self.device = folder, head, watch, trainee.device
        self.group, self.images = trainee.group, len(parts[0])
        is_cuda = self.device.type == "cuda"
        make = partial(datasets.loader, recipe=run.recipe, workers=run.workers, pin=is_cuda, group=self.group)
        self.loader, self.test_loader = make(parts[0], train=True), make(parts[1], train=False)
        self.steps = len(self.loader)
        self.peak_bytes: int | None = None
        self.steps_here = 0
        self.pending: list[tuple[torch.Tensor, int]] = []
        self.saved_at = time.monotonic()

    def complete(self, resume: bool) -> Outcome:
        self.board = board.Board(self.folder if self.group.place.is_first else None, self._number())
        if self.board.writer is None:
            self.watch.tell(board.MISSING)
        if resume:  # a new run has been said to begin
            self.watch.progress(self._number(), self.run.recipe.epochs * self.steps)
        try:
            while len(self.position.epochs) < self.run.recipe.epochs:
                self._epoch()
        except (StopAsked, MachineError) as end:
            if isinstance(end, StopAsked) or self.group.is_alone:  # the others do not hear of a MachineError
                self._save()
                self.watch.tell(f"stopped {self._place()}; --resume continues")
            if isinstance(end, StopAsked):
                raise KeyboardInterrupt from None
            raise
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise MachineError(f"out of memory {self._place()}", hint="lower --batch-size") from None
        finally:
            self.board.close()
        return Outcome(tuple(self.position.epochs), self.peak_bytes, was_finished=False)

    def _epoch(self) -> None:
        self._train()
        self.trainee.agree()
        position, recipe = self.position, self.run.recipe
        tested = evaluate(
            self.trainee.evaluated, self.test_loader, partial(autocast, self.run, self.device), self.device,
            self.watch.stopped, self.group,
        )  # fmt: skip
        if tested is None:
            raise StopAsked
        loss, accuracy = tested
        if not math.isfinite(loss):
            raise _diverged(f"the test loss is {loss} after epoch {len(position.epochs) + 1}")
        epoch = Epoch(
            epoch=len(position.epochs) + 1,
            train_loss=position.loss_sum / position.images,
            test_loss=loss,
            test_accuracy=accuracy,
            learning_rate=recipe.lr * lr_factor(recipe, self._number() - 1, self.steps),
            seconds=position.seconds,
            images_per_s=position.images / position.seconds,
        )
        best = files.best_of(position.epochs)
        self.position = Position(epochs=[*position.epochs, epoch])
        if self.group.place.is_first:
            if best is None or accuracy > best.test_accuracy:
                checkpoint.save_best(self.folder, self.run, self.trainee.evaluated.state_dict(), epoch)
            files.save(self.folder, files.RESULTS, files.results(self.head, self.position.epochs))
            files.save(self.folder, files.HISTORY, files.history(self.position.epochs))
        self._save()
        self.board.add(
            self._number(), train_loss=epoch.train_loss, test_loss=loss, test_accuracy=accuracy,
            learning_rate=epoch.learning_rate, images_per_s=epoch.images_per_s,
        )  # fmt: skip
        self.board.flush()
        self.watch.tell(
            f"epoch {epoch.epoch}/{recipe.epochs}: train loss {epoch.train_loss:.4f}, test loss {loss:.4f}, "
            f"test accuracy {accuracy:.4f}"
        )

    def _train(self) -> None:
        """The steps that are left of an epoch."""
        position, now = self.position, checkpoint.draws(self.device)
        if position.step == self.steps:  # cut off in the evaluation
            return
        self.trainee.net.train()
        batches = datasets.batches(self.loader)
        position.started = position.started or now
        checkpoint.set_draws(position.started, self.device)
        if position.step:
            try:
                for _ in islice(batches, position.step):  # loaded again, so that every worker draws what it drew
                    pass
            finally:  # a worker may die, and the checkpoint then keeps the draws of this step
                checkpoint.set_draws(now, self.device)
        started, before = time.perf_counter(), position.seconds
        for images, labels in batches:
            self._step(images, labels)
            position.seconds = before + time.perf_counter() - started
            self.watch.progress(self._number(), self.run.recipe.epochs * self.steps)
            if position.step % LOOK_STEPS.get(self.device.type, LOG_STEPS) == 0:
                self._look()
            stops, is_due = self.group.either(self.watch.stopped(), time.monotonic() - self.saved_at > SAVE_S)
            if stops:
                raise StopAsked
            if is_due:
                self._save()
        self._look()
        position.seconds = before + time.perf_counter() - started

    def _step(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        images = images.to(self.device, non_blocking=True, memory_format=FORMATS[self.run.layout])
        total = images_of(self.position.step, self.images, self.run.recipe.batch_size, self.group.place.size)
        arguments = images, labels.to(self.device, non_blocking=True), self._number(), self.steps, total
        self.steps_here += 1
        if self.steps_here == 2 and self.group.is_alone:  # the first has no optimizer state yet
            loss, self.peak_bytes = self.trainee.measured_step(*arguments)
        else:
            loss = self.trainee.step(*arguments)
        self.pending.append((loss, total))
        self.position.step += 1

    def _look(self) -> None:
        """Read the losses that are due.

        Raises:
            InspectError: one is not finite.
        """
        if not self.pending:
            return
        losses, position = torch.stack([loss for loss, _ in self.pending]).tolist(), self.position
        losses = self.group.means(losses)
        first = self._number() - len(losses)
        for number, (loss, (_, images)) in enumerate(zip(losses, self.pending, strict=True), first):
            if not math.isfinite(loss):
                place = f"epoch {len(position.epochs) + 1}, step {number % self.steps + 1}"
                raise _diverged(f"the loss is {loss} in {place}")
            position.loss_sum += loss * images
            position.images += images
            self.watch.losses(number, loss)
            if (number + 1) % LOG_STEPS == 0:
                self.board.add(number + 1, train_loss=loss)
        self.pending.clear()

    def _save(self) -> None:
        self._look()
        drawn = self.group.gather(checkpoint.drawn(self.position, self.device))
        if self.group.place.is_first:
            checkpoint.save_last(self.folder, self.run, self.trainee.state(), self.position, drawn)
        self.saved_at = time.monotonic()

    def _number(self) -> int:
        """Steps since the run began."""
        return len(self.position.epochs) * self.steps + self.position.step

    def _place(self) -> str:
        return f"in epoch {len(self.position.epochs) + 1} after step {self.position.step} of {self.steps}"
