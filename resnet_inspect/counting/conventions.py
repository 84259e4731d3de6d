"""How each tool counts: its rules by kind of operation or by class of module, read off the tool in eval mode.

A tool does not count a kind for which it has no rule, and a count names those kinds. A rule that gives 0 is a zero
that the tool itself declares.
"""

from collections.abc import Callable
from math import prod

from resnet_inspect.counting.count import Convention, Rule
from resnet_inspect.counting.writing import Call
from resnet_inspect.graph.ops.linear import Conv2d, Linear


def _macs(call: Call) -> int:
    return call.node.macs


def _twice_macs(call: Call) -> int:
    return 2 * call.node.macs


def _outputs(call: Call) -> int:
    return call.node.out.numel


def _inputs(times: int) -> Rule:
    return lambda call: times * call.node.ins[0].numel


def _zero(call: Call) -> int:
    return 0


def _products(call: Call) -> int:
    """Multiply-accumulates of two computed matrices."""
    return call.node.macs_without_weights


def _blur_macs(call: Call) -> int:
    """The fixed 3×3 filter runs as a depthwise convolution; a tool that counts calls takes it for a learned one."""
    return 9 * call.node.out.numel


def _global_mean(call: Call) -> int:
    """One addition per element, one division per mean."""
    return (prod(call.node.ins[0].shape[2:]) + 1) * call.node.out.numel


def _params_per_image(call: Call) -> int:
    """torchinfo multiplies a norm's parameters by the batch size, not by the positions."""
    return call.node.out.shape[0] * call.node.params


def _one_row(rule: Rule) -> Rule:
    """torchinfo multiplies a linear layer's parameters by the batch size, not by the rows of each image."""
    return lambda call: rule(call) // prod(call.node.out.shape[1:-1])


def _weights(times: int) -> Rule:
    return lambda call: times * prod(call.node.op.weight) if isinstance(call.node.op, Conv2d | Linear) else 0


def _per_image(rule: Rule) -> Rule:
    """ptflops divides the counts of modules by the batch size, but not those of functions."""
    return lambda call: rule(call) // call.node.ins[0].shape[0]


def _last_call(rule: Rule) -> Rule:
    """flopth keeps only the last call of a module."""
    return lambda call: rule(call) if call.last else 0


def _wrap_each(wrap: Callable[[Rule], Rule], rules: dict[str, Rule]) -> dict[str, Rule]:
    return {kind: wrap(rule) for kind, rule in rules.items()}


CONVOLUTIONS: dict[str, Rule] = {"Conv2d": _macs, "Conv1d": _macs, "Linear": _macs}
TWICE: dict[str, Rule] = dict.fromkeys(CONVOLUTIONS, _twice_macs)
BIASES: dict[str, Rule] = {"Conv2d bias": _outputs, "Linear bias": _outputs}
POOLS: dict[str, Rule] = dict.fromkeys(("MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d"), _inputs(1))
# The modules of ptflops and of mmcv count alike, for a whole batch.
NORMS_AND_POOLS: dict[str, Rule] = {
    **CONVOLUTIONS,
    **BIASES,
    "BatchNorm2d": _inputs(2),
    "GroupNorm": _inputs(2),
    "ReLU": _outputs,
    **POOLS,
}

