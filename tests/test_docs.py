"""README.md, CONTRIBUTING.md and docs/: every command runs, every output is real, every diff fits the code."""

import re
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import click
import pytest
from conftest import reference
from pages import (
    BLOCK,
    CHINESE,
    COLUMNS,
    IN_TERMINAL,
    INLINE,
    LAID_OUT,
    PAGES,
    ROOT,
    TERMINAL,
    blocks,
    commands,
    drawn_by,
    pictures,
    play,
    printed,
    update,
)
from pages import README as ENGLISH
from terminal_picture import draw_terminal, words

from resnet_inspect import __version__
from resnet_inspect.cli import COMMANDS, main

SHOWN = commands()
REFUSED = "error: "
README = ENGLISH.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory, laid_out_json: str, record_json: str) -> Path:
    """A folder with the files that the pages name."""
    folder = tmp_path_factory.mktemp("examples")
    settings, (code,) = [block for block in blocks("toml") if "[[" not in block], blocks("py")
    (models,) = (block for block in blocks("toml") if "[[" in block)
    for written in ("export-spec resnet50d -o mine.toml", "export resnet18 -o net.json", "export resnet18 -o net.onnx"):
        assert play(f"resnet-inspect {written}", folder).returncode == 0
    texts = {
        "run.json": laid_out_json,
        "old.json": record_json,
        "new.json": record_json,
        "net.py": code,
        "models.toml": models,
    }
    rows = [row for row in reference("timm_speed.csv") if "rtx3090" in row["source_file"]]
    texts["results.csv"] = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])
    for name, text in (texts | {"pyproject.toml": "\n".join(settings)}).items():
        (folder / name).write_text(text, encoding="utf-8")
    for command in SHOWN:  # other commands read the profiles that these write
        if command.startswith("resnet-inspect calibrate --from"):
            assert play(command, folder).returncode == 0
    return folder


@pytest.mark.parametrize("command", sorted(SHOWN.keys() - {LAID_OUT}))  # which ``examples`` plays
def test_a_command_that_a_page_shows_runs_and_prints_what_is_shown(command: str, examples: Path) -> None:
    done, shown = play(command, examples), SHOWN[command]
    assert done.returncode == (2 if shown.startswith(REFUSED) else 0), done.stderr
    if shown:
        assert printed(done) == shown


@pytest.mark.parametrize(("picture", "command"), pictures().items(), ids=lambda value: getattr(value, "name", ""))
def test_a_picture_on_a_page_is_what_its_command_draws(picture: Path, command: str, tmp_path: Path) -> None:
    assert picture.read_text(encoding="utf-8") == play(drawn_by(command), tmp_path).stdout


def test_the_picture_of_a_terminal_shows_what_its_command_prints_and_fetches_nothing(tmp_path: Path) -> None:
    picture = TERMINAL.read_text(encoding="utf-8")
    assert words(picture) == words(draw_terminal(IN_TERMINAL, COLUMNS, tmp_path))
    assert not re.search(r"url\((?!#)|href=|<script", picture)
    assert f"({TERMINAL.relative_to(ROOT)})" in README


def shape(text: str) -> dict[str, object]:
    """What a page has in common with its translation."""
    return {
        "blocks": BLOCK.findall(text),
        "commands": INLINE.findall(text),
        "links": re.findall(r"\]\(([^)]+)\)", text),
        "rows of tables": len(re.findall(r"^\|", text, re.MULTILINE)),
        "headings": re.findall(r"^#+", text, re.MULTILINE),
    }


def test_the_chinese_readme_has_the_blocks_commands_links_and_rows_of_the_english_one() -> None:
    chinese = CHINESE.read_text(encoding="utf-8")
    assert f"]({CHINESE.name})" in README
    assert f"]({ENGLISH.name})" in chinese
    theirs, ours = (shape(text.replace(CHINESE.name, ENGLISH.name)) for text in (chinese, README))
    for what, expected in ours.items():
        assert theirs[what] == expected, what


def test_a_page_is_brought_up_to_date_by_commands_that_leave_the_checkout_alone(tmp_path: Path) -> None:
    page, command = tmp_path / "page.md", "resnet-inspect plot stages resnet18 -o of_a_page.svg"
    page.write_text(f"```console\n$ {command}\nwrote nothing\n```\n", encoding="utf-8")
    update(page, tmp_path)
    assert page.read_text(encoding="utf-8") == f"```console\n$ {command}\nwrote of_a_page.svg\n```\n"
    assert (tmp_path / "of_a_page.svg").exists()
    assert not (ROOT / "of_a_page.svg").exists()


def test_the_command_that_measures_for_the_others_is_shown_without_an_output() -> None:
    assert SHOWN[LAID_OUT] == ""


@pytest.mark.parametrize("code", blocks("python"))
def test_python_that_a_page_shows_runs(code: str) -> None:
    exec(compile(code, "a page", "exec"), {})


@pytest.mark.parametrize("diff", blocks("diff"))
def test_a_diff_fits_the_code(diff: str) -> None:
    path, *lines = diff.splitlines()
    before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    assert before in (ROOT / path.removeprefix("--- ")).read_text(encoding="utf-8")


def test_the_walks_go_through_functions_that_exist() -> None:
    walks = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("\n# ")[1]
    calls = re.findall(r"`([a-z_]+(?:\.\w+)+)`", walks.replace("`report.py`", ""))
    assert len(calls) > 20
    for call in calls:
        assert callable(resolve_name(f"resnet_inspect.{call}"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_no_block_that_no_test_reads(page: Path) -> None:
    languages = {language for language, _ in BLOCK.findall(page.read_text(encoding="utf-8"))}
    install = {"sh"} if page in (ENGLISH, CHINESE) else set()  # .ci/run plays it in a clean environment
    assert languages <= {"console", "python", "py", "toml", "yaml", "diff", "text"} | install


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_exists(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8").replace("\n", " ")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES[3:], ids=lambda page: page.name)
def test_a_page_begins_with_a_readers_question_and_the_readme_links_to_it(page: Path) -> None:
    _, first, *_ = page.read_text(encoding="utf-8").split("\n\n")
    assert re.match(r"\*\*[^*]*\?\*\*", first)
    assert f"(docs/{page.name})" in README


def options_of(command: click.Command, context: click.Context) -> Iterator[str]:
    """Every option of a command, and of those that it groups."""
    yield from (option for parameter in command.params for option in parameter.opts)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from options_of(command.get_command(context, name), context)


def test_an_option_that_a_page_names_exists() -> None:
    known = {*options_of(main, click.Context(main))}
    # of validation/honesty.py, mypy, torchrun and gh
    others = {
        "--only",
        "--strict",
        "--standalone",
        "--nproc-per-node",
        "--edit-last",
        "--create-if-none",
        "--body-file",
    }
    for page in PAGES:
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", page.read_text(encoding="utf-8")))
        assert named <= known | others, page.name


def test_the_readme_names_every_command_and_is_short() -> None:
    for command in COMMANDS:
        assert f"`resnet-inspect {command}" in README
    assert len(README.splitlines()) <= 150


def test_the_citation_names_the_version_of_the_package() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
