"""Quantities as options take them: 26M parameters, 200MiB of memory."""

import click

from resnet_inspect.api import amounts
from resnet_inspect.errors import RequestError


def amount(text: str) -> float | None:
    """26M or 4.2G"""
    try:
        return amounts.amount(text)
    except RequestError as error:
        raise click.BadParameter(error.message) from None


def size(text: str) -> float | None:
    """200MiB or 200MB"""
    try:
        return amounts.size(text)
    except RequestError as error:
        raise click.BadParameter(error.message) from None


def percentage(text: str) -> float:
    """78 or 78%"""
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a percentage, as 78 or 78%") from None


def seconds(text: str) -> float:
    """90s, 5min or 1h"""
    try:
        return amounts.seconds(text)
    except RequestError as error:
        raise click.BadParameter(error.message) from None