CONV_FC = Convention(
    "conv_fc",
    "MAC",
    "",
    "multiply-accumulates of convolutions and linear layers with learned weights: what papers call FLOPs",
    CONVOLUTIONS,
    otherwise=_macs,
)
FVCORE = Convention(
    "fvcore",
    "MAC",
    "0.1.5.post20221221",
    "FlopCountAnalysis: MACs, and elements of norms and adaptive pools",
    {
        **CONVOLUTIONS,
        "BatchNorm2d": _inputs(2),
        "GroupNorm": _inputs(5),
        "weight standardisation": _weights(4),
        "scaled weight standardisation": _weights(5),
        "AdaptiveAvgPool2d": _inputs(1),
        "BlurPool2d": _blur_macs,
        "MatMul": _products,
    },
)
FVCORE_ACTIVATIONS = Convention(
    "fvcore_activations",
    "element",
    "0.1.5.post20221221",
    "ActivationCountAnalysis: output elements of any convolution or linear layer, learned or not",
    dict.fromkeys((*CONVOLUTIONS, "BlurPool2d", "MatMul"), _outputs),
)
THOP = Convention(
    "thop",
    "MAC",
    "0.1.1.post2209072238",
    "profile: MACs, four operations per element of BatchNorm, additions of average pools; zero for ReLU and max pool",
    modules={
        **CONVOLUTIONS,
        "BatchNorm2d": _inputs(4),
        "AvgPool2d": _outputs,
        "AdaptiveAvgPool2d": _global_mean,
        "ReLU": _zero,
        "MaxPool2d": _zero,
        "AdaptiveMaxPool2d": _zero,
    },
)
PTFLOPS = Convention(
    "ptflops",
    "MAC",
    "0.7.5",
    "MACs, biases and elements of one image; ReLU and pools a second time, as functions on the whole batch",
    {**dict.fromkeys(("ReLU", "SiLU", "GELU", "Softmax"), _inputs(1)), **POOLS},
    _wrap_each(_per_image, {**NORMS_AND_POOLS, "LeakyReLU": _outputs}),
    per_image=True,
)
PTFLOPS_NOFUNC = Convention(
    "ptflops_nofunc",
    "MAC",
    "0.7.5",
    "count_functional=False: MACs, biases and elements of one image, in modules only",
    modules=PTFLOPS.modules,
    per_image=True,
)
PTFLOPS_ATEN = Convention(
    "ptflops_aten",
    "MAC",
    "0.7.5",
    "backend aten: MACs and biases of any convolution or matrix product, learned or not",
    {**CONVOLUTIONS, **BIASES, "BlurPool2d": _blur_macs, "MatMul": _products},
)
TORCHINFO = Convention(
    "torchinfo",
    "MAC",
    "1.8.0",
    "total_mult_adds of modules without children: MACs, biases, and a norm's parameters once per image",
    modules={
        **CONVOLUTIONS,
        "StdConv2d": _macs,
        "ScaledStdConv2d": _macs,
        **BIASES,
        "Linear": _one_row(_macs),
        "Linear bias": _one_row(_outputs),
        "ScaledStdConv2d bias": _outputs,
        "BatchNorm2d": _params_per_image,
        "GroupNorm": _params_per_image,
        "timm.GroupNorm": _params_per_image,
        "LayerNorm2d": _params_per_image,
    },
)
TORCH = Convention(
    "torch",
    "FLOP",
    "2.15.0",
    "FlopCounterMode: two FLOPs per multiply-accumulate of any convolution or matrix product, learned or not",
    TWICE,
    otherwise=lambda call: 2 * (call.node.macs + call.node.macs_without_weights),
)
# calflops contains DeepSpeed's profiler, so both count alike.
PROFILER_FLOPS: dict[str, Rule] = {
    **TWICE,
    "Conv2d bias": _outputs,
    "BatchNorm2d": _inputs(2),
    "GroupNorm": _inputs(5),
    "weight standardisation": _weights(4),
    "scaled weight standardisation": _weights(5),
    "ReLU": _inputs(1),
    **POOLS,
    "BlurPool2d": lambda call: 2 * _blur_macs(call),
}
PROFILER_MACS: dict[str, Rule] = {**CONVOLUTIONS, "BlurPool2d": _blur_macs}
PROFILER_DOC = "two FLOPs per multiply-accumulate, biases of convolutions, elements of norms, ReLU and pools"
CALFLOPS_FLOPS = Convention("calflops_flops", "FLOP", "0.3.2", PROFILER_DOC, PROFILER_FLOPS)
CALFLOPS_MACS = Convention("calflops_macs", "MAC", "0.3.2", "MACs of any convolution or linear layer", PROFILER_MACS)
DEEPSPEED_FLOPS = Convention("deepspeed_flops", "FLOP", "0.19.8", PROFILER_DOC, PROFILER_FLOPS)
DEEPSPEED_MACS = Convention("deepspeed_macs", "MAC", "0.19.8", "MACs of any convolution or linear layer", PROFILER_MACS)
FLOPTH = Convention(
    "flopth",
    "MAC",
    "0.1.6",
    "MACs, biases of convolutions, elements of norms, ReLU and pools; only the last call of a module",
    modules=_wrap_each(
        _last_call,
        {
            **CONVOLUTIONS,
            "StdConv2d": _macs,
            "ScaledStdConv2d": _macs,
            "Conv2d bias": _outputs,
            "ScaledStdConv2d bias": _outputs,
            "BatchNorm2d": _inputs(2),
            "GroupNorm": _inputs(2),
            "timm.GroupNorm": _inputs(2),
            "ReLU": _inputs(1),
            **POOLS,
        },
    ),
)
# mmpretrain's tables were made with it.
MMENGINE = Convention(
    "mmengine",
    "MAC",
    "mmcv 1.x",
    "get_model_complexity_info: MACs and biases, two operations per element of norms, one of ReLU and pools",
    {**NORMS_AND_POOLS, "Mean": _inputs(1)},  # mmpretrain's SE squeezes by a pool
)

COUNTERS: tuple[Convention, ...] = (
    CONV_FC,
    FVCORE,
    FVCORE_ACTIVATIONS,
    THOP,
    PTFLOPS,
    PTFLOPS_NOFUNC,
    PTFLOPS_ATEN,
    TORCHINFO,
    TORCH,
    CALFLOPS_FLOPS,
    CALFLOPS_MACS,
    DEEPSPEED_FLOPS,
    DEEPSPEED_MACS,
    FLOPTH,
)
