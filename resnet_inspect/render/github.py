"""Report -> a page for the summary of a GitHub job, and an annotation for each finding.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from resnet_inspect.errors import OK
from resnet_inspect.escape import workflow_data, workflow_lines, workflow_property
from resnet_inspect.render import markdown
from resnet_inspect.render.seen import make_visible
from resnet_inspect.report import Finding, Report

EXPLAINED = "known difference"  # a finding of check that asks for nothing


def render(report: Report, command: str = "") -> str:
    return workflow_lines(markdown.render(report, command))


def annotations(report: Report, file: str = "") -> str:
    """A line for each finding, which GitHub shows in ``file`` where the path in the repository is known."""
    place = f"file={workflow_property(file)}," if file else ""
    return "".join(
        f"::{_level(report, finding)} {place}title={workflow_property(f'{report.kind} {finding.code}')}"
        f"::{workflow_data(_text(finding))}\n"
        for finding in _findings(make_visible(report))
    )


def _findings(report: Report) -> tuple[Finding, ...]:
    """The report's own, then those of its sections."""
    return (*report.findings, *(finding for section in report.sections for finding in section.findings))


def _level(report: Report, finding: Finding) -> str:
    """``error`` where the command fails, ``warning`` where it passes what is not in order, else ``notice``."""
    if report.ok or finding.code == EXPLAINED:
        return "notice"
    return "warning" if report.exit_code == OK else "error"


def _text(finding: Finding) -> str:
    return f"{finding.where}: {finding.message}" + (f"\n{finding.hint}" if finding.hint else "")
