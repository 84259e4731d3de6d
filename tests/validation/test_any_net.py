"""A net of each of sixty-one families of timm and torchvision: two instruments agree on it."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.append(str(Path(__file__).parents[2] / "validation"))

from any_net import ask  # found by the line above

TIMM = (
    "vgg11", "test_resnet", "test_mambaout", "test_efficientnet", "test_nfnet", "resnetv2_18", "test_byobnet",
    "ese_vovnet19b_slim", "test_convnext", "test_vit", "dla34", "fasternet_t0", "selecsls42", "pvt_v2_b0",
    "inception_next_atto", "edgenext_xx_small", "resnest26d", "cs3darknet_s", "beit_base_patch16_224", "skresnet18",
    "legacy_xception", "hiera_tiny_224", "convit_tiny", "visformer_tiny", "halonet26t", "nest_tiny", "hardcorenas_a",
    "mvitv2_tiny", "mobilenetv3_small_050", "hgnet_tiny", "efficientformer_l1", "swin_s3_tiny_224",
    "eva02_tiny_patch14_224", "starnet_s1", "tiny_vit_5m_224", "rdnet_tiny", "deit_tiny_patch16_224", "test_vit_relpos",
    "test_maxvit", "pit_ti_224", "swinv2_tiny_window8_256", "davit_tiny", "sequencer2d_s", "efficientvit_b0",
    "levit_128s", "xcit_nano_12_p8_224", "coat_tiny", "rexnet_100", "twins_svt_small", "gmlp_ti16_224", "ghostnet_050",
)  # fmt: skip
TORCHVISION = (
    "alexnet", "squeezenet1_1", "shufflenet_v2_x0_5", "mnasnet0_5", "googlenet", "vit_b_32", "swin_v2_t",
    "lraspp_mobilenet_v3_large", "r3d_18", "raft_small",
)  # fmt: skip
NAMES = [*(f"timm:{name}" for name in TIMM), *(f"torchvision:{name}" for name in TORCHVISION)]


@pytest.mark.filterwarnings("ignore")  # of constructors
@pytest.mark.parametrize("name", NAMES)
def test_a_net_has_torchs_parameters_and_products(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mha, "get_fastpath_enabled", lambda: False)
    answer = ask(name)
    assert answer.verdict == ""
    assert answer.macs > 0
    assert answer.stages > 1
