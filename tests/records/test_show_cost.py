"""What it costs to show a Record: work counted, not timed. A resample of a median is the unit, some 10 µs."""

from dataclasses import replace

import pytest
from raw_results import raw, record, result

from resnet_inspect.benchmark import statistics
from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.records.bench import bench

METRICS = 2  # of a result on a CPU: latency and throughput


def grid(nets: int) -> Record:
    """Two layouts and two counts of threads of each net."""
    played = raw()
    cases = [
        replace(played.case, model=f"net{net}", layout=layout, threads=threads)
        for net in range(nets)
        for layout in ("contiguous", "channels_last")
        for threads in (1, 2)
    ]
    return record(*(replace(result(played), case=case) for case in cases))


@pytest.mark.parametrize("nets", [2, 8])
def test_a_case_is_shown_after_a_few_resamples_of_each_metric_however_many_there_are(
    nets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = to_json(grid(nets))
    drawn, real = 0, statistics.resampler

    def counting(rounds: statistics.Rounds) -> object:
        median = real(rounds)

        def draw(*drawing: object) -> float:
            nonlocal drawn
            drawn += 1
            return median(*drawing)  # type: ignore[arg-type]  # handed on

        return draw

    monkeypatch.setattr(statistics, "resampler", counting)
    monkeypatch.setattr("resnet_inspect.benchmark.compare.resampler", counting)
    shown = bench(from_json(text))
    assert "choices" in [table.key for table in shown.tables]
    assert drawn == 4 * nets * METRICS * statistics.SPOT
