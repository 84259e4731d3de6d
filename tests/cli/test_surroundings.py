"""Where a command runs, what its streams and variables are, and what files hold may be anything: no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import HERE

from resnet_inspect.cli import COMMANDS, main

BUDGET = "[tool.resnet-inspect]\nmax-params = '26M'\nmax-latency-ms = 5\n"
FULL = "error: cannot write to stdout: No space left on device\n"
OUTPUTS = [
    ("--help >/dev/full", 2, FULL),
    ("--version >/dev/full", 2, FULL),
    ("summary --help >/dev/full", 2, FULL),
    ("summary resnet18 >/dev/full", 2, FULL),
    ("nope 2>/dev/full", 2, ""),
    ("summary --nope 2>/dev/full", 2, ""),
    ("nope 2>&-", 2, ""),
    ("--help >&-", 0, ""),
]


def run(folder: Path, line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A shell's command line; the folder need not exist once the shell has entered it."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "PYTHONSAFEPATH": "1"} | variables
    command = line.replace("resnet-inspect", f"{sys.executable} -m resnet_inspect")
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize(("line", "exit_code", "stderr"), OUTPUTS, ids=[line for line, *_ in OUTPUTS])
def test_a_stream_that_takes_nothing_is_an_error_of_one_line(
    tmp_path: Path, line: str, exit_code: int, stderr: str
) -> None:
    done = run(tmp_path, f"resnet-inspect {line}")
    assert (done.returncode, done.stderr) == (exit_code, stderr)


@pytest.mark.parametrize("command", ["summary resnet18", "budget --max-params 26M", "summary net.py:make"])
def test_a_working_folder_that_is_gone_is_an_error(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    done = run(folder, f"rmdir '{folder}'; resnet-inspect {command}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: the working folder is gone\nhint:  cd to a folder that exists\n"


@pytest.mark.parametrize("size", ["²", "٣", "99999999", "9" * 5000, "0", "-1", "", "80 "])
def test_a_terminal_of_no_possible_width_is_none(tmp_path: Path, size: str) -> None:
    plain = CliRunner(env={"COLUMNS": None}).invoke(main, ["summary", "resnet18"])
    sized = CliRunner(env={"COLUMNS": size, "LINES": size}).invoke(main, ["summary", "resnet18"])
    assert sized.exit_code == 0
    assert sized.output == plain.output


@pytest.mark.parametrize(
    ("key", "value"), [("model", r'"a\u0000b"'), ("model", r'"a\u0000b.toml"'), ("record", r'"a\u0000b"')]
)
def test_a_null_byte_in_a_file_is_refused_in_one_line(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "limits.toml").write_text(f"{BUDGET}{key} = {value}\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["budget", "--config", str(tmp_path / "limits.toml")])
    assert done.exit_code == 2
    first, *rest = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert r"a\x00b" in first
    assert len(rest) <= 1


@pytest.mark.parametrize("limit", ["9" * 310, "9" * 5000, "9223372036854775808", "9.3E"])
@pytest.mark.parametrize("option", ["--max-params", "--max-macs", "--max-memory"])
def test_a_limit_that_no_network_reaches_is_refused(option: str, limit: str) -> None:
    done = CliRunner().invoke(main, ["budget", option, limit])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: invalid value for '{option}': ")


def test_a_file_name_that_is_no_text_is_escaped_where_text_is_written(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")
    done = run(tmp_path, f"resnet-inspect summary resnet18 -o '{name}'")
    assert (done.returncode, done.stderr.splitlines()[1:]) == (0, [])
    assert r"\udcff.md" in Path(name).read_text(encoding="utf-8")
    done = run(tmp_path, f"resnet-inspect summary '{name}'")
    assert done.returncode == 2
    assert r"\udcff.md" in done.stderr


def test_what_an_error_repeats_cannot_move_the_cursor_or_add_a_line() -> None:
    done = CliRunner().invoke(main, ["summary", "a\nb\x1b[2J\u202ec.toml"])
    assert done.stderr.startswith(r"error: a\nb\x1b[2J\u202ec.toml: No such file")
    assert len(done.stderr.splitlines()) == 2


def test_commands_follow_each_other_in_one_process_in_any_order() -> None:
    for name in [*COMMANDS, *reversed(COMMANDS)]:  # a command's module becomes an attribute of the package
        done = CliRunner().invoke(main, [name, "--help"])
        assert (done.exit_code, done.stderr) == (0, "")
        assert "Usage: " in done.stdout
