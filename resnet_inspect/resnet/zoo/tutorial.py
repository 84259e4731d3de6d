"""Nets as tutorials write them, mistakes included."""

from dataclasses import replace

from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo.bases import R18, R50, R101

# The ImageNet stem and pool on 32×32 images, which leave the last stage 1×1, and no ReLU after the stem.
CIFAR10 = replace(R18, stem_act=False, num_classes=10, input_size=32)
STEM3 = replace(CIFAR10, stem=((3, 2, 64),))

WRITINGS: dict[str, str] = {}
FAMILIES: dict[str, dict[str, ResNetSpec]] = {
    "tutorial": {
        "tutorial_resnet18_cifar10": CIFAR10,
        "tutorial_resnet18_cifar10_stem3": STEM3,
        "tutorial_resnet18_cifar10_3stage": replace(CIFAR10, depths=(2, 2, 2)),
        "tutorial_resnet18_cifar10_stem3_3stage": replace(STEM3, depths=(2, 2, 2)),
        # The BatchNorm after each bias cancels it.
        "tutorial_resnet18_biased": replace(R18, conv_bias="blocks"),
        "tutorial_resnet50": R50,
        "tutorial_resnet101": R101,
    },
}

PATTERNS = ()
