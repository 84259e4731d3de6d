"""The hardware, and how a net runs on it: devices, precisions, layouts, modes, memory."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "device",
        marked("Device"),
        ("cuda", "accelerator", "nvidia", "gpu", "data-sheet", "设备"),
        marked(
            "The hardware that does the arithmetic, as its data sheet describes it: a peak in FLOP/s for each "
            "precision, and a memory bandwidth. A roofline and a floor follow from these without running anything. The "
            "computer at hand, with its clocks and its load, is the machine."
        ),
        see=("machine", "roofline"),
    ),
    Term(
        "machine",
        marked("Machine"),
        ("cpu", "computer", "机器"),
        marked(
            "The computer that ran a measurement: its CPU, memory, GPU, load and versions. A Record keeps all of them "
            "with a grade. Records of different machines are not compared unless you insist."
        ),
        see=("grade", "device"),
    ),
    Term(
        "tf32",
        marked("TF32"),
        ("tensorfloat-32", "tensorfloat32"),
        marked(
            "How NVIDIA's tensor cores, from Ampere on, multiply fp32 numbers. Each number keeps its range (8 bits of "
            "exponent) but only 10 bits of mantissa, and the sum is in fp32. torch allows it by default for "
            "convolutions but not for matrix products, so an fp32 benchmark on such a GPU is often not fp32. Here fp32 "
            "is strict, and tf32 is called tf32."
        ),
        "torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32",
        ("precision", "amp"),
    ),
    Term(
        "precision",
        marked("Precision"),
        ("fp32", "fp16", "bf16", "half", "dtype", "精度", "半精度"),
        marked(
            "How many bits a number has. fp32 has 32 (23 of mantissa). bf16 has 16, with the range of fp32 (7 of "
            "mantissa). fp16 has 16, with more mantissa (10) but less range, up to 65,504. Half the bits means half "
            "the bytes: resnet50's weights take 97.5 MiB in fp32 and 48.7 MiB in bf16. Plain fp16 weights do not train "
            "well; bf16 or AMP do."
        ),
        see=("tf32", "amp"),
    ),
    Term(
        "amp",
        marked("AMP: automatic mixed precision"),
        ("mixed-precision", "autocast", "amp-bf16", "amp-fp16", "混合精度"),
        marked(
            "Weights stay in fp32. Convolutions and linear layers run in bf16 or fp16; calls that need the range run "
            "in fp32. torch.autocast chooses for each call, and its casts take time. With fp16, training must also "
            "scale the loss, so that small gradients do not become 0."
        ),
        "Micikevicius et al. 2017, arXiv:1710.03740; torch.autocast",
        ("precision", "tf32"),
    ),
    Term(
        "channels-last",
        marked("channels_last"),
        ("nhwc", "layout", "memory-format", "contiguous", "内存布局"),
        marked(
            "The order in memory: contiguous keeps a whole channel together (NCHW), channels_last all channels of a "
            "position (NHWC). Shapes and results are the same. Tensor cores want channels_last; with contiguous, cuDNN "
            "may transpose before and after a convolution."
        ),
        "torch.channels_last",
        ("precision",),
    ),
    Term(
        "mode",
        marked("Mode"),
        ("eager", "compile", "graph", "cuda-graph", "torch.compile", "执行模式"),
        marked(
            "How torch runs the net. eager calls one kernel after the other from Python. graph replays a recorded CUDA "
            "graph, at almost no cost for the host. compile fuses neighbouring calls with torch.compile. Predictions "
            "of memory are for eager."
        ),
        see=("host-bound", "enqueue"),
    ),
    Term(
        "fusion",
        marked("Fusion"),
        ("fused", "fusing", "融合", "算子融合"),
        marked(
            "Several calls done in one pass over memory: a sum and the ReLU after it, say. The values between them "
            "stay on the chip, so fewer bytes move; the FLOPs stay the same. Memory-bound calls gain most. `--mode "
            "compile` fuses with torch.compile."
        ),
        see=("folding", "mode", "memory-bound"),
    ),
    Term(
        "tensor-core",
        marked("Tensor core"),
        ("tensor-cores", "tensorcore", "张量核心"),
        marked(
            "The part of an NVIDIA GPU, from Volta on, that multiplies small matrices as a whole: in fp16, and on "
            "later chips in bf16, tf32, int8 or fp8. It provides nearly all of a GPU's peak. It reads 16 bytes at a "
            "time, so channels should be multiples of 8 in fp16 and bf16, of 4 in tf32, of 16 in int8. Other numbers "
            "are padded."
        ),
        "NVIDIA Deep Learning Performance guide, Convolutional Layers User's Guide",
        ("tf32", "precision", "group-convolution"),
    ),
    Term(
        "peak-memory",
        marked("Peak memory"),
        (
            "vram",
            "gpu-memory",
            "oom",
            "out-of-memory",
            "memory",
            "peak-bytes",
            "liveness",
            "显存",
            "内存峰值",
            "显存峰值",
        ),
        marked(
            "The memory allocated at the fullest moment of a run: weights, buffers, input, and the tensors alive at "
            "that moment. Eager inference of resnet50 asks for 113,479,752 bytes at layer1.0's shortcut, where the "
            "block's input and both of its paths are alive. Most of it is weights. Training keeps what backward needs, "
            "so there activations dominate in all but small batches."
        ),
        see=("activations", "buffers"),
    ),
)
