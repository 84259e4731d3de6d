"""The plain nets and stems that the families build on."""

from resnet_inspect.resnet.spec import ResNetSpec

R18 = ResNetSpec(block="basic", depths=(2, 2, 2, 2))
R34 = ResNetSpec(block="basic", depths=(3, 4, 6, 3))
R26 = ResNetSpec(depths=(2, 2, 2, 2))
R50 = ResNetSpec()
R101 = ResNetSpec(depths=(3, 4, 23, 3))
R152 = ResNetSpec(depths=(3, 8, 36, 3))
R200 = ResNetSpec(depths=(3, 24, 36, 3))
R269 = ResNetSpec(depths=(3, 30, 48, 8))
PLAIN = {"18": R18, "34": R34, "26": R26, "50": R50, "101": R101, "152": R152, "200": R200}

# Stems of three 3×3 convolutions (Bag of Tricks, arXiv:1812.01187; S and T are timm's).
DEEP = ((3, 2, 32), (3, 1, 32), (3, 1, 64))
WIDE = ((3, 2, 64), (3, 1, 64), (3, 1, 128))
TIERED = ((3, 2, 24), (3, 1, 32), (3, 1, 64))
