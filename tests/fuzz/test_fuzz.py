"""A seeded share of the trials that ``validation/fuzz.py`` plays by the hundred thousand."""

from pathlib import Path

import pytest

from fuzz.command_lines import surroundings
from fuzz.oracle import Answer, fault_of
from fuzz.trial import TRIALS

SHARE = {"lines": 400, "records": 150, "graphs": 150, "tomls": 200}


@pytest.mark.parametrize(("kind", "trials"), SHARE.items())
def test_whatever_is_typed_or_read_ends_in_a_result_or_in_one_line(
    kind: str, trials: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    codes, faults = set(), {}
    with surroundings():
        for seed in range(trials):
            for answer in TRIALS[kind](seed):
                codes.add(answer.exit_code)
                if fault := fault_of(answer):
                    faults[fault] = (seed, answer.line)
    assert faults == {}
    assert {0, 2} <= codes, "the trials have to get past the door, and be refused there"


BROKEN = [
    (Answer(("show",), 2, "", "error: no\nhint:  a\n", 0.0, ""), None),
    (Answer(("show",), 1, "", "", 0.0, "KeyError at show.py:3"), "KeyError at show.py:3"),
    (Answer(("show",), 5, "", "", 0.0, ""), "show: exit code 5"),
    (Answer(("show",), 2, "", "no\n", 0.0, ""), "show: exit code 2 without an error"),
    (Answer(("show",), 2, "a table\n", "error: no\n", 0.0, ""), "show: exit code 2 with a result"),
    (Answer(("show",), 2, "", "error: a\nb\n", 0.0, ""), "show: an error of 2 lines"),
    (Answer(("show",), 2, "", "error: a\nhint:  b\nhint:  c\n", 0.0, ""), "show: 2 hints"),
    (Answer(("show",), 0, "Traceback", "Traceback\n", 0.0, ""), "show: a traceback on stderr"),
]


@pytest.mark.parametrize(("answer", "fault"), BROKEN)
def test_the_oracle_names_each_fault(answer: Answer, fault: str | None) -> None:
    assert fault_of(answer) == fault
