"""A linter of architectures: what in a net costs more than it gives, or was left out by accident.

A rule is a function of the net and its row in ``RULES``; the function's docstring is the rule's page.
"""

from resnet_inspect.linter.cost import PRECISIONS, stage_times
from resnet_inspect.linter.report import lint, refused
from resnet_inspect.linter.rules import RULES
from resnet_inspect.linter.subject import Rule, Subject

__all__ = ["PRECISIONS", "RULES", "Rule", "Subject", "lint", "refused", "stage_times"]
