"""MACs against FLOPs: the factor of 2 by which published tables differ."""

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.report import Section
from resnet_inspect.units import giga


def explain_flops(macs: int, say: Speaker) -> Section:
    """A net's MACs as FLOPs, and which of the two numbers papers and tools print."""
    conversion = say(
        "A MAC is one multiplication and one addition, so 2 FLOPs. {macs} MACs are 2·{macs} = {flops} FLOPs: "
        "{giga_macs} GMACs or {giga_flops} GFLOPs.",
        macs=write.integer(macs),
        flops=write.integer(2 * macs),
        giga_macs=giga(macs),
        giga_flops=giga(2 * macs),
    )
    usage = say(
        "Papers call the first number FLOPs: the ResNet paper's 3.8·10⁹ for ResNet-50 counts multiply-adds, and counts "
        "them for v1. torchvision and timm print the first number too, as GFLOPS and GMACs; torch's FlopCounterMode "
        "gives the second. Before you compare a table with {giga_macs}, ask which of the two it shows.",
        giga_macs=giga(macs),
    )
    return Section(
        "flops",
        say("{giga_macs} or {giga_flops} GFLOPs?", giga_macs=giga(macs), giga_flops=giga(2 * macs)),
        (conversion, usage),
    )
