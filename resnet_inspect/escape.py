r"""Make text harmless in each format. Names in files and code of others must not act where they are shown.

``visible`` comes first in every format but JSON; an error on stderr needs nothing else. It leaves one line of
characters that a reader sees, so that the functions for a format meet no newline. In prose, backticks enclose code.
"""

import html
import json
import re

# Blank or without a width, though `isprintable` takes them for letters and marks (Unicode's Default_Ignorable).
BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
CODE = re.compile("(?<!`)`([^`]+)`(?!`)")
MARKUP = re.compile(r"[\\`*~|[\]]|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|#(?=#*$)")
BLOCK = re.compile(r"\A(?:(?=[#>=+-])|(\d+)(?=[.)](?:\s|\Z)))")  # what begins a heading, a quote, a list
FORMULA = re.compile("\\s*[=+@＝＋－＠-]")
COMMAND = re.compile(r"^[^\S\n]*(?=::)|##(?=\[)", re.MULTILINE)  # what a runner of GitHub takes for a command
LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\char34{}", "`": r"\textasciigrave{}", "*": "{*}", "[": "{[}", "]": "{]}",
    "×": r"$\times$", "→": r"$\to$", "±": r"$\pm$", "−": "$-$", "·": r"$\cdot$", "≤": r"$\leq$", "≥": r"$\geq$",
    "≈": r"$\approx$", "⊕": r"$\oplus$", "●": r"$\bullet$", "∞": r"$\infty$", "°": r"$^\circ$", "²": "$^2$",
    "³": "$^3$", "⁹": "$^9$", "ᵀ": r"$^{\mathsf T}$", "√": r"$\surd$", "⌊": r"$\lfloor$", "⌋": r"$\rfloor$",
    "Σ": r"$\Sigma$", "δ": r"$\delta$", "ε": r"$\varepsilon$", "σ": r"$\sigma$", "µ": r"$\mu$", "μ": r"$\mu$",
    "–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\ldots{}",
    "‘": r"\textquoteleft{}", "’": r"\textquoteright{}", "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}",
}  # fmt: skip
LIGATURE = re.compile(r"([-',])(?=\1)")


def visible(text: str) -> str:
    r"""``text`` with an escape for each character that cannot be seen, as ``repr`` writes it: ``\x1b``, ``\u202e``."""
    if text.isprintable() and (text.isascii() or not BLANK.search(text)):
        return text
    return "".join(char if _is_seen(char) else char.encode("unicode_escape").decode() for char in text)


def json_text(dumped: str) -> str:
    """The same JSON, with an escape for each character that cannot be seen; ``dumps`` escapes the others."""
    if dumped.isascii() and "\x7f" not in dumped:
        return dumped
    return re.sub(r"[^\n -~]", lambda char: char[0] if _is_seen(char[0]) else json.dumps(char[0])[1:-1], dumped)


def markdown(text: str) -> str:
    """A name or a cell in Markdown."""
    return MARKUP.sub(r"\\\g<0>", text)


def markdown_prose(text: str) -> str:
    """A paragraph in Markdown."""
    text = text.strip()
    outside = CODE.split(text)[::2]
    codes = [f"`{code}`" for code in CODE.findall(text)]
    pieces = [piece for pair in zip(map(markdown, outside), [*codes, ""], strict=True) for piece in pair]
    return BLOCK.sub(lambda number: (number[1] or "") + "\\", "".join(pieces))


def markdown_code(text: str) -> str:
    """Code in Markdown: in more backticks than it has in a row."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def html_text(text: str) -> str:
    """A name, a cell or an attribute in HTML."""
    return html.escape(text)


def html_prose(text: str) -> str:
    """A paragraph in HTML."""
    return CODE.sub(r"<code>\1</code>", html_text(text))


def slug(text: str) -> str:
    """A key as the name of a file or of a place in a page: small letters, digits and hyphens alone."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


def csv_text(text: str) -> str:
    """A cell of text in CSV: with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def latex(text: str) -> str:
    """A name or a cell in LaTeX. A sign that LaTeX lacks is shown by its number; letters stay, of every script."""
    return LIGATURE.sub(r"\1{}", "".join(LATEX.get(char) or _latex_char(char) for char in text))


def latex_prose(text: str) -> str:
    """A paragraph in LaTeX."""
    pieces = map(latex, CODE.split(text))
    return "".join(rf"\texttt{{{piece}}}" if number % 2 else piece for number, piece in enumerate(pieces))


def workflow_lines(text: str) -> str:
    """Lines that GitHub prints, in which a runner finds no command; Markdown shows them as they were."""
    return COMMAND.sub(lambda found: f"{found[0]}\\", text)


def workflow_data(text: str) -> str:
    """The message of a command to a runner of GitHub, which reads ``%0A`` as a new line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """A property of such a command: between a comma and a colon."""
    return workflow_data(text).replace(":", "%3A").replace(",", "%2C")


def mermaid_text(text: str) -> str:
    """Text of a Mermaid label, between double quotes: Mermaid reads ``#96;`` as the character of that number."""
    return re.sub(r"[^\w .,:;/×→⊕+()-]", lambda char: f"#{ord(char[0])};", text)


def dot_text(text: str) -> str:
    """Text of a label of Graphviz, between double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _latex_char(char: str) -> str:
    return char if char.isascii() or char.isalpha() else rf"$\langle$U+{ord(char):04X}$\rangle$"


def _is_seen(char: str) -> bool:
    return char.isprintable() and not BLANK.match(char)
