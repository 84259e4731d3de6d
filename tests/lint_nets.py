"""For each lint rule, a net that trips it and one that nearly does; and Records with stage times."""

from raw_results import COUNTED, record
from stage_times import breakdown

import resnet_inspect as ri
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.linter import RULES, Rule
from resnet_inspect.report import Finding

CASE = Case("resnet18", "cuda", 8, (8, 3, 224, 224), "infer", "fp16", "contiguous", "eager", 1)
STAGES = ("stem", "layer1", "layer2", "layer3", "layer4", "head")


def measured(*ms: float) -> Record:
    """A Record of resnet18 whose stages took these milliseconds."""
    stages = breakdown(dict(zip(STAGES, ms, strict=True)))
    return record(Result(CASE, "ok", True, COUNTED.cost, COUNTED.spec, stages=stages))


AS_THE_MACS = measured(6, 26, 23, 23, 22, 0.1)
SLOW_STEM = measured(60, 26, 23, 23, 22, 0.1)

# code -> (a request that trips the rule, one that nearly does)
NETS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "RI001": ({"settings": ["conv_bias=all"]}, {"settings": ["conv_bias=all", "norm=gn"]}),
    "RI002": ({"settings": ["stem_act=false"]}, {"settings": ["order=pre"]}),
    "RI003": ({"input": (1, 3, 63, 64)}, {"input": (1, 3, 64, 64)}),
    "RI004": ({"input": (1, 3, 96, 224)}, {"input": (1, 3, 128, 224)}),
    "RI005": ({"settings": ["stride_on=1x1"]}, {"settings": ["stride_on=1x1", "strides=1,1,1,1"]}),
    "RI006": ({"settings": ["shortcut=A"]}, {"model": "resnet20_cifar"}),
    "RI007": ({"settings": ["norm=none"]}, {"settings": ["norm=gn"]}),
    "RI008": ({"input": (1, 3, 855, 855)}, {"input": (1, 3, 854, 1300)}),
    "RI009": (
        {"model": "resnext50_32x4d", "precision": "fp16"},
        {"model": "resnext50_32x4d", "precision": "tf32"},
    ),
    "RI010": ({"input": (1, 3, 224, 240)}, {"input": (1, 3, 224, 256)}),
    "RI011": ({"settings": ["num_classes=21000"]}, {"settings": ["num_classes=11000"]}),
    "RI012": ({"model": "resnet18", "record": SLOW_STEM}, {"model": "resnet18", "record": AS_THE_MACS}),
    "RI013": ({"settings": ["order=pre", "final_norm=false"]}, {"settings": ["order=pre"]}),
}


def findings_of(**request: object) -> dict[str, Finding]:
    return {finding.code: finding for finding in ri.lint(**request).findings}


def rule_of(code: str) -> Rule:
    return next(rule for rule in RULES if rule.code == code)
