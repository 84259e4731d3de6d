"""LaTeX as a reader sees it, and the check that nothing in it is a command but those of the format."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

needs_tex = pytest.mark.skipif(
    not shutil.which("pdflatex"), reason="no pdflatex here: apt install texlive-latex-recommended"
)
RUNS = 4
DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs,graphicx,longtable}
\begin{document}
%s
\end{document}
"""

# what is written -> what is seen; "" where it belongs to a title, a list or a group
SEEN = {
    r"\textbackslash{}": "\\", r"\textasciicircum{}": "^", r"\textasciitilde{}": "~", r"\textless{}": "<",
    r"\textgreater{}": ">", r"\textbar{}": "|", r"\textasciigrave{}": "`", r"\textendash{}": "–", r"\char34{}": '"',
    r"\{": "{", r"\}": "}", r"\$": "$", r"\&": "&", r"\#": "#", r"\%": "%", r"\_": "_", "{[}": "[", "{]}": "]",
    "{*}": "*", r"$\times$": "×", r"$\pm$": "±", r"$\to$": "→", "$-$": "-", "-{}": "-", "'{}": "'", ",{}": ",", "}": "",
    **dict.fromkeys((r"\textbf{", r"\paragraph{", r"\caption{", r"\item ", r"\texttt{"), ""),
}  # fmt: skip
TOKEN = re.compile("|".join(map(re.escape, sorted(SEEN, key=len, reverse=True))))
TABLE = re.compile(
    r"\\resizebox\{[\\a-z>]+\}\{!\}\{%|\{\\scriptsize\\setlength\{\\tabcolsep\}\{2pt\}%|\\end\{(?:tabular|longtable)\}\}"
    r"|\\(?:begin|end)\{(?:table|tabular|center|itemize|longtable)\}(?:\{[lr]+\})?"
    r"|\\(?:top|mid|bottom)rule|\\centering|\\endhead| \\\\$",
    re.MULTILINE,
)
NUMBERED = re.compile(r"\$\\langle\$U\+([0-9A-F]{4,6})\$\\rangle\$")


def compile_pdf(body: str, folder: Path) -> str:
    """What a real TeX says of a document of ``body``, whose long tables have their widths after some runs.

    It ends at the first error.
    """
    (folder / "page.tex").write_text(DOCUMENT % body, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
    for _ in range(RUNS):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]
        if "Rerun LaTeX" not in done.stdout:
            break
    assert (folder / "page.pdf").read_bytes().startswith(b"%PDF")
    return done.stdout


def latex_lines(written: str) -> Iterator[list[str]]:
    """The lines of a page, each as its cells; comments are left out."""
    text = TABLE.sub("", re.sub("^%.*\n", "", written, flags=re.MULTILINE))
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}"), "a group has no end"
    for line in text.splitlines():
        yield [_seen(cell) for cell in line.split(" & ")]


def _seen(cell: str) -> str:
    text = NUMBERED.sub(lambda number: chr(int(number[1], 16)), cell)
    left = TOKEN.sub("", text)
    assert not re.search(r'[\\{&%$#_^~*\[\]<>|"`]', left), cell
    return TOKEN.sub(lambda token: SEEN[token[0]], text)
