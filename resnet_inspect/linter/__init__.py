"""A linter of architectures: it reports what costs more than it gives, or was left out by accident.

A rule is a row of ``RULES`` and a function that checks a net; the function's docstring is the rule's page.
"""

from resnet_inspect.linter.cost import PRECISIONS, read_stage_times
from resnet_inspect.linter.report import lint, report_refusal
from resnet_inspect.linter.rule import Rule, Subject
from resnet_inspect.linter.rules import RULES

__all__ = ["PRECISIONS", "RULES", "Rule", "Subject", "lint", "read_stage_times", "report_refusal"]
