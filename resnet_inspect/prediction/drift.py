"""Predictions for a machine that has changed its pace since the calibration."""

from dataclasses import replace

from resnet_inspect.prediction.profile import Prediction

DRIFTED = 0.1  # of the time: a reader should know


def at_drift(prediction: Prediction, drift: float) -> Prediction:
    """``prediction`` where the machine takes ``drift`` times as long as at the calibration.

    The interval holds both paces: a net may change less than the reference workload. The floor sinks with a faster
    machine, and stays with a slower one: its ceilings are what the machine can reach.
    """
    ms, low, high, floor = prediction.ms, prediction.low_ms, prediction.high_ms, prediction.floor_ms
    lowered = None if floor is None else floor * min(1.0, drift)
    if ms is None or low is None or high is None:
        return replace(prediction, floor_ms=lowered)
    least = lowered or 0.0
    return replace(
        prediction,
        ms=max(ms * drift, least),
        low_ms=max(low * min(1.0, drift), least),
        high_ms=high * max(1.0, drift),
        floor_ms=lowered,
    )
