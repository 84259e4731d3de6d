"""Where profiles are: in files that a user names, in the user's data folder, and those that come with this package."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from resnet_inspect.errors import RequestError
from resnet_inspect.folders import data_folder
from resnet_inspect.prediction.profile import Conditions, Profile
from resnet_inspect.prediction.profile_json import from_json
from resnet_inspect.vocabulary import Layout, Mode, RunPrecision

HERE = ("cpu", "cuda", "mps")
SHIPPED = Path(__file__).parent / "shipped"
GPUS = Path("/proc/driver/nvidia/gpus")  # a folder for each GPU


class Asked(NamedTuple):
    """What a profile's conditions have to be; None leaves one open."""

    precision: RunPrecision | None = None
    layout: Layout | None = None
    mode: Mode | None = None
    threads: int | None = None

    def differs(self, conditions: Conditions) -> str:
        """The first condition that is not as asked; empty where all are."""
        wanted = self._asdict().items()
        return next((name for name, value in wanted if value not in (None, getattr(conditions, name))), "")

    def __str__(self) -> str:
        """As options of a command, each after a blank."""
        return "".join(f" --{name} {value}" for name, value in self._asdict().items() if value is not None)


ANY = Asked()


def read_profile(path: str | os.PathLike[str]) -> Profile:
    """The profile in a file, or the shipped one of that name.

    Raises:
        RequestError: it cannot be read, or is no whole profile.
    """
    name = os.fspath(path)
    try:
        text = shipped().get(name, Path(name)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        hint = f"give what `calibrate -o` wrote, or {' or '.join(shipped())}"
        raise RequestError(f"cannot read {name}: {reason}", hint=hint) from None
    return from_json(text, name)


def shipped() -> dict[str, Path]:
    """The files of the profiles that come with this package, by name."""
    return {file.stem: file for file in sorted(SHIPPED.glob("*.json"))}


def find_profile(path: str | os.PathLike[str] | None = None, device: str | None = None, asked: Asked = ANY) -> Profile:
    """The profile in ``path``, which may be of any machine, or the one of this machine's ``device``.

    Of several as ``asked``, a plain run's comes first: fp32, contiguous, eager, all cores.

    Raises:
        RequestError: there is no such profile, or it is of another machine, torch or set of conditions.
    """
    kind = (device or "").partition(":")[0]
    if path is not None:
        profile = read_profile(path)
        if wrong := asked.differs(profile.conditions):
            raise RequestError(
                f"{os.fspath(path)} is of {wrong} {getattr(profile.conditions, wrong)}, not {getattr(asked, wrong)}",
                hint=f"leave out --{wrong}, or calibrate with it",
            )
        try:
            if kind in HERE:
                check_is_here(profile, kind)
        except RequestError as error:
            raise RequestError(error.message, hint="leave out --device: a profile may be of any machine") from None
        if kind not in HERE and device not in (None, profile.conditions.device):
            message = f"{os.fspath(path)} is of {profile.conditions.place}, not of {device}"
            raise RequestError(message, hint="leave out --device")
        return profile
    if kind not in HERE:
        raise RequestError(
            f"there is no profile of {device!r}" if device else "a prediction needs a profile",
            hint="--device cpu or cuda for this machine, or --profile FILE, or a name of `profile list`",
        )
    profile = _plainest(stored(kind), kind, asked)
    check_is_here(profile, kind)
    return profile


def check_is_here(profile: Profile, device: str) -> None:
    """Raises RequestError where the profile's times are not of this machine's ``device`` with this torch.

    Of a machine whose titles are unknown, any profile may be.
    """
    of, kind = profile.conditions, device.partition(":")[0]
    here = {"device": (kind,), "machine": machine_titles(kind), "torch": (version("torch"),)}
    for name, values in here.items():
        if values and getattr(of, name) not in values:
            noun = "torch " if name == "torch" else ""
            its = of.place if name != "torch" else of.torch or "an unknown version"
            raise RequestError(
                f"the profile is of {noun}{its}, not of {noun}{' or '.join(values)}",
                hint=f"calibrate here with `resnet-inspect calibrate --device {kind}`, or name its file with --profile",
            )


def machine_titles(device: str) -> tuple[str, ...]:
    """What the system calls this machine's processor, or its GPUs, without torch.

    Empty where it does not tell: NVIDIA's driver lists no GPU in /proc on WSL2 and on Jetson.
    """
    if device != "cuda":
        from resnet_inspect.hardware import machine

        title = machine.read().cpu_model
        return (title,) if title else ()
    texts = (file.read_text(encoding="utf-8", errors="replace") for file in sorted(GPUS.glob("*/information")))
    models = (re.search(r"^Model:\s*(.+)$", text, re.MULTILINE) for text in texts)
    return tuple(dict.fromkeys(model[1].strip() for model in models if model))


def stored_at(conditions: Conditions) -> Path:
    """The file in the user's data folder for a profile of these conditions."""
    parts = (conditions.device, conditions.precision, conditions.layout, conditions.mode)
    threads = f"-{conditions.threads}" if conditions.threads else ""
    return profiles_folder() / f"{'-'.join(parts)}{threads}.json"


def profiles_folder() -> Path:
    """The folder of this user's profiles.

    Raises:
        RequestError: the user has no home.
    """
    folder = data_folder()
    if folder is None:
        raise RequestError("this user has no home for profiles", hint="set HOME, or name a file")
    return folder / "profiles"


def stored(device: str) -> list[Profile]:
    """The profiles of the user's data folder for a kind of device.

    Raises:
        RequestError: one cannot be read, and it may be the one that is wanted.
    """
    profiles, broken = readable(device)
    for file, error in broken.items():
        raise RequestError(error.message, hint=f"was it edited? calibrate again, or delete {file}")
    return profiles


def readable(device: str) -> tuple[list[Profile], dict[Path, RequestError]]:
    """Those that can be read, and the files that cannot, each with the reason."""
    profiles, broken = list[Profile](), dict[Path, RequestError]()
    for file in _files(device):
        try:
            profiles.append(read_profile(file))
        except RequestError as error:
            broken[file] = error
    return profiles, broken


def own_profiles(device: str) -> Iterator[Profile]:
    """Those that can be read and are of this machine with this torch."""
    for profile in readable(device)[0]:
        with suppress(RequestError):
            check_is_here(profile, device)
            yield profile


def _files(device: str) -> list[Path]:
    return sorted(profiles_folder().glob(f"{device}-*.json")) if data_folder() is not None else []


def _plainest(profiles: list[Profile], device: str, asked: Asked) -> Profile:
    """The only profile that fits ``asked``, or the plainest of several."""
    fitting = [profile for profile in profiles if not asked.differs(profile.conditions)]
    if not fitting:
        others = "; there are " + ", ".join(profile.conditions.label for profile in profiles) if profiles else ""
        raise RequestError(
            f"there is no profile of {device}{asked}{others}",
            hint=f"`resnet-inspect calibrate --device {device}{asked}` makes one",
        )
    most = max(profile.conditions.threads or 0 for profile in fitting)
    plain = Asked("fp32", "contiguous", "eager", most)._asdict().items()
    return max(fitting, key=lambda profile: [getattr(profile.conditions, name) == value for name, value in plain])
