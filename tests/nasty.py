"""Texts that act on what shows them, and what each format must make of any text."""

import csv
import html.parser
import io
import json
import re
import unicodedata
from collections.abc import Iterator

from github_runner import commands
from latex import latex_lines
from markdown_it import MarkdownIt  # rich brings it
from markdown_it.token import Token

from resnet_inspect.render import Format
from resnet_inspect.render.markdown import FIGURES

NASTY = {
    "colour": "evil \x1b[31mred\x1b[0m",
    "window title": "evil \x1b]0;owned\x07",
    "C1 sequence": "evil \x9b31m \x85 \x90q",
    "C0 controls": "evil \x00\x07\x08\x0b\x0c\x1c\x7f",
    "lines": "evil\r\n# heading\n\n| a | b |\ttab",
    "separators": "evil \u2028line\u2029paragraph",
    "override": "evil \u202egnp.exe\u202c",
    "isolates": "evil \u2066a\u2069 \u061c \u200f",
    "zero width": "evil \u200bz\u200c\u200d\u2060\ufeff\u034f",
    "blank letters": "evil \u3164\u115f\u2800 \u00ad\u00a0\u3000",
    "tags": "evil \U000e0041\U000e0100",
    "half a pair": "evil \ud800 \udc9f",
    "no characters": "evil \uffff \U0010ffff \ue000",
    "element": "evil <script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": 'evil" onmouseover="alert(1)" \'',
    "comment": "evil <!-- --> <?php ?> </td></table>",
    "entities": "evil &lt;b&gt; &#60; &amp;",
    "image": "evil ![pixel](http://evil.example/x.png)",
    "link": "evil [click](javascript:alert(1)) <http://evil.example> [a][b]",
    "markup": "evil [bold red]x[/] [link=http://evil.example]y[/link]",
    "emphasis": "evil **b** _i_ __init__ ~~s~~ * _x_y_",
    "cells": "evil | a \\| b \\\\| c",
    "code": "evil `a|b` ``c`` ` <b> `",
    "code alone": "`evil <b>`",
    "fence": "``` evil",
    "backslashes": "evil \\ \\\\ \\* \\<b> \\",
    "heading": "# evil #",
    "quote": "> evil",
    "item": "- evil",
    "number": "1. evil",
    "indent": "    evil",
    "rule": "--- evil ---",
    "formula": '=HYPERLINK("http://evil.example")',
    "plus": "+1+evil",
    "minus": "-1+evil",
    "at": "@SUM(evil)",
    "tab and formula": "\t=1+evil",
    "return and formula": "\r=1+evil",
    "blank and formula": " =1+evil",
    "full-width formula": "＝1+evil",
    "TeX file": r"evil \input{/etc/passwd} \write18{ls} ^^5cinput",
    "TeX specials": r"evil % $x$ & # _ {} ~ ^ \\[1em]",
    "TeX row": "[1em] * evil",
    "TeX ligatures": "evil -- ''x'' ,, ?` <<",
    "workflow command": "::error file=evil::x",
    "workflow data": "evil %0A::set-output name=x::y",
    "legacy command": "evil ##[error]x `##[add-mask]y`",
}
TAGS = (
    "meta title style h1 h2 p div table thead tbody tfoot tr th td dl dt dd ul li b br code nav a section "
    "figure figcaption details summary svg desc path circle rect text"
)
ATTRIBUTES = (
    "charset name content class style title tabindex id href xmlns viewbox width height role aria-label font-family "
    "font-size font-weight d cx cy r x y fill stroke stroke-width stroke-dasharray stroke-linejoin paint-order "
    "fill-opacity opacity text-anchor"
)
OWN_HTML = (FIGURES, "</details>")
OWN_PICTURE = re.compile("pictures/[a-z0-9-]+[.]svg")
ACTS = re.compile(r"\s*[-=+@＝＋－＠]")
OWN_STYLE = re.compile(r"\x1b\[(?:0|1|2|33)m")


def seen(text: str) -> bool:
    """Whether a reader sees every character: none is a control, a format, half a character or a separator but a space.

    Unicode's General_Category says which are; its Default_Ignorable adds some marks and letters.
    """
    blank = "\u034f\u115f\u1160\u2800\u3164\uffa0\U000e0100"
    unseen = (unicodedata.category(char)[0] == "C" or unicodedata.category(char) in ("Zl", "Zp") for char in text)
    return not any(unseen) and not any(char.isspace() and char != " " for char in text) and not set(text) & {*blank}


def shown(text: str) -> str:
    """How a reader sees ``text``: as Python writes it, which nothing here computes in the same way."""
    return "".join(char if seen(char) else ascii(char)[1:-1] for char in text)


def markdown_texts(written: str) -> Iterator[str]:
    """The texts of a page's blocks as a reader sees them; nothing in it is an element, a link or an image."""

    def plain(token: Token) -> str:
        assert token.type in ("text", "code_inline", "strong_open", "strong_close", "text_special"), token
        return token.content

    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(written):
        assert token.type not in ("code_block", "fence", "hr"), token
        if token.type == "html_block":
            assert token.content.strip() in OWN_HTML, token
        if token.type == "inline":
            children = token.children or []
            if [child.type for child in children] == ["image"]:
                assert OWN_PICTURE.fullmatch(str(children[0].attrs["src"])), children[0]
                children = children[0].children or []
            yield "".join(map(plain, children))


class Page(html.parser.HTMLParser):
    """The texts between a page's tags; every tag is one that the page's own table, list, heading or picture needs."""

    OWN = frozenset(TAGS.split())
    ATTRIBUTES = frozenset(ATTRIBUTES.split())

    def __init__(self, written: str) -> None:
        super().__init__()
        self.texts: list[str] = [""]
        self.feed(written)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.OWN, tag
        assert {name for name, _ in attrs} <= self.ATTRIBUTES, attrs
        assert all(seen(value or "") for _, value in attrs)
        assert all(value and value.startswith("#") for name, value in attrs if name == "href"), "a place in the page"
        if tag not in ("code", "b"):
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("code", "b"):
            self.texts.append("")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data


def check_harmless(written: str, format: Format) -> None:
    """Whether nothing in ``written`` acts on what shows it, whatever texts it was made of."""
    assert all(map(seen, OWN_STYLE.sub("", written).split("\n")))
    match format:
        case "table":
            pass
        case "md":
            assert [*markdown_texts(written)]
        case "github":
            assert [*markdown_texts(written)]
            assert commands(written) == []
        case "tex":
            assert [*latex_lines(written)]
        case "json":
            json.loads(written)
        case "html":
            Page(written)
        case "csv":
            head, *rows = csv.reader(io.StringIO(written))
            for row in (head, *rows):
                assert len(row) == len(head)
                assert not any(ACTS.match(cell) and not is_number(cell) for cell in row), row


def is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", cell))
