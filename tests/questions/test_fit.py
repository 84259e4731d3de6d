"""The largest batch that fits: at it the prediction keeps the limit, one image more breaks it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import resnet_inspect as ri
from resnet_inspect.errors import RequestError
from resnet_inspect.questions.fit import largest_batch


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 50)), min_size=1, max_size=4), st.integers(1, 100_000))
def test_the_largest_batch_of_any_rising_peak_is_found_in_few_steps(lines: list[tuple[int, int]], limit: int) -> None:
    asked = set()

    def peak(n: int) -> int:
        """A peak as a training step has it: of several moments, each in proportion to the batch, the highest."""
        asked.add(n)
        return max(fixed + n * each for fixed, each in lines)

    n = largest_batch(peak, limit)
    assert n == 0 or peak(n) <= limit
    assert peak(n + 1) > limit
    assert len(asked) < 20


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(1, 300))
def test_it_is_found_for_peaks_that_rise_as_they_like(steps: list[int], limit: int) -> None:
    def peak(n: int) -> int:
        return sum(steps[: n % len(steps)]) + n // len(steps) * sum(steps)

    n = largest_batch(peak, limit)
    assert n == 0 or peak(n) <= limit < peak(n + 1)


def facts(**options: object) -> dict[str, object]:
    return json.loads(ri.memory(**options).to_json())["facts"]


@pytest.mark.parametrize(
    ("model", "limit", "options"),
    [
        ("resnet50", "24GiB", {}),
        ("resnet50", "24GiB", {"task": "train"}),
        ("resnet50", "16GB", {"task": "train", "optimizer": "adam", "precision": "bf16"}),
        ("resnet18", "200MiB", {"input": (1, 3, 64, 64), "precision": "fp16"}),
        ("resnet18", "150MiB", {"input": "1,3,32,32", "task": "train"}),
        ("resnet20_cifar", 10_000_000, {}),
        ("resnet50", "2GiB", {"folded": True}),
    ],
)
def test_the_prediction_fits_at_the_batch_and_not_at_one_more(
    model: str, limit: object, options: dict[str, object]
) -> None:
    fitted = facts(model=model, fit=limit, **options)
    n, image = fitted["batch_size"], fitted["input"][1:]
    assert fitted["input"] == [n, *image]
    here, more = (facts(model=model, **{**options, "input": (each, *image)}) for each in (n, n + 1))
    assert fitted["peak_bytes"] == here["peak_bytes"] <= fitted["limit_bytes"] < more["peak_bytes"]


def test_a_net_that_cannot_train_on_one_image_starts_with_two() -> None:
    options = {"input": (1, 3, 32, 32), "task": "train"}
    with pytest.raises(RequestError, match="one value a channel"):
        facts(model="resnet18", **options)
    assert facts(model="resnet18", fit="1GiB", **options)["batch_size"] > 2


def test_where_not_even_one_image_fits_the_exit_code_is_1() -> None:
    answer = ri.memory("resnet50", fit="50MiB")
    assert (answer.exit_code, answer.ok) == (1, False)
    seen = json.loads(answer.to_json())["facts"]
    assert (seen["batch_size"], seen["peak_bytes"]) == (0, facts(model="resnet50")["peak_bytes"])
    assert answer.findings[0].code == "nothing-fits"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"fit": "24"}, "'24' is not a size"),
        ({"fit": "24G"}, "'24G' is not a size"),
        ({"fit": "lots"}, "'lots' is not a size"),
        ({"fit": -1}, "--fit -1: a limit is a number above 0"),
        ({"fit": "1GiB", "batch_size": 4}, "--fit finds the batch"),
        ({"fit": "1GiB", "input": (4, 3, 224, 224)}, "--fit finds the batch"),
        ({"fit": "1GiB", "input": "1,10:int64"}, "is not N,C,H,W"),
    ],
)
def test_a_wrong_request_names_what_is_wrong(options: dict[str, object], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        ri.memory("resnet18", **options)
