"""Names that no variant has: what they are, and what was meant."""

import subprocess
import sys
from pathlib import Path

import pytest

import resnet_inspect as ri
from resnet_inspect.errors import UnknownModelError
from resnet_inspect.sources.library import library_nets
from resnet_inspect.sources.unknown import FILES


def refusal(name: str) -> UnknownModelError:
    with pytest.raises(UnknownModelError) as refused:
        ri.summary(name)
    return refused.value


def test_a_library_that_is_not_installed_has_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    assert library_nets("timm") == []
    assert "timm:" not in refusal("efficientnetv2_rw_s").hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("vgg16", "did you mean 'torchvision:vgg16'?"),
        ("mobilenet_v2", "did you mean 'torchvision:mobilenet_v2'?"),
        ("efficientnet_lite0", "did you mean 'timm:efficientnet_lite0'?"),
        ("vgg61", "'torchvision:vgg16'"),
        ("resnt50", "did you mean 'resnet50'"),
        ("ResNet-50", "'resnet50'"),
        ("resnet20", "did you mean 'resnet20_cifar'?"),
        ("ResNet-110", "did you mean 'resnet110_cifar'?"),
        ("wide-resnet101", "'wide_resnet101_2'"),
        ("qqqqqqqq", "`resnet-inspect list` shows every model"),
    ],
)
def test_a_net_of_a_library_is_named_as_it_can_be_typed(name: str, hint: str) -> None:
    error = refusal(name)
    assert error.message == f"unknown model {name!r}"
    assert hint in error.hint


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("exists", [True, False])
def test_a_file_that_is_no_model_is_told_from_a_name_that_is_unknown(suffix: str, exists: bool, tmp_path: Path) -> None:
    path = tmp_path / f"mystery{suffix}"
    if exists:
        path.write_bytes(b"")
    error = refusal(str(path))
    assert error.message == f"{path} is {FILES[suffix][0]}"
    assert error.hint


def test_a_file_or_folder_of_no_known_kind_is_no_unknown_name(tmp_path: Path) -> None:
    (tmp_path / "resnet.yaml").touch()
    for path in tmp_path, tmp_path / "resnet.yaml":
        assert refusal(str(path)).message == f"{path} is neither a spec.toml nor code"


def test_a_name_outside_its_pattern_keeps_its_reason() -> None:
    assert "its depth must be 6n+2" in refusal("resnet21_cifar").message


def test_a_suggestion_imports_no_torch() -> None:
    script = """
import sys, resnet_inspect as ri
try: ri.summary("vgg16")
except ri.InspectError: print(sorted({"torch", "torchvision", "timm"} & {*sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
