"""The house's rules on imports, read off the source, and what a command really loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "resnet_inspect"
ROWS = (
    {"docstrings", "errors", "escape", "folders", "units", "vocabulary", "language", "typed_json", "whole_file"},
    {"graph", "kwargs", "report", "toml_files", "versioned_json"},
    {"chart", "resnet", "hardware"},
    {"counting"},
    {"runtime", "render", "exchange"},
    {"sources"},
    {"benchmark"},
    {"prediction", "tuning"},
    {"questions", "linter"},
    {"explainer", "records", "training"},
    {"charts"},
    {"documents"},
    {"api"},
    {"cli"},
)
RANK = {room: rank for rank, row in enumerate(ROWS) for room in row}
# One third-party package, one home.
TORCH = ("runtime", "benchmark/worker", "training/loop")
HOMES: dict[str, tuple[str, ...]] = {"click": ("cli",), "rich": ("render",), "onnx": ("exchange",)}
HOMES |= {"platformdirs": ("folders",), "matplotlib": ("render",), "pandas": ("render",)}
HOMES |= dict.fromkeys(("torch", "torchvision", "fvcore", "thop", "numpy", "timm", "tensorboard", "PIL"), TORCH)
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE or path.stem in RANK]


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def at_home(path: Path, homes: tuple[str, ...]) -> bool:
    return str(path.relative_to(PACKAGE)).startswith(tuple(f"{home}{end}" for home in homes for end in ("/", ".py")))


def imports(path: Path) -> list[tuple[str, bool]]:
    """Every module that a file imports, and whether it does so when it is itself imported (typing apart)."""
    found = []

    def visit(node: ast.AST, at_top: bool) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.extend((alias.name, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.extend((f"{node.module}.{alias.name}", at_top) for alias in node.names)
        inner = at_top and not isinstance(node, ast.FunctionDef)
        for child in ast.iter_child_nodes(node):
            visit(child, inner)

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_from_its_own_room_or_from_lower_rows(path: Path) -> None:
    for name, _ in imports(path):
        package, _, rest = name.partition(".")
        if package != "resnet_inspect" or rest.split(".")[0] == "__version__":
            continue
        other = rest.split(".")[0]
        assert other == room(path) or RANK[other] < RANK[room(path)], f"{room(path)} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_third_party_package_is_imported_only_at_home(path: Path) -> None:
    for name, _ in imports(path):
        home = HOMES.get(name.split(".")[0])
        assert home is None or at_home(path, home), f"{path} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_runtime_is_imported_only_inside_a_function(path: Path) -> None:
    for name, at_top in imports(path):
        of_torch = name.startswith(tuple(f"resnet_inspect.{home.replace('/', '.')}" for home in TORCH))
        assert not (of_torch and at_top) or at_home(path, TORCH), f"{path} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def loaded_by(code: str) -> set[str]:
    """Top-level packages in sys.modules after ``code``, in a process of its own."""
    script = f"import sys\n{code}\nprint('\\n'.join({{m.split('.')[0] for m in sys.modules}}), file=sys.stderr)"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


CALL = "from resnet_inspect.cli import main\nmain({args!r}, standalone_mode=False)"


def test_a_static_command_loads_neither_torch_nor_numpy_nor_rich() -> None:
    allowed = {"click", "resnet_inspect"}
    for args in (
        ["summary", "seresnet50", "--format", "json"],
        ["flops", "--format", "md"],
        ["list", "--format", "csv"],
        ["roofline", "--format", "json"],
        ["report", "resnet50", "--format", "html"],
        ["report", "resnet50", "resnet50d", "--format", "md"],
        [
            "train",
            "tutorial_resnet18_cifar10",
            "--data",
            "cifar10",
            "--dry-run",
            "--device",
            "a100",
            "--format",
            "json",
        ],
    ):
        third_party = loaded_by(CALL.format(args=args)) & {*HOMES, "resnet_inspect", "markdown_it", "pygments"}
        assert third_party == allowed


def test_a_table_loads_rich_and_nothing_heavier() -> None:
    assert loaded_by(CALL.format(args=["summary"])) & set(HOMES) == {"click", "rich"}


def test_only_explain_loads_what_explains() -> None:
    script = CALL + "\nassert not any(m.startswith('resnet_inspect.explainer') for m in sys.modules)"
    loaded_by(script.format(args=["summary"]))
    third_party = {*HOMES, "resnet_inspect", "babel"}
    assert loaded_by(CALL.format(args=["explain", "--format", "md"])) & third_party == {"click", "resnet_inspect"}
    assert loaded_by(CALL.format(args=["explain", "mac", "--lang", "zh"])) & set(HOMES) == {"click", "rich"}


def test_a_list_loads_the_roofline_only_where_a_device_is_named() -> None:
    script = CALL + "\nassert ('resnet_inspect.hardware.floor' in sys.modules) is {loaded}"
    loaded_by(script.format(args=["list", "--format", "csv"], loaded=False))
    loaded_by(script.format(args=["list", "--format", "csv", "--device", "a100"], loaded=True))


def test_importing_the_package_loads_nothing_but_it() -> None:
    assert loaded_by("import resnet_inspect") & {*HOMES, "dataclasses"} == set()


def test_the_python_api_answers_without_torch() -> None:
    code = "import resnet_inspect as ri\nassert 'layer4' in ri.summary('resnet50').to_markdown()"
    assert loaded_by(code) & set(HOMES) == set()


def test_no_public_name_is_hidden_by_a_submodule() -> None:
    import resnet_inspect

    assert not set(resnet_inspect.__all__) & {room(path) for path in FILES}
    for name in resnet_inspect.__all__:
        assert callable(getattr(resnet_inspect, name))
