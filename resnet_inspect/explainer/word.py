"""A word on its own: a term of the glossary, or the code of a finding."""

from difflib import get_close_matches
from operator import itemgetter
from string import Formatter

from resnet_inspect.benchmark.findings import CATALOGUE
from resnet_inspect.errors import UnknownModelError
from resnet_inspect.explainer import glossary
from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.explainer.speech import Voice
from resnet_inspect.explainer.threshold import threshold
from resnet_inspect.linter import RULES, Rule
from resnet_inspect.report import Column, Report, Row, Section, tabulate
from resnet_inspect.resnet import zoo


def explain_word(word: str, language: str) -> Report | None:
    """What ``word`` means as a rule of lint, a finding of bench and a term; None where it is none of them."""
    say, wanted = Voice(language), glossary.plain(word)
    rule = next((rule for rule in RULES if wanted in (glossary.plain(rule.code), rule.name)), None)
    code = next((code for code in CATALOGUE if code == wanted), None)
    term = glossary.find(word)
    sections = [
        *([_rule(rule, say)] if rule else []),
        *([_finding(code, say)] if code else []),
        *([_term(term, say)] if term else []),
    ]
    if not sections:
        return None
    return Report(kind="explain", model=None, title=sections[0].key, sections=tuple(sections))


def index(language: str) -> Report:
    """Every word that can be explained, models apart."""
    say = Voice(language)
    rows: list[Row] = [(term.key, say("term"), say(term.title)) for term in glossary.terms()]
    rows += [(rule.code, say("lint rule"), say(page(rule)[0])) for rule in RULES]
    rows += [(code, say("bench finding"), _blank(CATALOGUE[code][0], say)) for code in CATALOGUE]
    columns: tuple[Column[Row], ...] = (
        Column("word", say("word"), itemgetter(0)),
        Column("kind", say("kind"), itemgetter(1)),
        Column("title", say("meaning"), itemgetter(2)),
    )
    note = say("`resnet-inspect explain WORD` explains one of them; a model's name or a spec.toml works too.")
    title = say("{count} words", count=str(len(rows)))
    return Report("explain", None, title, tables=(tabulate("words", say("words"), columns, rows),), notes=(note,))


def unknown(word: str, error: UnknownModelError) -> UnknownModelError:
    """The error for what is no word, with the nearest of all kinds; one that says more of a model stays as it is."""
    if not error.message.startswith("unknown model"):
        return error
    known = {glossary.plain(variant.name): variant.name for variant in zoo.variants()}
    known |= {glossary.plain(name): term.key for term in glossary.terms() for name in (*term.aliases, term.key)}
    known |= {glossary.plain(name): name for name in (*CATALOGUE, *(rule.code for rule in RULES))}
    wanted = glossary.plain(word)
    parts = [name for name in known if wanted in name.split("-")]
    near = list(dict.fromkeys(known[name] for name in (parts or get_close_matches(wanted, known, cutoff=0.6))[:3]))
    hint = (
        f"did you mean {' or '.join(map(repr, near))}?" if near else "`resnet-inspect explain --list` shows every word"
    )
    return UnknownModelError(f"{word!r} is neither a model nor a term nor a finding's code", hint)


def page(rule: Rule) -> list[str]:
    """The rule's page: its title, then its paragraphs, a line each."""
    return [" ".join(paragraph.split()) for paragraph in rule.page.split("\n\n")]


def _rule(rule: Rule, say: Voice) -> Section:
    title, *paragraphs = page(rule)
    message, hint = (_blank(text, say) for text in (rule.message, rule.hint))
    said = [say("lint says: {message}.", message=message), say("What to do: {hint}.", hint=hint)]
    return Section(rule.code, say(title), (*map(say, paragraphs), *said))


def _finding(code: str, say: Voice) -> Section:
    message, hint = (_blank(text, say) for text in CATALOGUE[code])
    above = threshold(code, say)
    said = [say("bench says: {message}.", message=message), *([above] if above else [])]
    return Section(code, say("A bench finding"), (*said, say("What to do: {hint}.", hint=hint)))


def _blank(text: str, say: Voice) -> str:
    """A message with the names of what only a net or a measurement can fill in."""
    return say(text, **{name: f"‹{name}›" for _, name, _, _ in Formatter().parse(text) if name})


def _term(term: Term, say: Voice) -> Section:
    paragraphs = [say(term.text)]
    if term.see:
        paragraphs.append(say("See also: {words}.", words=say.listed(term.see)))
    if term.source:
        paragraphs.append(say("Source: {source}.", source=term.source))
    return Section(term.key, say(term.title), tuple(paragraphs))
