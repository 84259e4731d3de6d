"""What a user asks of the terminal: --quiet, --verbose, --no-color, --columns, in every command and before it."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import screens
from click.testing import CliRunner
from conftest import Run

from resnet_inspect import cli
from resnet_inspect.cli import COMMANDS, main
from resnet_inspect.cli.plot import PLOTS
from resnet_inspect.cli.terminal import OPTIONS, Terminal, asked

NAMES = {name for option in OPTIONS for name in option.opts}
BLOCKS = re.compile("[▁▂▃▄▅▆▇█▏▎▍▌▋▊▉]")


@pytest.mark.parametrize("command", ["", *COMMANDS, *(f"plot {kind}" for kind in PLOTS)])
def test_every_command_has_them_once_and_its_help_says_so(command: str) -> None:
    for _ in range(2):  # a command is an object that lasts
        done = CliRunner().invoke(main, [*command.split(), "--help"])
    for name in NAMES:
        assert len(re.findall(rf"^ .*(?<!\S){name}(?![\w-])", done.stdout, re.MULTILINE)) == 1, name


def test_no_command_uses_one_of_their_names_for_something_else() -> None:
    for name in COMMANDS:
        command = import_module(f"{cli.__name__}.{name.replace('-', '_')}").command
        own = [option for param in command.params if param not in OPTIONS for option in param.opts]
        assert not NAMES & set(own), name


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_columns_are_those_of_the_variable_before_the_command_and_after_it(run: Run, columns: int) -> None:
    by_variable = run("lint", "resnet50", columns=columns).stdout
    assert run("lint", "resnet50", "--columns", str(columns), columns=100).stdout == by_variable
    assert run("--columns", str(columns), "lint", "resnet50").stdout == by_variable
    assert run("--columns", "99", "lint", "resnet50", "--columns", str(columns)).stdout == by_variable


def test_the_help_keeps_to_columns() -> None:
    lines = CliRunner().invoke(main, ["--columns", "60", "bench", "--help"]).stdout.partition("Examples:")[0]
    assert max(map(len, lines.splitlines())) <= 60


@pytest.mark.parametrize("columns", ["0", "-1", "10000", "wide", "8.5", ""])
@pytest.mark.parametrize("before", [True, False])
def test_a_width_that_no_terminal_has_is_refused(columns: str, before: bool) -> None:
    option = ["--columns", columns]
    done = CliRunner().invoke(main, [*option, "summary"] if before else ["summary", *option])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'--columns'" in done.stderr


def test_quiet_leaves_errors_alone(run: Run, tmp_path: Path) -> None:
    assert run("summary", "-o", "a.md").stderr == "wrote a.md\n"
    for words in (("-q", "summary", "-o", "b.md"), ("summary", "-o", "b.md", "--quiet")):
        done = run(*words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    made_by = re.compile("Made by .*")
    texts = [made_by.sub("", (tmp_path / name).read_text(encoding="utf-8")) for name in ("a.md", "b.md")]
    assert texts[0] == texts[1]
    assert run("plot", "stages", "-q", "-o", "c.svg").stderr == ""
    assert run("-q", "summary", "resnt50").stderr == run("summary", "resnt50").stderr != ""


def test_verbose_says_what_is_done_and_changes_no_answer(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.resnet-inspect]\nmax-params = '26M'\n", encoding="utf-8")
    plain, verbose = run("budget"), run("budget", "-v")
    assert verbose.stdout == plain.stdout
    assert plain.stderr == ""
    assert re.fullmatch(
        r"[\d.]+ s  read \[tool\.resnet-inspect\] of \S+pyproject\.toml\n[\d.]+ s  answered; writing table to stdout\n",
        verbose.stderr,
    )
    assert run("-v", "budget", "-q").stderr == "", "the last of the two wins"


def test_verbose_tells_a_benchmark_line_by_line_in_a_pipe(run: Run) -> None:
    asked_for = ("bench", "resnet18", "--device", "cpu", "--quick", "--input", "1,3,32,32")
    assert run(*asked_for, scripted=True).stderr == ""
    told = run(*asked_for, "-v", scripted=True).stderr
    for line in ("warming up", "round 1", "round 2, 10.0 ms ±0.0%"):
        assert re.search(rf"^[\d.]+ s  resnet18 .*: {line}$", told, re.MULTILINE), told


def test_colours_are_left_out_where_they_are_not_wanted(tmp_path: Path) -> None:
    assert "\x1b[1m" in screens.written("budget", "--max-params", "26M", columns=80, cwd=tmp_path)
    for words in (["--no-color", "budget", "--max-params", "26M"], ["budget", "--max-params", "26M", "--no-color"]):
        assert "\x1b" not in screens.written(*words, columns=80, cwd=tmp_path)


def test_outside_a_command_nothing_is_asked() -> None:
    assert asked() == Terminal()
    CliRunner().invoke(main, ["-q", "--columns", "40", "summary"])
    assert asked() == Terminal(), "what one call asked for does not last"


def test_a_terminal_with_room_shows_bars_and_nothing_else_does(run: Run, tmp_path: Path) -> None:
    pictured = screens.written("flops", columns=80, cwd=tmp_path)
    assert BLOCKS.search(pictured)
    assert not BLOCKS.search(screens.written("flops", columns=40, cwd=tmp_path))
    assert not BLOCKS.search(
        screens.written("flops", columns=80, cwd=tmp_path, variables={"PYTHONIOENCODING": "ascii"})
    )
    assert not BLOCKS.search(run("flops", "--columns", "200").stdout)
    for format in ("md", "json", "csv", "html"):
        assert not BLOCKS.search(screens.written("flops", "--format", format, columns=200, cwd=tmp_path))
