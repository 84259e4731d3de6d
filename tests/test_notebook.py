"""What a notebook shows of each verb: a real kernel runs one cell for each."""

import re
from pathlib import Path

import pytest

import resnet_inspect as ri

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

# a cell for every verb that answers at once
CELLS = (
    'ri.summary("resnet18")',
    'ri.flops("resnet18")',
    'ri.memory("resnet18")',
    'ri.roofline("resnet18")',
    "ri.devices()",
    'ri.lint("tutorial_resnet18_cifar10")',
    'ri.list("resnet*d")',
    'ri.choose("t4", among="resnet")',
    'ri.compare("resnet18", "resnet50")',
    'ri.diff("resnet50", "resnet50d")',
    'ri.reconcile("resnet18")',
    'ri.budget("resnet18", max_params="12M")',
    'ri.explain("resnet18")',
    "ri.glossary()",
    "ri.profiles()",
    'ri.predict("resnet18", device="t4")',
    'ri.train("tutorial_resnet18_cifar10", data="fake:64", dry_run=True, device="a100")',
    'ri.make_report("resnet18")',
    'ri.lower("resnet18")',
    'ri.fold("resnet18")',
    'ri.read_record("run.json")',
    'ri.show("run.json")',
    'ri.verdict("run.json", "run.json")',
)
# a verb that takes minutes, runs torch or gives no answer with a table, and a class
UNSEEN = {
    *("bench", "calibrate", "calibrate_from", "tune", "check", "accuracy", "profile", "build", "spec"),
    *("export", "export_spec", "plot", "Answer", "Attention", "Graph", "InspectError", "ResNetSpec"),
}


def test_each_verb_has_a_cell_or_a_reason() -> None:
    shown = {cell[3:].partition("(")[0] for cell in CELLS}
    assert shown | UNSEEN >= set(ri.__all__)
    assert not shown & UNSEEN


def test_what_a_notebook_draws_stands_on_a_ground_and_styles_nothing_else() -> None:
    """The ground follows the system's dark mode as the letters do, whatever the notebook's own theme."""
    page = ri.make_report("resnet18")._repr_html_()
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page
    style = "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))
    light, dark = style.split("@media (prefers-color-scheme:dark)")
    for paints, text, ground in ((light, "#1f2328", "#ffffff"), (dark, "#e6edf3", "#0d1117")):
        assert f".resnet-inspect .picture{{background:{ground}}}" in paints
        assert text in (page if paints is light else paints)
    selectors = re.findall(r"([^{}]+)\{[^{}]*\}", style)
    assert [selector for selector in selectors if not selector.strip().startswith(".resnet-inspect ")] == []


def test_a_notebook_shows_each_answer_as_a_table(tmp_path: Path, record_json: str, monkeypatch) -> None:
    (tmp_path / "run.json").write_text(record_json, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(Path(ri.__file__).parent.parent))
    error = 'ri.summary("resnt50")'
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in ("import resnet_inspect as ri", *CELLS, error)]
    nbclient.NotebookClient(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    _, *cells, refused = notebook.cells
    for source, cell in zip(CELLS, cells, strict=True):
        (output,) = cell.outputs
        assert output.output_type == "execute_result", (source, output)
        assert "<table" in output.data["text/html"], source
        assert "body {" not in output.data["text/html"], "the page's style would reach the notebook"
        assert output.data["text/markdown"].startswith("## ")
        assert len(output.data["text/plain"]) < 200, source
    (output,) = refused.outputs
    assert "did you mean 'resnet50'" in output.evalue
