"""A word on its own: the code of a finding, or a term of the glossary."""

from collections.abc import Iterable
from difflib import get_close_matches
from string import Formatter

from resnet_inspect.analyze.bench import CATALOGUE
from resnet_inspect.analyze.explain import glossary
from resnet_inspect.analyze.explain.glossary.term import Term
from resnet_inspect.analyze.explain.voice import Voice
from resnet_inspect.report import Column, Report, Row, Section, Table


def explain_word(word: str, language: str) -> Report | None:
    """What ``word`` means as a code and as a term; None where it is neither."""
    say = Voice(language)
    code, term = _code(word), glossary.find(word)
    sections = ([_finding(code, say)] if code else []) + ([_term(term, say)] if term else [])
    if not sections:
        return None
    title = code or (term.key if term else word)
    return Report(kind="explain", model=None, title=title, sections=tuple(sections))


def index(language: str) -> Report:
    """Every word that can be explained, models apart."""
    say = Voice(language)
    rows: list[Row] = [(term.key, say("term"), say(term.title)) for term in glossary.terms()]
    rows += [(code, say("finding of bench"), _message(code, say)) for code in CATALOGUE]
    columns = (Column("word", say("word")), Column("kind", say("kind")), Column("title", say("meaning")))
    note = say("`resnet-inspect explain WORD` tells the rest; a model's name or a spec.toml is a word, too.")
    title = say("{count} words", count=str(len(rows)))
    return Report("explain", None, title, tables=(Table("words", say("words"), columns, tuple(rows)),), notes=(note,))


def near(word: str, models: Iterable[str]) -> list[str]:
    """Words of all three kinds that come nearest to one that is unknown."""
    known = {glossary.plain(name): name for name in models}
    known |= {glossary.plain(name): name for term in glossary.terms() for name in (term.key, *term.aliases)}
    known |= {glossary.plain(code): code for code in CATALOGUE}
    return [known[match] for match in get_close_matches(glossary.plain(word), known, n=3, cutoff=0.6)]


def _code(word: str) -> str | None:
    return next((code for code in CATALOGUE if glossary.plain(code) == glossary.plain(word)), None)


def _finding(code: str, say: Voice) -> Section:
    told = say("bench says: {message}.", message=_message(code, say))
    return Section(code, say("A finding of bench"), (told, say("What to do: {hint}.", hint=say(CATALOGUE[code][1]))))


def _message(code: str, say: Voice) -> str:
    """The message with a blank for what only a measurement can fill in."""
    message = CATALOGUE[code][0]
    blanks = {name: "…" for _, name, _, _ in Formatter().parse(message) if name}
    return say(message, **blanks)


def _term(term: Term, say: Voice) -> Section:
    paragraphs = [say(term.text)]
    if term.see:
        paragraphs.append(say("See also: {words}.", words=say.listed(term.see)))
    if term.source:
        paragraphs.append(say("Source: {source}.", source=term.source))
    return Section(term.key, say(term.title), tuple(paragraphs))
