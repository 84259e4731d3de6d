"""The images of a run: torchvision's own data sets and transforms, in a loader."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from urllib.error import URLError

import PIL.Image
import torch
from torch.utils.data import DataLoader, Dataset, Sampler, Subset
from torchvision import datasets, transforms

from resnet_inspect.errors import MachineError, RequestError
from resnet_inspect.training.data import FOLDERS, DataSet, Image, missing
from resnet_inspect.training.loop.group import ALONE, Group
from resnet_inspect.training.processes import steps_of
from resnet_inspect.training.recipe import Recipe

Sample = tuple[torch.Tensor, int]
Batch = tuple[torch.Tensor, torch.Tensor]


class Fake(Dataset[Sample]):
    """Noise with random labels, which an index decides: nothing can be learned, everything else is as with images."""

    def __init__(self, images: int, image: Image, classes: int, first: int = 0) -> None:
        self.images, self.image, self.classes, self.first = images, image, classes, first

    def __len__(self) -> int:
        return self.images

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < self.images:
            raise IndexError(index)
        drawn = torch.Generator().manual_seed(self.first + index)
        image = torch.randn(self.image, generator=drawn)
        return image, int(torch.randint(self.classes, (), generator=drawn))


def open_parts(
    data: DataSet, image: Image, recipe: Recipe, is_sized: bool = False, may_fetch: bool = True
) -> tuple[Any, Any]:  # fmt: skip
    """The data set to train on and the one to test on, with their transforms.

    Images of another size than ``image`` are resized until they just cover it, and give their centre. ``is_sized``: the
    user gave that size, and smaller images are enlarged, too. ``may_fetch``: CIFAR is fetched where it is missing.

    Raises:
        RequestError: the files are missing, broken or smaller than ``image``, or have other channels.
    """
    if data.kind == "fake":
        return Fake(data.images, image, data.classes), Fake(data.test_images, image, data.classes, data.images)
    channels, *size = image
    if channels != 3 or len(recipe.mean) != 3:
        count = channels if channels != 3 else len(recipe.mean)
        raise RequestError(
            f"images have 3 channels, the {'net' if channels != 3 else 'recipe'} has {count}",
            hint="--set in_channels=3" if channels != 3 else "give mean and std three numbers each",
        )
    fit = [] if data.image == image else [partial(_cover, size=size), transforms.CenterCrop(size)]
    crop = [transforms.RandomCrop(size, padding=recipe.crop_padding)] if recipe.crop_padding else []
    flip = [transforms.RandomHorizontalFlip()] if recipe.flip else []
    end = [transforms.ToTensor(), transforms.Normalize(recipe.mean, recipe.std)]
    to_train, to_test = transforms.Compose([*fit, *crop, *flip, *end]), transforms.Compose([*fit, *end])
    if data.kind == "imagefolder":
        train = datasets.ImageFolder(f"{data.folder}/train", to_train)
        _refuse_small(data, train.samples[0][0], size, is_sized)
        return train, datasets.ImageFolder(f"{data.folder}/test", to_test)
    return _open_cifar(data, to_train, True, may_fetch), _open_cifar(data, to_test, False, may_fetch)


class Shares(Sampler[list[int]]):
    """The batches of one process: its share of the images of every step.

    One process with the batches of all as its batch would draw the same order.
    """

    def __init__(self, images: int, recipe: Recipe, group: Group) -> None:
        self.images, self.recipe, self.group = images, recipe, group

    def __len__(self) -> int:
        return steps_of(self.images, self.recipe.batch_size, self.group.place.size)

    def __iter__(self) -> Iterator[list[int]]:
        order: Sequence[int] = range(self.images)
        if self.recipe.shuffle:  # as torch's RandomSampler
            seed = self.group.firsts(int(torch.empty((), dtype=torch.int64).random_().item()))
            order = torch.randperm(self.images, generator=torch.Generator().manual_seed(seed)).tolist()
        size = self.recipe.batch_size * self.group.place.size
        for step in range(len(self)):
            yield [*self.group.place.share(order[step * size : (step + 1) * size])]


def loader(
    part: Any, recipe: Recipe, workers: int, train: bool, pin: bool, group: Group = ALONE
) -> DataLoader[Batch]:  # fmt: skip
    """This process's batches of ``part``. Those to train on draw from torch's own generator, as torch does by default.

    Those to test on have a generator of their own: evaluation may not change what training draws.
    """
    batches: dict[str, Any] = {"batch_size": recipe.batch_size, "shuffle": train and recipe.shuffle}
    if not group.is_alone and train:
        batches = {"batch_sampler": Shares(len(part), recipe, group)}
    elif not group.is_alone:
        part = Subset(part, group.place.share(range(len(part))))
    return DataLoader(
        part,
        num_workers=workers,
        pin_memory=pin,
        generator=None if train else torch.Generator(),
        worker_init_fn=_ignore_interrupts,
        **batches,
    )


def batches(loader: DataLoader[Batch]) -> Iterator[Batch]:
    """The batches of one pass.

    Raises:
        RequestError: an image cannot be read. MachineError: a worker died.
    """
    images = iter(loader)
    while True:
        try:
            batch = next(images)
        except StopIteration:
            return
        except OSError as error:  # PIL's too; from a worker it carries a traceback
            raise RequestError(
                f"cannot read an image: {_last_line(error)}", hint="replace or remove the file"
            ) from None
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise MachineError(
                f"a worker of the loader died: {_last_line(error)}",
                hint="it may have lacked memory: give fewer --workers, or 0; --resume continues",
            ) from None
        yield batch


def _cover(image: PIL.Image.Image, size: Sequence[int]) -> PIL.Image.Image:
    """``image`` with its aspect, one side as in H, W ``size`` and the other at least so long.

    For a square this is torchvision's ``Resize``, which rounds down, too.
    """
    height, width = size
    if height * image.width >= width * image.height:
        width = image.width * height // image.height
    else:
        height = image.height * width // image.width
    return image.resize((width, height), PIL.Image.Resampling.BILINEAR)


def _open_cifar(data: DataSet, transform: Any, train: bool, may_fetch: bool) -> Any:
    """torchvision's own class, which checks the files and fetches them where they are missing."""
    kind = datasets.CIFAR10 if data.kind == "cifar10" else datasets.CIFAR100
    try:
        return kind(data.folder, train, transform, download=may_fetch)
    except (URLError, OSError, RuntimeError, EOFError) as error:
        if not may_fetch:
            raise RequestError(
                f"no whole data set in {data.folder}, which the checkpoint names", hint=f"--data {data.text} fetches it"
            ) from None
        raise missing(data, _last_line(getattr(error, "reason", error))) from None


def _refuse_small(data: DataSet, path: str, size: Sequence[int], is_sized: bool) -> None:
    """Refuse a folder whose first image is smaller than the net's, unless that was asked for."""
    try:
        with PIL.Image.open(path) as first:
            width, height = first.size
    except OSError as error:
        raise RequestError(f"cannot read an image: {_last_line(error)}", hint=f"give {FOLDERS}") from None
    if not is_sized and (height < size[0] or width < size[1]):
        raise RequestError(
            f"--data {data.text}: its images are {height}×{width}, too small for a net of {size[0]}×{size[1]}",
            hint=f"--input 1,3,{height},{width} trains at their size, --input 1,3,{size[0]},{size[1]} enlarges them",
        )


def _ignore_interrupts(worker: int) -> None:
    """Ctrl-C reaches a terminal's whole process group; the process that trains ends the workers."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _last_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
