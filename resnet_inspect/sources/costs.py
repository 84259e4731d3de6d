"""What nets of a library cost, kept in the user's cache folder: to trace one takes a third of a second."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from resnet_inspect.folders import cache_folder
from resnet_inspect.typed_json import Count, decode, encode


@dataclass(frozen=True, slots=True)
class Costs:
    """What a net costs at ``input``, N, C, H, W; or why its calls cannot be read.

    Floors are 0 without a device, and ``peak_bytes`` where nobody asked. A predicted time has the ends of its interval;
    ``outside`` says why there is none.
    """

    name: str
    input: tuple[int, ...] = ()
    params: Count = 0
    macs: Count = 0
    activations: Count = 0
    floor_ms: float = 0.0
    eager_ms: float = 0.0
    refusal: str = ""
    peak_bytes: Count = 0
    predicted_ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None
    outside: str = ""


class Store:
    """Costs by key, a JSON line each. A file that cannot be read or written is none; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.costs: dict[str, Costs] = {}
        lines: list[str] = []
        if path is not None:
            with suppress(OSError, UnicodeDecodeError):
                lines = path.read_text(encoding="utf-8").splitlines()
        for line in lines:
            with suppress(ValueError, TypeError, KeyError):  # of another version, or cut off
                entry = json.loads(line)
                self.costs[str(entry["key"])] = decode(Costs, entry["costs"])

    def find(self, key: str) -> Costs | None:
        return self.costs.get(key)

    def keep(self, key: str, costs: Costs) -> None:
        self.costs[key] = costs
        if self.path is None:
            return
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "costs": encode(costs)}) + "\n")


def cache_file() -> Path | None:
    """The file of costs in the user's cache folder; None for a user without a home."""
    folder = cache_folder()
    return folder and folder / "costs.jsonl"
