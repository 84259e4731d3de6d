"""The verb that chooses among nets: which keep some bounds, and which of those no other beats."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from resnet_inspect.api.amounts import Amount, amount, limit, percentage, size
from resnet_inspect.api.answer import Answer, answer, one_of
from resnet_inspect.api.library import ANY_IMAGE, Pricing, Progress, count_library
from resnet_inspect.api.records import Recorded, as_record
from resnet_inspect.api.timing import Timing, timing_on
from resnet_inspect.errors import RequestError, ShapeError
from resnet_inspect.resnet import zoo
from resnet_inspect.sources import Input, VariantSource
from resnet_inspect.sources.batch import Batch, Image, read_batch
from resnet_inspect.sources.costs import Costs
from resnet_inspect.sources.library import is_pattern
from resnet_inspect.typed_json import JsonObject
from resnet_inspect.units import text

if TYPE_CHECKING:
    from resnet_inspect.api.prediction import Profiled
    from resnet_inspect.counting.accuracy import Accuracy, TrainedOn
    from resnet_inspect.questions.choose import Candidate, Sort
    from resnet_inspect.vocabulary import RunPrecision


def choose(
    device: str | None = None,
    batch_size: int | None = None,
    max_latency_ms: float | None = None,
    max_params: Amount = None,
    max_memory: Amount = None,
    min_top1: float | None = None,
    sort: "Sort" = "top1",
    among: str | Sequence[str] = "*",
    any_size: bool = False,
    input: Input = None,
    precision: "RunPrecision | None" = None,
    trained_on: "TrainedOn" = "imagenet-1k",
    record: Recorded | None = None,
    profile: "Profiled" = None,
    use_cache: bool = True,
    progress: Progress | None = None,
    runs: str | None = None,
) -> Answer:
    """The nets that keep the bounds, with their published top-1 and the time of a batch on ``device``.

    A time is measured where ``record`` has one, else predicted by ``profile`` or by that of this machine's cpu or cuda,
    else the floor of the device's data sheet. ``among`` are globs of the zoo or of a library, as ``timm:resnet*``.

    Nets for one image size are compared: 224, or that of ``input``. ``any_size`` takes nets for other sizes, too: at
    ``input``, or each at its own. ``trained_on="any"`` also counts accuracies of weights that saw more than
    ImageNet-1k. ``runs`` is a folder of runs of ``train``, whose accuracies then count in place of published ones.
    Where nothing fits, the exit code is 1.

    Raises:
        RequestError: a bound is no number above 0, or nothing tells a time on the device. UnknownModelError: a glob
            matches no net.
    """
    from resnet_inspect.counting.accuracy import TRAINED_ON
    from resnet_inspect.counting.runs import note_on
    from resnet_inspect.questions.choose import SORTS, Bounds, choose
    from resnet_inspect.vocabulary import RUN_PRECISIONS

    sort = one_of("sort", sort, SORTS)
    trained_on = one_of("trained_on", trained_on, TRAINED_ON)
    precision = one_of("precision", precision, (None, *RUN_PRECISIONS))
    bounds = Bounds(
        latency_ms=limit("--max-latency-ms", max_latency_ms, "5"),
        params=limit("--max-params", amount(max_params), "26M"),
        memory=limit("--max-memory", size(max_memory), "2GiB"),
        top1=percentage("--min-top1", min_top1, "78"),
    )
    run = None if record is None else as_record(record)
    timing = timing_on(device, precision, profile, run, bounds.memory is not None)
    seed = run.plan.seed if run else 0
    images = Images(read_batch(input, batch_size, ANY_IMAGE), input is not None, any_size)
    nets, notes = candidates(among, images, timing, trained_on, seed, use_cache, progress, runs)
    of_runs = "" if runs is None else note_on(runs)
    return answer(choose(nets, bounds, timing.on, sort, trained_on, of_runs), notes)


def candidates(
    among: str | Sequence[str],
    images: "Images",
    timing: Timing,
    trained_on: "TrainedOn" = "imagenet-1k",
    seed: int = 0,
    use_cache: bool = True,
    progress: Progress | None = None,
    runs: str | None = None,
) -> "tuple[list[Candidate], list[str]]":
    """The nets that match the globs and suit the images, with their times and accuracies, and notes on the others.

    Accuracies are published ones, or those of ``runs``.

    Raises:
        RequestError, UnknownModelError: as ``choose`` does.
    """
    from resnet_inspect.counting.accuracy import best, highest, side_of
    from resnet_inspect.counting.runs import results_in
    from resnet_inspect.questions.choose import Candidate
    from resnet_inspect.questions.times import time_of

    nets, notes = _gather(_globs(among), images, timing.pricing, use_cache, progress)
    reached = None if runs is None else results_in(runs)

    def top_of(costs: Costs) -> "Accuracy | None":
        if reached is None:
            return best(costs.name, costs.input, trained_on)
        return highest(reached.get(costs.name, ()), side_of(costs.input), "any")

    return [Candidate(costs, time_of(costs, timing.results, spec, seed), top_of(costs)) for costs, spec in nets], notes


@dataclass(frozen=True, slots=True)
class Images:
    """The batch that nets are applied to; ``given`` by the user, or at ``any_size`` of the nets' own."""

    batch: Batch
    given: bool
    any_size: bool

    @property
    def input(self) -> Batch | None:
        """The batch for nets of every size; None for each net's own images."""
        return self.batch if self.given or not self.any_size else None

    def suit(self, image: Image) -> bool:
        """Whether a net for images of C, H, W is compared."""
        return self.any_size or image == self.batch[1:]

    def __str__(self) -> str:
        return text(self.batch[2:], "shape")


