"""Nets to choose among: random ones with bounds, and one of given time and top-1."""

from hypothesis import strategies as st

from resnet_inspect.counting.accuracy import Accuracy
from resnet_inspect.questions.choose import Bounds, Candidate
from resnet_inspect.questions.times import Basis, Time
from resnet_inspect.report import Report
from resnet_inspect.sources.costs import Costs

Row = dict[str, object]
TIMES = st.builds(Time, st.integers(1, 6).map(float), st.sampled_from(["measured", "predicted", "floor"]))
NETS = st.lists(
    st.tuples(st.none() | TIMES, st.none() | st.integers(70, 75), st.integers(1, 5), st.integers(1, 5)), max_size=12
).map(
    lambda nets: [
        Candidate(
            Costs(f"net{i}", (1, 3, 224, 224), params=params, peak_bytes=peak),
            time,
            None if top1 is None else Accuracy("timm", "a1_in1k", 224, float(top1), 90.0),
        )
        for i, (time, top1, params, peak) in enumerate(nets)
    ]
)
LIMITS = st.none() | st.integers(1, 6).map(float)
BOUNDS = st.builds(
    Bounds, latency_ms=LIMITS, params=LIMITS, memory=LIMITS, top1=st.none() | st.integers(70, 76).map(float)
)


def rows(report: Report) -> list[Row]:
    columns = [column.key for column in report.tables[0].columns]
    return [dict(zip(columns, row, strict=True)) for row in report.tables[0].rows]


def net(name: str, ms: float, top1: float, basis: Basis = "predicted", high_ms: float | None = None) -> Candidate:
    time = Time(ms, basis, ms / 2 if high_ms else None, high_ms)
    return Candidate(Costs(name, (1, 3, 224, 224)), time, Accuracy("timm", "a1_in1k", 224, top1, 90.0))
