"""A word on its own: a term of the glossary, or the code of a finding."""

from difflib import get_close_matches
from string import Formatter

from resnet_inspect.benchmark.findings import BY_CODE, FindingRule
from resnet_inspect.errors import UnknownModelError
from resnet_inspect.explainer import glossary
from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.explainer.speech import Voice
from resnet_inspect.explainer.threshold import threshold
from resnet_inspect.linter import RULES, Rule
from resnet_inspect.report import Column, Report, Section, tabulate
from resnet_inspect.resnet import zoo


def explain_word(word: str, language: str) -> Report | None:
    """What ``word`` means as a rule of lint, a finding of bench and a term; None where it is none of them."""
    say, wanted = Voice(language), glossary.plain(word)
    rule = next((rule for rule in RULES if wanted in (glossary.plain(rule.code), rule.name)), None)
    finding = BY_CODE.get(wanted)
    term = glossary.find(word)
    sections = [
        *([_rule(rule, say)] if rule else []),
        *([_finding(finding, say)] if finding else []),
        *([_term(term, say)] if term else []),
    ]
    if not sections:
        return None
    return Report(kind="explain", model=None, title=sections[0].key, sections=tuple(sections))


def index(language: str) -> Report:
    """Every word that can be explained, models apart."""
    say = Voice(language)
    words = [(term.key, say("term"), say(term.title)) for term in glossary.terms()]
    words += [(rule.code, say("rule of lint"), say(page(rule)[0])) for rule in RULES]
    words += [(code, say("finding of bench"), _blank(finding.message, say)) for code, finding in BY_CODE.items()]
    columns: list[Column[tuple[str, str, str]]] = [
        Column("word", say("word"), lambda word: word[0]),
        Column("kind", say("kind"), lambda word: word[1]),
        Column("title", say("meaning"), lambda word: word[2]),
    ]
    note = say("`resnet-inspect explain WORD` tells the rest; a model's name or a spec.toml is a word, too.")
    title = say("{count} words", count=str(len(words)))
    return Report("explain", None, title, tables=(tabulate("words", say("words"), columns, words),), notes=(note,))


def unknown(word: str, error: UnknownModelError) -> UnknownModelError:
    """The error for what is no word, with the nearest of all kinds; one that says more of a model stays as it is."""
    if not error.message.startswith("unknown model"):
        return error
    known = {glossary.plain(variant.name): variant.name for variant in zoo.variants()}
    known |= {glossary.plain(name): term.key for term in glossary.terms() for name in (*term.aliases, term.key)}
    known |= {glossary.plain(name): name for name in (*BY_CODE, *(rule.code for rule in RULES))}
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


def _finding(rule: FindingRule, say: Voice) -> Section:
    message, hint = (_blank(text, say) for text in (rule.message, rule.hint))
    said = [say("bench says: {message}.", message=message), *filter(None, [threshold(rule, say)])]
    return Section(rule.code, say("A finding of bench"), (*said, say("What to do: {hint}.", hint=hint)))


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
