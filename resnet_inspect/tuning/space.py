"""The configurations among which a race finds the fastest, and which of them is the simplest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from resnet_inspect.benchmark.case import Case, grid
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.vocabulary import LAYOUTS, MODES, RUN_PRECISIONS

HALVINGS = 4  # of the usable cores: a small net is fastest on fewer
BATCHES = (1, 2, 4, 8, 16, 32)
BATCHES_CUDA = (*BATCHES, 64, 128, 256)

# What a configuration is called in --among -> the field of a Case, and the words that it may have.
AXES: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "layout": ("layout", LAYOUTS),
    "precision": ("precision", RUN_PRECISIONS),
    "mode": ("mode", MODES),
    "threads": ("threads", None),
    "batch": ("batch_size", None),
}
Among = Mapping[str, Sequence[str | int]]


@dataclass(frozen=True, slots=True)
class Space:
    """Every value of each axis. ``asked`` are the axes that the user named."""

    layout: tuple[str, ...]
    precision: tuple[str, ...]
    mode: tuple[str, ...]
    threads: tuple[int, ...]
    batch: tuple[int, ...]
    asked: frozenset[str] = frozenset()

    @property
    def anchor(self) -> int:
        """The batch at which configurations race: the middle of those that are tried."""
        return sorted(self.batch)[(len(self.batch) - 1) // 2]


def read_among(texts: Iterable[str]) -> dict[str, tuple[str | int, ...]]:
    """``layout=contiguous,channels_last,threads=1,2`` as values by axis; a word without ``=`` belongs to the axis
    before it.

    Raises:
        RequestError: an axis is unknown, named twice or without values, or has a value that it cannot have.
    """
    among: dict[str, tuple[str | int, ...]] = {}
    for text in texts:
        axis = ""
        for word in map(str.strip, text.lower().split(",")):
            name, equals, value = word.partition("=")
            if equals:
                axis, word = name.strip(), value.strip()
                if axis in among:
                    raise RequestError(f"--among names {axis} twice", hint=f"as --among {axis}=A,B")
                among[axis] = ()
            elif not axis:
                raise RequestError(f"--among {text!r} names no axis", hint=f"begin with one of {', '.join(AXES)}=")
            among[axis] = (*among[axis], word)
    return check_among(among)


def check_among(among: Among) -> dict[str, tuple[str | int, ...]]:
    """``among`` with its numbers as numbers.

    Raises:
        RequestError: as ``read_among``.
    """
    for axis, values in among.items():
        if axis not in AXES:
            near = get_close_matches(axis, AXES, n=1)
            raise RequestError(
                f"--among: no axis {axis!r}", hint=f"did you mean {near[0]!r}?" if near else f"one of {', '.join(AXES)}"
            )
        if not values:
            raise RequestError(f"--among {axis} has no values", hint=f"as --among {axis}=A,B")
    return {axis: tuple(_value(axis, value) for value in values) for axis, values in among.items()}


def _value(axis: str, value: str | int) -> str | int:
    words = AXES[axis][1]
    if words is not None:
        if value not in words:
            raise RequestError(f"--among {axis}={value} is not one of {', '.join(words)}")
        return value
    digits = str(value).lstrip("0")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        message = f"--among {axis}={value} is not a whole number above 0 and below 10^9"
        raise RequestError(message, hint=f"as --among {axis}=1,2")
    return int(digits)


def space_of(probe: Probe, cpus: int, among: Among, many: bool, batch_size: int | None = None) -> Space:
    """What ``among`` names, and for every other axis what this device can do.

    ``many``: throughput is wanted, for which batches are tried too; otherwise ``batch_size`` images, by default one.
    """
    kind = probe.device.partition(":")[0]
    precisions: tuple[str, ...] = (probe.precision, "bf16")
    modes: tuple[str, ...] = ("eager", "compile")
    if kind == "cuda":
        precisions, modes = (probe.precision, "bf16", "fp16"), MODES
    elif kind == "mps":
        precisions, modes = (probe.precision, "fp16"), ("eager",)
    batches = BATCHES_CUDA if kind == "cuda" else BATCHES
    defaults: dict[str, tuple[str | int, ...]] = {
        "layout": LAYOUTS,
        "precision": precisions,
        "mode": modes,
        "threads": tuple(dict.fromkeys(max(1, cpus >> k) for k in range(HALVINGS))) if kind == "cpu" else (cpus,),
        "batch": (batch_size,) if batch_size else batches if many else (1,),
    }
    chosen = {axis: tuple(dict.fromkeys(among.get(axis, values))) for axis, values in defaults.items()}
    return Space(**chosen, asked=frozenset(among))  # type: ignore[arg-type]  # check_among has read them


def default_case(model: str, image: tuple[int, ...], probe: Probe, cpus: int, batch: int) -> Case:
    """torch's own: contiguous, eager, the precision of the device untouched, all cores."""
    (case,) = grid(
        [(model, image)], probe.device, [batch], ["infer"], [probe.precision], ["contiguous"], ["eager"], [cpus]
    )
    return case


def cases_at(space: Space, default: Case) -> list[Case]:
    """Every configuration of the space at the batch of ``default``, the simplest first.

    Raises:
        RequestError: the user asked for one that cannot be.
    """
    cases = grid(
        [(default.model, default.input[1:])],
        default.device,
        [default.batch_size],
        ["infer"],
        space.precision,
        space.layout,
        space.mode,
        space.threads,
    )
    return sorted(cases, key=lambda case: complexity(case, default))


def at_batch(case: Case, batch: int) -> Case:
    """``case`` with so many images."""
    return replace(case, batch_size=batch, input=(batch, *case.input[1:]))


def complexity(case: Case, default: Case) -> tuple[int, ...]:
    """What orders cases from the simplest: eager before graph before compile, the device's own precision before a
    narrower one, contiguous before channels_last, torch's threads before fewer, small batches before large ones."""
    return (
        MODES.index(case.mode),
        0 if case.precision == default.precision else 1 + RUN_PRECISIONS.index(case.precision),
        LAYOUTS.index(case.layout),
        int(case.threads != default.threads),
        case.threads,
        case.batch_size,
    )
