"""How images are made to fit a net."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

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
