"""Small data sets that a net can learn: each class is a pattern of its own under noise. Real files in real layouts.

And what two runs on them have in common.
"""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision import datasets

CLASSES = 10
SMALL_NET = ("depths=1,1", "widths=8,16", "stem=3:1:8", "stem_pool=none", "input_size=32", "num_classes=4")


def images(count: int, classes: int = CLASSES, seed: int = 0, side: int = 32) -> tuple[np.ndarray, list[int]]:
    """``count`` images N, H, W, C of bytes, and their labels, which take turns."""
    patterns = np.random.default_rng(1).integers(0, 2, (classes, 4, 4, 3)).repeat(side // 4, 1).repeat(side // 4, 2)
    labels = [index % classes for index in range(count)]
    noise = np.random.default_rng(seed).normal(0, 30, (count, side, side, 3))
    return np.clip(64 + 128 * patterns[labels] + noise, 0, 255).astype(np.uint8), labels


def write_cifar(root: Path, kind: type[datasets.CIFAR10], train: int, test: int) -> dict[str, list[list[str]]]:
    """The files of ``kind`` under ``root``, and the checksum tables that belong to them."""
    folder = root / kind.base_folder
    folder.mkdir(parents=True)
    key = "labels" if kind is datasets.CIFAR10 else "fine_labels"
    classes = 10 if kind is datasets.CIFAR10 else 100
    tables: dict[str, list[list[str]]] = {}
    for name, count, seed in (("train_list", train, 0), ("test_list", test, 1)):
        files = [file for file, _ in getattr(kind, name)]
        pixels, labels = images(count, classes, seed)
        flat = pixels.transpose(0, 3, 1, 2).reshape(count, -1)
        tables[name] = []
        for file, part in zip(files, np.array_split(np.arange(count), len(files)), strict=True):
            content = pickle.dumps({"data": flat[part], key: [labels[i] for i in part]})
            (folder / file).write_bytes(content)
            tables[name].append([file, hashlib.md5(content).hexdigest()])
    names = pickle.dumps({kind.meta["key"]: [f"class {i}" for i in range(classes)]})
    (folder / kind.meta["filename"]).write_bytes(names)
    tables["meta"] = kind.meta | {"md5": hashlib.md5(names).hexdigest()}
    return tables


def write_folder(root: Path, train: int, test: int, classes: int = 4, side: int = 32) -> Path:
    """train/CLASS/*.png and test/CLASS/*.png under ``root``."""
    for part, count, seed in (("train", train, 0), ("test", test, 1)):
        for index, (pixels, label) in enumerate(zip(*images(count, classes, seed, side), strict=True)):
            path = root / part / f"class{label}" / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return root


def assert_same_state(one: Any, other: Any) -> None:
    """Bit for bit, however nested; times apart."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one.keys() - {"seconds", "images_per_s"}:
            assert_same_state(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_same_state(*pair)
    else:
        assert one == other
