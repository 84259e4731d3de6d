"""How images are made to fit a net, and which data sets may be fetched."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from learnable import SMALL_NET
from PIL import Image
from torchvision import transforms

import resnet_inspect as ri
from resnet_inspect.errors import RequestError
from resnet_inspect.training.data import read_data
from resnet_inspect.training.loop.datasets import open_parts
from resnet_inspect.training.recipe import load

PLAIN = replace(load("tutorial"), crop_padding=0, flip=False, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def seen(root: Path, pixels: np.ndarray, size: tuple[int, int]) -> torch.Tensor:
    """What a net of ``size`` sees of an image."""
    for part in ("train", "test"):
        (root / part / "class").mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / part / "class" / "0.png")
    image, _ = open_parts(read_data(f"imagefolder:{root}"), (3, *size), PLAIN, is_sized=True)[1][0]
    assert isinstance(image, torch.Tensor)
    return image


@pytest.mark.parametrize("size", [(32, 32), (16, 32), (32, 16)])
@pytest.mark.parametrize("sides", [(32, 32), (16, 32), (32, 16), (17, 55), (55, 17), (9, 9)])
def test_an_image_covers_the_net_and_one_that_fits_is_left_alone(
    tmp_path: Path, sides: tuple[int, int], size: tuple[int, int]
) -> None:
    """Padding would be black. For a square net it is torchvision's usual pair of transforms."""
    white = seen(tmp_path, np.full((*sides, 3), 255, np.uint8), size)
    assert torch.equal(white, torch.ones(3, *size))
    noise = np.random.default_rng(0).integers(0, 256, (*sides, 3), np.uint8)
    image = seen(tmp_path, noise, size)
    if sides == size:
        assert torch.equal(image, transforms.functional.to_tensor(noise))
    if size[0] == size[1]:
        usual = transforms.Compose([transforms.Resize(size[0]), transforms.CenterCrop(size), transforms.ToTensor()])
        assert torch.equal(image, usual(Image.fromarray(noise)))


@pytest.mark.parametrize("typed", [False, True])
def test_only_a_data_set_that_the_user_typed_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: bool
) -> None:
    """A checkpoint of another person may name any folder."""
    fetched: list[object] = []
    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", lambda *a, **k: fetched.append(a))
    where, named = tmp_path / "run", tmp_path / "named"
    settings = (*SMALL_NET[:-1], "num_classes=10")
    ri.train("resnet18", settings=settings, data="fake:8", epochs=1, folder=str(where), workers=0, device="cpu")
    values = torch.load(where / "last.pt", weights_only=True)
    values["run"]["data"] = f"cifar10:{named}"
    torch.save(values, where / "last.pt")
    with pytest.raises(RequestError, match="no whole data set") as refused:
        ri.accuracy(str(where / "last.pt"), f"cifar10:{named}" if typed else None, workers=0, device="cpu")
    assert bool(fetched) == typed
    assert typed or f"--data cifar10:{named}" in refused.value.hint
    assert not named.exists()


@pytest.mark.parametrize("digits", ["0" * 9 + "1", "0" * 5000 + "1", "1" + "0" * 5000, "0" * 10 + "1" * 5000, "1" * 11])
def test_a_count_of_made_up_images_is_a_short_number(digits: str) -> None:
    if len(digits) <= 10:
        assert read_data(f"fake:{digits}").images == int(digits)
        return
    with pytest.raises(RequestError, match="names no data set"):
        read_data(f"fake:{digits}")
