"""ResNets that timm (1.0.31) assembles in its ``byobnet``: SiLU, tiered stems, attention on the 3×3."""

from dataclasses import replace

from resnet_inspect.resnet.choices import Attention
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo.bases import R26, R50, TIERED

GC = Attention("gc", 1 / 8)
SILU = ResNetSpec(act="silu", attention_on="3x3", input_size=256)
# A stem without a pool strides in its last convolution.
STRIDED = (*TIERED[:2], (3, 2, 64))
X26 = replace(SILU, depths=R26.depths, group_width=32, stem=TIERED)
R32 = replace(SILU, depths=(2, 3, 3, 2), widths=(64, 128, 384, 384), stem=STRIDED, stem_pool="none")
R33 = replace(R32, num_features=1280)
R51Q = replace(
    SILU, depths=(2, 4, 6, 4), widths=(64, 128, 384, 1536), expansion=(4, 4, 4, 1), group_width=(32, 32, 32, 1),
    stem=((3, 2, 16), (3, 1, 32), (3, 1, 64), (3, 2, 128)), stem_bare=2, stem_pool="none", num_features=2048,
)  # fmt: skip

FAMILIES: dict[str, dict[str, ResNetSpec]] = {
    "resnet-ts": {
        "resnet32ts": R32,
        "resnet33ts": R33,
        "seresnet33ts": replace(R33, attention=Attention("se")),
        "eca_resnet33ts": replace(R33, attention=Attention("eca")),
        "gcresnet33ts": replace(R33, attention=GC),
        "gcresnet50t": replace(R50, stem=STRIDED, stem_pool="none", attention=GC, attention_on="3x3", input_size=256),
        "resnext26ts": X26,
        "seresnext26ts": replace(X26, attention=Attention("se")),
        "eca_resnext26ts": replace(X26, attention=Attention("eca")),
        "gcresnext26ts": replace(X26, attention=GC),
        "resnet51q": R51Q,
        "gcresnext50ts": replace(X26, depths=R50.depths, attention=GC),
    },
}

PATTERNS = ()

WRITINGS: dict[str, str] = {"resnet-ts": "timm.byobnet"}
