"""The page of one word: a glossary term, a lint rule, a bench finding, or a counter."""

from string import Formatter

from resnet_inspect.benchmark.findings import BY_CODE, FindingRule
from resnet_inspect.explainer import glossary
from resnet_inspect.explainer.counters import explain_counters, find_counters
from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.linter import RULES, Rule
from resnet_inspect.report import Report, Section
from resnet_inspect.units import text


def explain_word(word: str, language: str) -> Report | None:
    """The pages of ``word`` as a lint rule, a bench finding, a term and a counter; None where it is none of them."""
    say, wanted = Speaker(language), glossary.normalize(word)
    rule = next((rule for rule in RULES if wanted in (glossary.normalize(rule.code), rule.name)), None)
    finding = BY_CODE.get(wanted)
    term = glossary.find(word)
    counters = find_counters(word)
    sections = [
        *([_explain_rule(rule, say)] if rule else []),
        *([_explain_finding(finding, say)] if finding else []),
        *([_explain_term(term, say)] if term else []),
        *([explain_counters(word, counters, say)] if counters else []),
    ]
    if not sections:
        return None
    return Report(kind="explain", model=None, title=sections[0].key, sections=tuple(sections))


def split_page(rule: Rule) -> list[str]:
    """The title of the rule's page and then its paragraphs, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in rule.page.split("\n\n")]


def fill_with_names(sentence: str, say: Speaker) -> str:
    """``sentence`` with ‹count› for {count}: only a net or a measurement can supply the values."""
    return say(sentence, **{name: f"‹{name}›" for _, name, _, _ in Formatter().parse(sentence) if name})


def _explain_rule(rule: Rule, say: Speaker) -> Section:
    title, *paragraphs = split_page(rule)
    message, hint = (fill_with_names(words, say) for words in (rule.message, rule.hint))
    report = [say("lint says: {message}.", message=message), say("What to do: {hint}.", hint=hint)]
    return Section(rule.code, say(title), (*map(say, paragraphs), *report))


def explain_limits(finding: FindingRule, say: Speaker) -> str:
    """The limits at which bench reports the finding; empty where there are none."""
    unit = finding.unit
    limits = {name: f"{limit:g}" if unit is None else text(limit, unit) for name, limit in finding.limits.items()}
    return say(finding.page, **limits) if finding.page else ""


def _explain_finding(finding: FindingRule, say: Speaker) -> Section:
    message, hint = (fill_with_names(words, say) for words in (finding.message, finding.hint))
    report = [say("bench says: {message}.", message=message), *filter(None, [explain_limits(finding, say)])]
    return Section(finding.code, say("A bench finding"), (*report, say("What to do: {hint}.", hint=hint)))


def _explain_term(term: Term, say: Speaker) -> Section:
    paragraphs = [say(term.text)]
    if term.see:
        paragraphs.append(say("See also: {words}.", words=say.listed(term.see)))
    if term.source:
        paragraphs.append(say("Source: {source}.", source=term.source))
    return Section(term.key, say(term.title), tuple(paragraphs))
