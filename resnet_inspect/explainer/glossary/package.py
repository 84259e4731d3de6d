"""The words of this package: spec, variant, model, finding."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "spec",
        marked("Spec"),
        ("spec.toml", "resnetspec", "规格"),
        marked(
            "A ResNet as data. Its fields are where ResNets differ: block, depths, widths, groups, stem, shortcut and "
            "so on. The defaults are torchvision's resnet50. export-spec writes a spec.toml, which every command "
            "reads. --set changes a field: --set groups=32 --set base_width=4 makes resnext50_32x4d."
        ),
        see=("variant", "model"),
    ),
    Term(
        "variant",
        marked("Variant"),
        ("variants", "zoo", "变体"),
        marked(
            "A spec with a name in the zoo, such as resnet50, wide_resnet50_2 or preresnet164_cifar. `resnet-inspect "
            "list` shows all of them with their costs. Some names follow a pattern and work without being listed: "
            "resnext50_8x16d is one."
        ),
        see=("spec", "model"),
    ),
    Term(
        "model",
        marked("Model"),
        ("models", "模型"),
        marked(
            "What you type where a command asks for a net: the name of a variant or the path of a spec.toml. Without "
            "one, commands that need a model use resnet50, at the image size of its authors."
        ),
        see=("variant", "spec"),
    ),
    Term(
        "finding",
        marked("Finding"),
        ("findings", "warning", "lint", "发现", "告警"),
        marked(
            "Something to act on: a code, a place, a message and a hint. lint reports findings on an architecture, "
            "bench on a measurement. `resnet-inspect explain CODE` explains one."
        ),
        see=("record", "spec"),
    ),
)
