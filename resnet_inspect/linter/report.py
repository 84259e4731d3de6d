"""The findings of the rules on a net, as a Report."""

from collections.abc import Collection

from resnet_inspect.errors import FAILED, OK, BranchError, RequestError
from resnet_inspect.graph import TensorType
from resnet_inspect.language import Translate, marked, translator
from resnet_inspect.linter.rule import Hit, Rule, Subject
from resnet_inspect.linter.rules import MISSING_PROJECTION, RULES
from resnet_inspect.report import Fact, Finding, Report

TITLE = marked("{model}, input {input}")
INPUT = marked("input")
FINDINGS = marked("findings")
CLEAN = marked("clean: none of {rules} rules reports anything")
SKIPPED = marked("{code} needs {option}")
UNTIMED = marked("the Record has no stage times; measure them with `resnet-inspect bench --per stage`")
NO_SPEC = marked("this net is code: a hint gives the cost of a remedy where a net has a spec")
UNBUILDABLE = marked("the net cannot be built, so the other rules did not run")


def lint(
    subject: Subject,
    language: str = "en",
    ignore: Collection[str] = (),
    untimed: bool = False,
    strict: bool = False,
) -> Report:
    """The findings of every rule outside ``ignore``; ``untimed``: a Record was given, but it has no stage times.

    With ``strict`` a finding exits 1.

    Raises:
        RequestError: ``ignore`` names a code that no rule has.
    """
    translate = translator(language)
    rules = _select_rules(ignore)
    findings = [
        make_finding(rule, hit, translate, subject.spec is None) for rule in rules for hit in rule.check(subject)
    ]
    given = {"--precision": subject.precision is not None, "--record": subject.times is not None}
    skipped = [rule for rule in rules if rule.needs and not given[rule.needs]]
    notes = []
    if not findings:
        needs = [rule for rule in skipped if not (untimed and rule.needs == "--record")]
        missing = [translate(SKIPPED).format(code=rule.code, option=rule.needs) for rule in needs]
        notes.append("; ".join([translate(CLEAN).format(rules=len(rules) - len(skipped)), *missing]))
    if untimed:
        notes.append(translate(UNTIMED))
    if subject.spec is None and any(rule.hint_in_code for rule in rules for each in findings if each.code == rule.code):
        notes.append(translate(NO_SPEC))
    graph = subject.graph
    return _report(graph.name, graph.input, findings, notes, translate, strict)


def report_refusal(
    name: str,
    image: tuple[int, ...],
    error: BranchError,
    language: str = "en",
    ignore: Collection[str] = (),
    strict: bool = False,
) -> Report:
    """The report on a net that cannot be built, because the two branches of a block differ in shape."""
    where, _, message = error.message.partition(": ")
    findings = [
        Finding(rule.code, where, message, error.hint)
        for rule in _select_rules(ignore)
        if rule.code == MISSING_PROJECTION
    ]
    translate = translator(language)
    return _report(name, TensorType(image), findings, [translate(UNBUILDABLE)], translate, strict)


def make_finding(rule: Rule, hit: Hit, translate: Translate, in_code: bool = False) -> Finding:
    """The rule's texts in the reader's language, filled with the values of ``hit``."""
    advice = (in_code and rule.hint_in_code) or rule.hint
    message, hint = (translate(text).format(**hit.values) for text in (rule.message, advice))
    return Finding(rule.code, hit.where, message, hint)


def _select_rules(ignore: Collection[str]) -> list[Rule]:
    codes = [rule.code for rule in RULES]
    if unknown := sorted(set(ignore) - set(codes)):
        raise RequestError(f"no rule {unknown[0]!r}", hint=f"the rules are {codes[0]} to {codes[-1]}")
    return [rule for rule in RULES if rule.code not in ignore]


def _report(
    name: str, image: TensorType, findings: list[Finding], notes: list[str], translate: Translate, strict: bool
) -> Report:
    return Report(
        kind="lint",
        model=name,
        title=translate(TITLE).format(model=name, input=image),
        facts=(
            Fact("input", translate(INPUT), image.shape, "shape"),
            Fact("findings", translate(FINDINGS), len(findings), "integer"),
        ),
        findings=tuple(findings),
        notes=tuple(notes),
        ok=not findings,
        exit_code=FAILED if strict and findings else OK,
    )
