"""The script that holds a profile against nets measured afresh, on a machine whose speed is known."""

import re
import sys
from math import inf
from pathlib import Path

import pytest
from planted_machine import PlantedMachine

sys.path.append(str(Path(__file__).parents[2] / "validation"))

from prediction import main  # found by the line above

from resnet_inspect.benchmark.record_json import from_json


def figures(text: str, way: str) -> tuple[float, ...]:
    """The percentages in a row of the tables."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {way} |"))
    return tuple(float(number) for number in re.findall(r"([+-]?[\d.]+)%", line))


def test_a_planted_machine_is_predicted_better_than_by_any_constant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    PlantedMachine().install(monkeypatch)
    main(["--nets", "30", "--out", str(tmp_path)])
    said = capsys.readouterr().out
    median, p90, _, _, coverage = figures(said, "profile")
    assert median < 3
    assert p90 < 6
    assert coverage >= 85
    for way in ("MACs × constant", "floor × constant", "nearest net × FLOP"):
        assert figures(said, way)[0] > median, way
    truth = from_json((tmp_path / "truth.json").read_text(encoding="utf-8"))
    calibration = from_json((tmp_path / "calibration.json").read_text(encoding="utf-8"))
    models = {result.case.model for result in truth.results}
    assert len(models) == 30
    assert not models & {result.case.model for result in calibration.results}
    ways = [(result.case.batch_size, result.case.threads) for result in truth.results]
    assert {ways.count(way) for way in ((1, 1), (1, 2), (8, 1), (8, 2))} <= set(range(8, 22)), "each about as often"


def test_a_run_that_was_ended_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = PlantedMachine().install(monkeypatch)
    argv = ["--nets", "4", "--threads", "2", "--quick", "--out", str(tmp_path)]
    main(argv)
    names = [r.case.model for r in from_json((tmp_path / "truth.json").read_text(encoding="utf-8")).results]
    (tmp_path / "truth.json").unlink()
    machine.rounds, machine.last_round = 0, 9  # a group of four has ended, and a case of the next is under way
    with pytest.raises(SystemExit, match="130"):
        main(argv)
    truth = from_json((tmp_path / "truth.json").read_text(encoding="utf-8"))
    kept = [result.case for result in truth.results if result.stopped != "interrupted"]
    assert len(kept) == 4
    machine.last_round, machine.measured = inf, []
    main(argv)
    assert not set(machine.measured) & set(kept), "neither these nor the calibration are measured again"
    assert sorted(names) == sorted(
        r.case.model for r in from_json((tmp_path / "truth.json").read_text(encoding="utf-8")).results
    )
