"""The file of a Record while it grows: what fails is said once, and nothing measured is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import HERE, Run

from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import from_json
from resnet_inspect.cli.recording import recording
from resnet_inspect.errors import OutputError

SETTINGS = ("depths=1,1", "widths=8,16", "stem=3:2:8", "num_classes=10")
TINY = [part for setting in SETTINGS for part in ("--set", setting)] + ["--input", "1,3,32,32"]
FAST = ["--device", "cpu", "--quick", "--max-time", "0.2", "--threads", "1"]


@pytest.fixture
def record(record_json: str) -> Record:
    return from_json(record_json)


def test_a_save_that_fails_is_said_once_and_made_good_in_the_end(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    with recording(f"{folder}/run.json") as file:
        folder.rmdir()
        file.save(record)
        file.save(record)
        assert capsys.readouterr().err.splitlines() == [
            f"warning: cannot write {folder}/run.json: No such file or directory; "
            "the run goes on, and saves again after each case and at the end"
        ]
        folder.mkdir()
    assert from_json((folder / "run.json").read_text(encoding="utf-8")) == record
    assert capsys.readouterr().err == f"wrote {folder}/run.json\n"


def test_a_save_that_fails_in_the_end_is_an_error(record: Record, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    file = recording(f"{folder}/run.json")
    saved = file.__enter__()
    folder.rmdir()
    saved.save(record)
    with pytest.raises(OutputError, match="cannot write"):
        file.__exit__(None, None, None)


def test_a_save_that_was_made_good_is_forgotten(record: Record, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    with recording(f"{folder}/run.json") as file:
        folder.rmdir()
        file.save(record)
        folder.mkdir()
        file.save(record)
        assert file.unsaved is None


def limited(tmp_path: Path, *arguments: str, bytes: int) -> subprocess.CompletedProcess[str]:
    """A command whose files may grow to so many bytes: writing more fails, as on a disk that is full."""
    script = (
        "import resource, signal, sys\n"
        "from resnet_inspect.cli import main\n"
        "from resnet_inspect.cli import recording\n"
        "check = recording.check_writable\n"
        "def then_full(path):\n"
        "    check(path)\n"
        f"    resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes}, resource.RLIM_INFINITY))\n"
        "recording.check_writable = then_full\n"
        "main(prog_name='resnet-inspect')\n"
    )
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)


def test_a_disk_that_fills_loses_no_result_and_exits_2(tmp_path: Path) -> None:
    done = limited(tmp_path, "bench", "resnet50", *TINY, "--batch-size", "1,2", *FAST, "-o", "run.json", bytes=2000)
    assert done.returncode == 2
    assert "2 results, grade" in done.stdout
    warning, error, hint = done.stderr.splitlines()
    assert warning.startswith("warning: cannot write run.json: File too large; the run goes on")
    assert error == "error: cannot write run.json: File too large"
    assert hint.startswith("hint:  ")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/proc/run.json", "No such file or directory"),
        ("folder.json", "Is a directory"),
        (f"{'n' * 252}.json", "File name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(
    path: str, reason: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "folder.json").mkdir()
    done = run("bench", *TINY, *FAST, "-o", path)
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert error == f"error: cannot write {path}: {reason}"
    assert hint.startswith("hint:  ")
    assert [each.name for each in tmp_path.iterdir()] == ["folder.json"]


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- 2>&-"])
def test_a_standard_stream_may_be_closed(closed: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "resnet_inspect", "bench", "resnet50", *TINY, *FAST, "-o", "run.json"]
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *words],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "1 result, grade" in done.stdout
    assert from_json((tmp_path / "run.json").read_text(encoding="utf-8")).results[0].status == "ok"


def test_stdout_may_be_closed_and_the_record_is_saved(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "resnet_inspect", "bench", "resnet50", *TINY, *FAST, "-o", "run.json"]
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *words],
        cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[:2] == ["wrote run.json", "error: cannot write to stdout: it is closed"]
    assert len(from_json((tmp_path / "run.json").read_text(encoding="utf-8")).results) == 1
