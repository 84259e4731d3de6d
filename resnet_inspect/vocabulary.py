"""The words that options, arguments and Records share, each defined once."""

from typing import Literal, get_args

Task = Literal["infer", "train"]
TASKS: tuple[Task, ...] = get_args(Task)

# The type in which convolutions and linear layers compute; weights and activations are stored in it (tf32: in fp32).
Precision = Literal["fp32", "tf32", "bf16", "fp16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
ELEMENT_BYTES: dict[Precision, int] = {"fp32": 4, "tf32": 4, "bf16": 2, "fp16": 2}

# A benchmark also runs autocast: weights in fp32, convolutions and matrix products in the type after amp-.
RunPrecision = Literal["fp32", "tf32", "bf16", "fp16", "amp-bf16", "amp-fp16"]
RUN_PRECISIONS: tuple[RunPrecision, ...] = get_args(RunPrecision)

# Weights stay in fp32: a small step is lost in 8 or 11 bits.
TrainingPrecision = Literal["fp32", "tf32", "amp-bf16", "amp-fp16"]
TRAINING_PRECISIONS: tuple[TrainingPrecision, ...] = get_args(TrainingPrecision)

Layout = Literal["contiguous", "channels_last"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)

Mode = Literal["eager", "graph", "compile", "compile+graph"]
MODES: tuple[Mode, ...] = get_args(Mode)

TrainingMode = Literal["eager", "compile"]
TRAINING_MODES: tuple[TrainingMode, ...] = get_args(TrainingMode)

Depth = Literal["stage", "block", "layer"]
DEPTHS: tuple[Depth, ...] = get_args(Depth)

Optimizer = Literal["sgd", "adam"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
