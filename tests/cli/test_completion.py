"""The Tab key: what it offers in each shell, and that it loads little."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from test_imports import HOMES, loaded_by

from resnet_inspect import cli
from resnet_inspect.cli import COMMANDS, COMPLETING
from resnet_inspect.cli.plot import PLOTS
from resnet_inspect.counting.conventions import COUNTERS
from resnet_inspect.counting.writing import WRITINGS
from resnet_inspect.hardware.devices import DEVICES
from resnet_inspect.render import FORMATS
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.fields import READERS, read

VARIANTS = [variant.name for variant in zoo.variants()]
SHEETS = [device.name for device in DEVICES]
FILE = ("file", "")


def offered(*words: str, shell: str = "fish", cwd: Path | None = None) -> list[tuple[str, str]]:
    """(type, value) of what is offered for the last word; fish's words are the whole ones, then that."""
    environment = os.environ | {COMPLETING: f"{shell}_complete", "COMP_WORDS": " ".join(("resnet-inspect", *words))}
    environment |= {"COMP_CWORD": words[-1] if shell == "fish" else str(len(words))}
    command = [sys.executable, "-m", "resnet_inspect"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    if shell == "zsh":
        return list(zip(lines[::3], lines[1::3], strict=True))
    return [(kind, value.partition("\t")[0]) for kind, _, value in (line.partition(",") for line in lines if line)]


def values(*words: str) -> list[str]:
    return [value for _, value in offered(*words)]


def test_the_commands_come_with_their_lines_of_the_help() -> None:
    assert values("") == [*COMMANDS]
    assert values("cal") == ["calibrate"]
    assert "--columns" in values("--")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("summary", "resnet10"), [name for name in VARIANTS if name.startswith("resnet10")]),
        (("compare", "resnet50", "wide"), [name for name in VARIANTS if name.startswith("wide")]),
        (("diff", "resnet50", "wide"), [name for name in VARIANTS if name.startswith("wide")]),
        (("bench", "wide"), [name for name in VARIANTS if name.startswith("wide")]),
        (("plot", "roofline", "wide"), [name for name in VARIANTS if name.startswith("wide")]),
        (("plot", "roofline", "--device", "h"), [name for name in SHEETS if name.startswith("h")]),
        (("plot", ""), [*PLOTS]),
        (("roofline", "--device", "h"), [name for name in SHEETS if name.startswith("h")]),
        (("summary", "--device", ""), ["cpu", "cuda"]),
        (("bench", "--device", ""), ["auto", "cpu", "cuda", "mps"]),
        (("flops", "--as", ""), [convention.name for convention in COUNTERS]),
        (("flops", "--as", "thop", "--writing", ""), [*WRITINGS]),
        (("summary", "--format", ""), [*FORMATS]),
        (("summary", "--set", ""), [f"{field}=" for field in READERS]),
        (("summary", "--set", "shortcut="), [f"shortcut={way}" for way in "ABCD"]),
        (("summary", "--set", "depths="), ["depths=3,4,6,3"]),
    ],
)
def test_what_a_word_may_be_is_offered(words: tuple[str, ...], expected: list[str]) -> None:
    assert sorted(values(*words)) == sorted(expected)


def test_a_device_of_the_project_is_offered(tmp_path: Path) -> None:
    entry = "[tool.resnet-inspect.devices.mine]\ntflops.fp32 = 1\ngb-per-s = 68\nsource = 'me'\n"
    (tmp_path / "pyproject.toml").write_text(entry, encoding="utf-8")
    assert ("plain", "mine") in offered("roofline", "--device", "m", cwd=tmp_path)
    (tmp_path / "pyproject.toml").write_text(f"{entry}wrong = 1\n", encoding="utf-8")
    assert "mine" not in dict(map(reversed, offered("roofline", "--device", "", cwd=tmp_path)))


def test_every_value_that_is_offered_for_a_field_is_one() -> None:
    for field in ("shortcut", "antialias", "stem_act", "final_norm", "widths", "stem", "neck", "attention", "groups"):
        for value in values("summary", "--set", f"{field}="):
            read(*value.split("=", 1))


def test_a_file_stands_for_a_model_and_for_what_is_read_or_written() -> None:
    for words in (("summary", "mine.to"), ("show", ""), ("summary", "-o", ""), ("verdict", "old.json", "")):
        assert [kind for kind, _ in offered(*words)] == ["file"], words


@pytest.mark.parametrize(
    "words", [("nope", ""), ("plot", "nope", ""), ("summary", "--nope", ""), ("budget", "--config", "none.toml", "")]
)
def test_a_line_that_is_wrong_is_no_error(words: tuple[str, ...]) -> None:
    offered(*words)


def test_every_text_of_every_command_offers_something_or_files() -> None:
    for name in COMMANDS:
        command = import_module(f"{cli.__name__}.{name.replace('-', '_')}").command
        for param in command.params:
            if isinstance(param, click.Option) and not param.is_flag and "device" in param.opts[0]:
                assert values(name, param.opts[0], ""), (name, param.opts[0])


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="this system has no bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("summary wide_resnet5", ["wide_resnet50_2"]),
        ("summary --set=sh", ["shortcut="]),
        ("summary --set shortcut=", ["A", "B", "C", "D"]),
        ("summary --set stem_pool=max3c", ["max3ceil"]),
        ("flops --as=fvcore_", ["fvcore_activations"]),
    ],
)
def test_bash_is_given_what_stands_behind_its_last_break(tmp_path: Path, line: str, expected: list[str]) -> None:
    """Bash itself splits a line at =, and replaces what stands behind it."""
    program = tmp_path / "resnet-inspect"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m resnet_inspect "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    words = [part for word in line.split(" ") for part in filter(None, [*word.replace("=", " = ").split(" ")])]
    if line.endswith("="):
        words.append("")
    script = (
        f'eval "$({COMPLETING}=bash_source resnet-inspect)"\n'
        f"compopt() {{ echo compopt $* >&2; }}\n"
        f"COMP_WORDS=(resnet-inspect {' '.join(word or repr('') for word in words)}); COMP_CWORD={len(words)}\n"
        "_resnet_inspect_completion resnet-inspect\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == expected
    assert ("nospace" in done.stderr) is any(value.endswith("=") for value in expected)


def test_the_scripts_of_bash_and_zsh_put_no_space_behind_a_field() -> None:
    for shell, sign in (("bash", "compopt -o nospace"), ("zsh", 'compadd -U -S ""')):
        environment = os.environ | {COMPLETING: f"{shell}_source"}
        command = [sys.executable, "-m", "resnet_inspect"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
        assert sign in done.stdout


@pytest.mark.parametrize("words", ["", "summary wide", "plot roofline wide", "roofline --device h", "summary --set sh"])
def test_the_tab_key_loads_nothing_heavy(words: str) -> None:
    line = {COMPLETING: "bash_complete", "COMP_WORDS": f"resnet-inspect {words}", "COMP_CWORD": str(len(words.split()))}
    code = (
        f"import os\nos.environ |= {line!r}\nfrom resnet_inspect.cli import main\n"
        "try:\n    main(prog_name='resnet-inspect')\nexcept SystemExit:\n    pass\n"
    )
    assert loaded_by(code) & set(HOMES) == {"click"}
