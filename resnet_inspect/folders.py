"""Where this program keeps files of its own, by the platform's rules."""

from pathlib import Path

PROGRAM = "resnet-inspect"


def cache_folder() -> Path | None:
    """For what may be lost; None for a user without a home."""
    from platformdirs import user_cache_path

    return _of_a_home(user_cache_path(PROGRAM, appauthor=False))


def data_folder() -> Path | None:
    """For what is to be kept; None for a user without a home."""
    from platformdirs import user_data_path

    return _of_a_home(user_data_path(PROGRAM, appauthor=False))


def _of_a_home(folder: Path) -> Path | None:
    return folder if folder.is_absolute() else None  # "~/.cache" stays so where there is no home
