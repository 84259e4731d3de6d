"""Times that others published: tables in the columns of timm's benchmark.py, whose rows are nets of the zoo."""

import csv
import io
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from resnet_inspect.errors import InspectError, RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.prediction.features import features_of
from resnet_inspect.prediction.profile import Conditions, Sample
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower

COLUMNS = ("model", "infer_samples_per_sec", "infer_batch_size", "infer_img_size")
LARGEST = 1e9  # of a batch, a size or a rate: more is no measurement


@dataclass(frozen=True, slots=True)
class Published:
    """A row: ``model`` without the tag of its weights, N of a batch of N×3×size×size, and the images a second."""

    model: str
    images_per_s: float
    batch_size: int
    size: int


def read_times(path: str) -> list[Published]:
    """The rows of a table.

    Raises:
        RequestError: it cannot be read, lacks a column, or a row is torn or holds no rate.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise RequestError(f"cannot read {path}: {reason}", hint="give a CSV file of timm's results") from None
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise RequestError(f"{path} has no column {missing[0]}", hint=f"it needs {', '.join(COLUMNS)}")
        rows = [_row(row, f"{path}, line {reader.line_num}") for row in reader]
    except csv.Error as error:
        raise RequestError(f"{path}, line {reader.line_num}: {error}", hint="is the file whole?") from None
    if not rows:
        raise RequestError(f"{path} has no rows", hint="give a table of many nets")
    return rows


def _row(row: dict[str, str | None], where: str) -> Published:
    if None in row or None in row.values():
        raise RequestError(f"{where}: the row has another number of columns than the header", hint="is the file whole?")
    model, rate, batch_size, size = (str(row[column]).strip() for column in COLUMNS)
    if not model:
        raise RequestError(f"{where}: the row names no model", hint="leave the row out")
    return Published(
        model.removeprefix("timm:").partition(".")[0],
        _number(rate, where, "infer_samples_per_sec"),
        _whole(batch_size, where, "infer_batch_size"),
        _whole(size, where, "infer_img_size"),
    )


def _number(text: str, where: str, column: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (isfinite(number) and 0 < number <= LARGEST):
        raise RequestError(f"{where}: {column} {text!r} is no number above 0", hint="leave the row out")
    return number


def _whole(text: str, where: str, column: str) -> int:
    number = _number(text, where, column)
    if number != int(number):
        raise RequestError(f"{where}: {column} {text!r} is no whole number", hint="leave the row out")
    return int(number)


def samples_of(rows: list[Published], conditions: Conditions) -> tuple[list[Sample], list[str]]:
    """What the rows tell a fit, and the names of those that the zoo cannot make or that take no such image."""
    samples, left_out = list[Sample](), dict[str, None]()
    for row in rows:
        shape = (row.batch_size, 3, row.size, row.size)
        try:
            graph = lowered(row.model, shape)
        except InspectError:
            left_out[row.model] = None
            continue
        features = features_of(graph, conditions.arithmetic, conditions.mode)
        samples.append(Sample(row.model, shape, features, row.batch_size / row.images_per_s))
    return samples, [*left_out]


def lowered(name: str, input: tuple[int, ...]) -> Graph:
    """The zoo's net at an input."""
    n, c, h, w = input
    return lower(zoo.find(name).spec, name, (n, c, h, w))
