"""Pictures of block characters, one character high: a share as a bar, a row of times as a line."""

from collections.abc import Sequence

EIGHTHS = " ▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇█"
STEP = 0.01  # of the median, at least, from one level to the next: noise stays flat


def bar(share: object, cells: int) -> str:
    """A bar that fills so much of the cells; a share above 0 shows. Empty for what is no share of a whole."""
    if not isinstance(share, int | float) or not 0 < share <= 1:
        return ""
    whole, rest = divmod(max(1, round(8 * cells * share)), 8)
    return EIGHTHS[8] * whole + (EIGHTHS[rest] if rest else "")


def sparkline(values: Sequence[float], cells: int) -> str:
    """One character a value, from the lowest to the highest; of more values than cells, medians of neighbours."""
    n = max(0, min(cells, len(values)))
    shown = [_median(values[i * len(values) // n : (i + 1) * len(values) // n]) for i in range(n)]
    if n < 2:
        return ""
    low, top = min(shown), len(LEVELS) - 1
    step = max((max(shown) - low) / top, STEP * _median(shown))
    return "".join(LEVELS[round((value - low) / step) if step else 0] for value in shown)


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]  # the standard library's costs 5 ms to import
