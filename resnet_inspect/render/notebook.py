"""Report -> a part of a notebook's page: everything that fits one is a table, and its style reaches nothing else."""

from dataclasses import replace

from resnet_inspect.escape import html_text
from resnet_inspect.render.html import body, picture_style
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.units import exact

NAME = "resnet-inspect"
STYLE = f"""\
.{NAME} h2 {{ font-size: 1em; margin: 1em 0 .3em; }}
.{NAME} .wide {{ overflow-x: auto; }}
.{NAME} :is(th, td) {{ text-align: left; vertical-align: top; }}
.{NAME} .n {{ text-align: right; white-space: nowrap; }}
.{NAME} tfoot td {{ font-weight: bold; }}
"""
FACTS: tuple[Column[Fact], ...] = (
    Column("title", "fact", lambda fact: fact.title),
    Column("value", "value", lambda fact: exact(fact.value, fact.unit)),
)
FINDINGS: tuple[Column[Finding], ...] = (
    Column("code", "code", lambda finding: finding.code),
    Column("where", "where", lambda finding: finding.where),
    Column("message", "finding", lambda finding: finding.message),
    Column("hint", "hint", lambda finding: finding.hint),
)


def render(report: Report) -> str:
    facts = [tabulate("facts", "facts", FACTS, report.facts)] if report.facts else []
    findings = [tabulate("findings", "findings", FINDINGS, report.findings)] if report.findings else []
    shown = replace(report, tables=(*report.tables, *facts, *findings), facts=(), findings=())
    title = f"<p><b>{html_text(report.title)}</b></p>"
    style = f"<style>\n{STYLE}{picture_style(report, f'.{NAME} ')}</style>"
    parts = f'<div class="{NAME}">', style, title, *body(shown), "</div>"
    return "".join(f"{part}\n" for part in parts)
