"""The index of every word that ``explain`` knows, and the nearest words to an unknown one."""

from difflib import get_close_matches
from operator import itemgetter

from resnet_inspect.benchmark.findings import BY_CODE
from resnet_inspect.counting.packages import PACKAGES
from resnet_inspect.errors import UnknownModelError
from resnet_inspect.explainer import glossary
from resnet_inspect.explainer.pages import fill_with_names, split_page
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.linter import RULES
from resnet_inspect.report import Column, Report, Row, tabulate
from resnet_inspect.resnet import zoo


def list_words(language: str) -> Report:
    """Every word that can be explained, except models."""
    say = Speaker(language)
    rows: list[Row] = [(term.key, say("term"), say(term.title)) for term in glossary.terms()]
    rows += [(rule.code, say("lint rule"), say(split_page(rule)[0])) for rule in RULES]
    rows += [(code, say("bench finding"), fill_with_names(finding.message, say)) for code, finding in BY_CODE.items()]
    rows += [(package, say("counter"), say("A counter of operations")) for package in PACKAGES]
    columns: tuple[Column[Row], ...] = (
        Column("word", say("word"), itemgetter(0)),
        Column("kind", say("kind"), itemgetter(1)),
        Column("title", say("meaning"), itemgetter(2)),
    )
    note = say("`resnet-inspect explain WORD` explains one of them; a model's name or a spec.toml works too.")
    title = say("{count} words", count=str(len(rows)))
    return Report("explain", None, title, tables=(tabulate("words", say("words"), columns, rows),), notes=(note,))


def suggest_words(word: str, error: UnknownModelError) -> UnknownModelError:
    """The error for an unknown word, with the nearest words of all kinds; a more specific ``error`` stays as it is."""
    if not error.message.startswith("unknown model"):
        return error
    names = {glossary.normalize(variant.name): variant.name for variant in zoo.variants()}
    names |= {glossary.normalize(name): term.key for term in glossary.terms() for name in (*term.aliases, term.key)}
    names |= {glossary.normalize(name): name for name in (*BY_CODE, *(rule.code for rule in RULES), *PACKAGES)}
    wanted = glossary.normalize(word)
    models = word.split()
    if len(models) > 1 and all(model in names.values() for model in models[:2]):
        hint = f"`resnet-inspect diff {models[0]} {models[1]}` shows what sets two apart"
        return UnknownModelError(f"explain takes one model, not {len(models)}", hint)
    with_part = [name for name in names if wanted in name.split("-")]
    matches = (with_part or get_close_matches(wanted, names, cutoff=0.6))[:3]
    nearest = list(dict.fromkeys(names[name] for name in matches))
    hint = (
        f"did you mean {' or '.join(map(repr, nearest))}?"
        if nearest
        else "`resnet-inspect explain --list` shows every word"
    )
    return UnknownModelError(f"{word!r} is neither a model nor a term nor a finding's code", hint)
