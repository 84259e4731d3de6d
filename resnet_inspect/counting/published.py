"""Numbers that papers and model zoos print, and how their sources counted where they do not count as we do."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Literal

Quantity = Literal["params", "macs"]
Why = Literal["", "v1", "v1+additions", "additions", "mmengine", "nominal", "slipped point", "convolutions", "fvcore"]

HE = "He et al. 2015, table 1"  # arXiv:1512.03385
HE_CIFAR = "He et al. 2015, table 6"
HE_V2 = "He et al. 2016"  # arXiv:1603.05027
XIE = "Xie et al. 2016, table 1"  # arXiv:1611.05431
XIE_CIFAR = "Xie et al. 2016, table 7"
XIE_CODE = "Xie et al. 2016, code"  # the README of facebookresearch/ResNeXt
WRN = "Zagoruyko 2016, table 4"  # arXiv:1605.07146
SENET = "Hu et al. 2017, table 2"  # arXiv:1709.01507
MM = "mmpretrain model zoo"
TORCHVISION = "torchvision, table of weights"  # its column GFLOPS
TIMM = "timm, benchmark-infer results"  # infer_gmacs


@dataclass(frozen=True, slots=True)
class Published:
    """A printed number, in millions of parameters or billions of MACs; ``why`` names the reason for another count."""

    variant: str
    quantity: Quantity
    printed: str
    source: str
    why: Why = ""

    @property
    def value(self) -> int:
        return int(Decimal(self.printed) * self.scale)

    @property
    def scale(self) -> int:
        return 10**6 if self.quantity == "params" else 10**9

    def rounds_from(self, value: float) -> bool:
        return self._to_printed_digits(value, ROUND_HALF_UP) == Decimal(self.printed)

    def truncates_from(self, value: float) -> bool:
        return self._to_printed_digits(value, ROUND_DOWN) == Decimal(self.printed)

    def _to_printed_digits(self, value: float, rounding: str) -> Decimal:
        return (Decimal(value) / self.scale).quantize(Decimal(self.printed), rounding)


# variant, parameters, "FLOPs"
MMPRETRAIN = (
    ("resnet18", "11.69", "1.82"),
    ("resnet50", "25.56", "4.12"),
    ("resnet101", "44.55", "7.85"),
    ("resnet152", "60.19", "11.58"),
    ("resnet50c", "25.58", "4.36"),
    ("resnet50d", "25.58", "4.36"),
    ("resnet101d", "44.57", "8.09"),
    ("resnet152d", "60.21", "11.82"),
    ("resnext50_32x4d", "25.03", "4.27"),
    ("resnext101_32x4d", "44.18", "8.03"),
    ("resnext101_32x8d", "88.79", "16.50"),
    ("resnext152_32x4d", "59.95", "11.80"),
    ("seresnet50", "28.09", "4.13"),
    ("seresnet101", "49.33", "7.86"),
    ("wide_resnet50_2", "68.88", "11.44"),
    ("wide_resnet101_2", "126.89", "22.81"),
    ("resnet18_kuangliu", "11.17", "0.56"),
    ("resnet34_kuangliu", "21.28", "1.16"),
    ("resnet50_kuangliu", "23.52", "1.31"),
    ("resnet101_kuangliu", "42.51", "2.52"),
    ("resnet152_kuangliu", "58.16", "3.74"),
)

# "GFLOPS" of torchvision's documentation
WEIGHTS = (
    ("resnet18", "1.81"),
    ("resnet34", "3.66"),
    ("resnet50", "4.09"),
    ("resnet101", "7.80"),
    ("resnet152", "11.51"),
    ("resnext50_32x4d", "4.23"),
    ("resnext101_32x8d", "16.41"),
    ("resnext101_64x4d", "15.46"),
    ("wide_resnet50_2", "11.40"),
    ("wide_resnet101_2", "22.75"),
)

# SENet's table 2 also prints ResNeXt-101 7.99, SE-ResNet-101 7.60 and -152 11.32, which no rule we tried reproduces.
PUBLISHED = (
    Published("resnet18", "macs", "1.8", HE),
    Published("resnet34", "macs", "3.6", HE),
    Published("resnet50", "macs", "3.8", HE, "v1"),
    Published("resnet101", "macs", "7.6", HE, "v1"),
    Published("resnet152", "macs", "11.3", HE, "v1"),
    Published("resnet50_v1", "macs", "3.8", HE),
    Published("resnet101_v1", "macs", "7.6", HE),
    Published("resnet152_v1", "macs", "11.3", HE),
    Published("resnet20_cifar", "params", "0.27", HE_CIFAR),
    Published("resnet32_cifar", "params", "0.46", HE_CIFAR),
    Published("resnet44_cifar", "params", "0.66", HE_CIFAR),
    Published("resnet56_cifar", "params", "0.85", HE_CIFAR),
    Published("resnet110_cifar", "params", "1.7", HE_CIFAR),
    Published("resnet1202_cifar", "params", "19.4", HE_CIFAR),
    Published("preresnet164_cifar", "params", "1.7", HE_V2),
    Published("preresnet1001_cifar", "params", "10.2", HE_V2, "convolutions"),
    Published("resnet50", "params", "25.5", XIE),
    Published("resnext50_32x4d", "params", "25.0", XIE),
    Published("resnet50", "macs", "4.1", XIE),
    Published("resnext50_32x4d", "macs", "4.2", XIE),
    Published("resnet101", "macs", "7.8", XIE_CODE),
    Published("resnext101_32x4d", "macs", "7.8", XIE_CODE, "nominal"),
    Published("resnext101_64x4d", "macs", "15.6", XIE_CODE, "nominal"),
    Published("resnext29_8x64d_cifar", "params", "34.4", XIE_CIFAR),
    Published("resnext29_16x64d_cifar", "params", "68.1", XIE_CIFAR),
    Published("wrn40_1", "params", "0.6", WRN),
    Published("wrn40_2", "params", "2.2", WRN),
    Published("wrn40_4", "params", "8.9", WRN),
    Published("wrn40_8", "params", "35.7", WRN),
    Published("wrn28_10", "params", "36.5", WRN),
    Published("wrn28_12", "params", "52.5", WRN),
    Published("wrn22_8", "params", "17.2", WRN),
    Published("wrn22_10", "params", "26.8", WRN),
    Published("wrn16_8", "params", "11.0", WRN),
    Published("wrn16_10", "params", "17.1", WRN),
    Published("wrn16_4", "params", "2.7", WRN),
    Published("resnet50", "macs", "3.86", SENET, "v1+additions"),
    Published("resnet101", "macs", "7.58", SENET, "v1+additions"),
    Published("resnet152", "macs", "11.30", SENET, "v1+additions"),
    Published("resnext50_32x4d", "macs", "4.24", SENET, "additions"),
    Published("seresnet50", "macs", "3.87", SENET, "v1+additions"),
    Published("legacy_seresnet50", "macs", "3.87", SENET, "additions"),
    Published("resnet34", "params", "2.18", MM, "slipped point"),
    Published("resnet34", "macs", "3.68", MM, "mmengine"),
    *(Published(variant, "params", params, MM) for variant, params, _ in MMPRETRAIN),
    *(Published(variant, "macs", flops, MM, "mmengine") for variant, _, flops in MMPRETRAIN),
    *(Published(variant, "macs", flops, TORCHVISION) for variant, flops in WEIGHTS),
    Published("resnet18", "macs", "1.82", TIMM, "fvcore"),
    Published("resnet50", "macs", "4.11", TIMM, "fvcore"),
)
