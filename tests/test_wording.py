"""One way to write a percentage and a plural, wherever a number meets a word."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from resnet_inspect.cli import COMMANDS, main

HERE = Path(__file__).parent.parent
SOURCES = sorted((HERE / "resnet_inspect").rglob("*.py"))
# A verb, or a name that ends in s.
NO_PLURALS = {"is", "has", "keeps", "outputs", "as", "class", "bias"}

SMALLEST = (
    "--set", "depths=1", "--set", "widths=8", "--set", "in_channels=1", "--set", "num_classes=1"
)  # fmt: skip
CALLS = (
    *(("summary", "resnet18", *SMALLEST, "--depth", depth) for depth in ("stage", "block", "layer")),
    *((name, "resnet18", *SMALLEST) for name in ("flops", "memory", "roofline", "lint", "reconcile")),
    ("explain", "resnet18", "--set", "depths=1,1,1,1"),
    ("explain", "resnet18", *SMALLEST),
    ("list", "resnet50"),
    ("list", "resnet50", "--format", "md"),
    ("summary", "resnet18", "--input", "1,1,224,224"),
    ("summary", "resnet18", "--set", "in_channels=1", "--input", "1,3,224,224"),
    ("summary", "resnet18", "--set", "depths=1", "--set", "widths=8,16"),
    ("summary", "resnet18", "--set", "depths=1", "--set", "widths=8/8"),
    ("show", str(HERE / "tests" / "reference" / "record_v1.json")),
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HERE)))
def test_only_units_writes_a_percentage(path: Path) -> None:
    if path.name == "units.py":
        return
    written = path.read_text(encoding="utf-8")
    assert not re.search(r":[.\d]*%\}", written), "use units.percent"
    assert not re.search(r"100 \* [\w.]+:[.\dfg]*\}", written), "use units.percent"


@pytest.mark.parametrize("arguments", CALLS, ids=" ".join)
def test_one_of_a_thing_is_no_plural(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, arguments)
    found = re.findall(r"(?<![\d.,×=·/-])1 ([a-z]+s)\b", done.output)
    assert not {*found} - NO_PLURALS
    assert not re.search(r"\d %", done.output)


def test_every_exception_of_a_linter_carries_its_reason() -> None:
    for path in (*SOURCES, *HERE.glob("tests/**/*.py"), *HERE.glob("validation/*.py")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if found := re.search(r"#\s*(?:noqa|type: ignore)\b[^#]*", line):
                assert re.match(r"# [a-z_]", line[found.end() :], re.IGNORECASE), f"{path.name}: {line.strip()}"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_help_writes_percentages_as_answers_do(name: str) -> None:
    assert not re.search(r"\d %", CliRunner().invoke(main, [name, "--help"]).output)


@pytest.mark.parametrize(
    "page", [HERE / "README.md", *sorted((HERE / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_a_page_writes_percentages_as_answers_do(page: Path) -> None:
    assert not re.search(r"\d %", page.read_text(encoding="utf-8"))
