"""A command that takes every model of a pyproject.toml where it is given none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
from click.core import ParameterSource

from resnet_inspect.api.answer import Answer
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish


class OfModels(click.Command):
    """Its callback returns the answer for one model."""

    def invoke(self, ctx: click.Context) -> Any:  # click's
        assert self.callback
        asked = Asked(format=ctx.params["format"], output=ctx.params["output"])
        answer = _of_each(ctx, self.callback) if _names_no_model(ctx) else None
        if answer is None:
            answer = ctx.invoke(self.callback, **ctx.params)
            asked = replace(asked, model=ctx.params["model"])
        finish(answer, asked)


def _names_no_model(ctx: click.Context) -> bool:
    return ctx.get_parameter_source("model") is not ParameterSource.COMMANDLINE


def _of_each(ctx: click.Context, of_one: Callable[..., Answer]) -> Answer | None:
    """The answers for the models that a pyproject.toml lists, as one; None where none does."""
    from resnet_inspect.api.merged import merged
    from resnet_inspect.cli import pyproject  # which a command with a model does without

    source, models = pyproject.each_model(ctx)
    answers = [ctx.invoke(of_one, **params) for params in models]
    return merged(answers, source) if answers else None