class Priced(NamedTuple):
    """A net's costs, and the fields of its spec as a Record has them; empty for code."""

    costs: Costs
    spec: JsonObject


def _globs(among: str | Sequence[str]) -> list[str]:
    parts = among.split(",") if isinstance(among, str) else [part for each in among for part in each.split(",")]
    return [part.strip() for part in parts]


def _gather(
    globs: Sequence[str], images: Images, pricing: Pricing, use_cache: bool, progress: Progress | None
) -> tuple[list[Priced], list[str]]:
    """The nets that match and suit the images, each once, and notes on those left out.

    Raises:
        RequestError: no net suits the images, or none takes them.
    """
    nets: dict[str, Priced] = {}
    others: dict[str, Image] = {}  # nets for images of other sizes
    refused: dict[str, RequestError] = {}
    for glob in globs:
        if is_pattern(glob):
            # A net that suits one size has it as its own, so that its own need not be asked for first.
            input = images.input if images.any_size else None
            for costs in count_library(glob, (), input, images.batch[0], pricing, use_cache, progress):
                if costs.refusal:
                    refused[costs.name] = RequestError(f"{costs.name}: {costs.refusal}")
                elif images.suit(costs.input[1:]):
                    nets[costs.name] = Priced(costs, {})
                else:
                    others[costs.name] = costs.input[1:]
            continue
        for source in map(VariantSource, zoo.matching(glob)):
            if not images.suit(source.image):
                others[source.name] = source.image
                continue
            try:
                graph = source.graph(images.input or (images.batch[0], *source.image))
            except ShapeError as error:
                refused[source.name] = error
                continue
            nets[source.name] = Priced(pricing.price(source.name, graph), source.spec_fields)
    if refused and not (nets or others):
        raise next(iter(refused.values()))
    if not nets:
        raise RequestError(
            f"no net among {', '.join(globs)} is for images of {images}", hint="--any-size takes nets of other sizes"
        )
    notes = []
    if others:
        sizes = Counter(text(image[1:], "shape") for image in others.values())
        counts = ", ".join(f"{count} of {size}" for size, count in sizes.most_common())
        notes.append(f"nets for {images} alone; left out: {counts}; --any-size takes them, too")
    if refused:
        notes.append(f"left out, as they take no such input: {', '.join(refused)}")
    return [*nets.values()], notes
