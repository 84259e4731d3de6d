"""The data set that ``--data`` names: where it lies, how many images and classes it has, and their size."""

import os
from dataclasses import dataclass, replace
from typing import Literal

from resnet_inspect.errors import RequestError

Kind = Literal["cifar10", "cifar100", "imagefolder", "fake"]
Image = tuple[int, ...]  # C, H, W

# name -> classes, the folder inside its root
CIFAR = {"cifar10": (10, "cifar-10-batches-py"), "cifar100": (100, "cifar-100-python")}
CIFAR_IMAGES, CIFAR_TEST_IMAGES, CIFAR_IMAGE = 50_000, 10_000, (3, 32, 32)
CIFAR_ROOT = "data"
# torchvision.datasets.folder.IMG_EXTENSIONS, which cannot be read without torch
SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
FORMS = "cifar10, cifar100, cifar10:DIR, imagefolder:DIR or fake:N"
FOLDERS = "DIR/train/CLASS/*.png and DIR/test/CLASS/*.png"
MOST_FAKE = 10**9


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set in two parts, to train on and to test on.

    Attributes:
        folder: what torchvision's class takes as its root; empty for ``fake``.
        classes: 0 for made-up images, which have the net's.
        image: C, H, W of its images; None for a folder, whose images may differ, and for made-up ones.
    """

    text: str
    kind: Kind
    folder: str
    images: int
    test_images: int
    classes: int
    image: Image | None


def read_data(text: str) -> DataSet:
    """The data set that ``text`` names.

    Raises:
        RequestError: it names none, or its folder has another layout.
    """
    kind, colon, rest = text.partition(":")
    match kind.lower():
        case "cifar10" | "cifar100" as name if rest or not colon:
            return DataSet(text, name, rest or CIFAR_ROOT, CIFAR_IMAGES, CIFAR_TEST_IMAGES, CIFAR[name][0], CIFAR_IMAGE)
        case "imagefolder" if rest:
            return _read_folder(text, rest)
        case "fake" if rest.isascii() and rest.isdecimal() and len(rest) <= 10 and 1 <= int(rest) <= MOST_FAKE:
            return DataSet(text, "fake", "", int(rest), max(1, int(rest) // 5), 0, None)
    raise RequestError(f"--data {text} names no data set", hint=f"use {FORMS}")


def made_for(data: DataSet, image: Image, classes: int) -> DataSet:
    """``data``, where they are made up, with images and classes as the net has them."""
    return replace(data, image=image, classes=classes) if data.kind == "fake" else data


def missing(data: DataSet, reason: str) -> RequestError:
    """The error that a CIFAR data set is neither there nor can be fetched."""
    inside = os.path.join(data.folder, CIFAR[data.kind][1])
    return RequestError(
        f"--data {data.text}: no whole data set in {inside}, and none could be fetched: {reason}",
        hint=f"unpack the Python version from cs.toronto.edu/~kriz/cifar.html into {data.folder}, "
        f"or use imagefolder:DIR with {FOLDERS}",
    )


def _read_folder(text: str, folder: str) -> DataSet:
    counts = {}
    for part in ("train", "test"):
        path = os.path.join(folder, part)
        try:
            classes = sorted(entry.name for entry in os.scandir(path) if entry.is_dir())
        except (OSError, ValueError) as error:  # ValueError: a null byte in the path
            reason = error.strerror if isinstance(error, OSError) else error
            raise RequestError(f"--data {text}: {path}: {reason}", hint=f"it has to hold {FOLDERS}") from None
        counts[part] = {name: _count_images(os.path.join(path, name)) for name in classes}
        empty = [name for name, images in counts[part].items() if not images]
        if empty or not classes:
            where = os.path.join(path, *empty[:1])
            raise RequestError(f"--data {text}: no images in {where}", hint=f"it has to hold {FOLDERS}")
    train, test = counts["train"], counts["test"]
    if [*train] != [*test]:
        name = min(train.keys() ^ test.keys())
        raise RequestError(
            f"--data {text}: class {name} is in only one of train and test", hint="give both the same classes"
        )
    return DataSet(text, "imagefolder", folder, sum(train.values()), sum(test.values()), len(train), None)


def _count_images(folder: str) -> int:
    """Images in a class's folder and in those below it, as torchvision's ImageFolder finds them."""
    return sum(name.lower().endswith(SUFFIXES) for _, _, names in os.walk(folder, followlinks=True) for name in names)
