"""The page of a bench finding: the limit at which bench reports it."""

from resnet_inspect.benchmark.findings import FindingRule
from resnet_inspect.explainer.speech import Voice
from resnet_inspect.units import text


def threshold(rule: FindingRule, say: Voice) -> str:
    """The finding's page with its limits; empty where it has none."""
    limits = {name: text(limit, rule.unit) if rule.unit else f"{limit:g}" for name, limit in rule.limits.items()}
    return say(rule.page, **limits) if rule.page else ""
