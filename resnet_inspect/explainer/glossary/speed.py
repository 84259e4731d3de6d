"""What a net runs on and in: devices, precisions, layouts, modes."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "device",
        marked("Device"),
        ("gpu", "data-sheet", "设备"),
        marked(
            "What does the arithmetic, as its data sheet has it: a peak in FLOP/s for each precision, and a memory "
            "bandwidth. From these follow a roofline and a floor, without running anything. The box at hand, with its "
            "clocks and its load, is the machine."
        ),
        see=("machine", "roofline"),
    ),
    Term(
        "machine",
        marked("Machine"),
        ("computer", "机器"),
        marked(
            "The box that a measurement ran on: its CPU, memory, GPU, load, versions. A Record keeps them all with a "
            "grade, and two Records of different machines are not compared unless one insists."
        ),
        see=("grade", "device"),
    ),
    Term(
        "tf32",
        marked("TF32"),
        ("tensorfloat-32", "tensorfloat32"),
        marked(
            "A way of NVIDIA's tensor cores, from Ampere on, to multiply fp32 numbers: each keeps its range (8 bits "
            "of exponent) but only 10 bits of mantissa, and the sum is in fp32. torch allows it by default for "
            "convolutions but not for matrix products, so that an fp32 benchmark there often is none. Here fp32 is "
            "strict, and tf32 is called tf32."
        ),
        "torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32",
        ("precision", "amp"),
    ),
    Term(
        "precision",
        marked("Precision"),
        ("fp32", "fp16", "bf16", "half", "dtype", "精度", "半精度"),
        marked(
            "How many bits a number has: fp32 has 32 (23 of mantissa), bf16 16 with the range of fp32 (7 of "
            "mantissa), fp16 16 with more mantissa (10) but less range, up to 65,504. Half the bits are half the "
            "bytes: resnet50's weights take 97.5 MiB in fp32 and 48.7 MiB in bf16. Plain fp16 weights do not train "
            "well; bf16 or AMP do."
        ),
        see=("tf32", "amp"),
    ),
    Term(
        "amp",
        marked("AMP: automatic mixed precision"),
        ("mixed-precision", "autocast", "amp-bf16", "amp-fp16", "混合精度"),
        marked(
            "Weights stay in fp32; convolutions and linear layers run in bf16 or fp16, what needs the range in fp32. "
            "torch.autocast chooses call by call, and pays for the casts. With fp16, training needs the loss scaled "
            "besides, so that small gradients do not become 0."
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
            "position (NHWC). Shapes and results are the same. Tensor cores want the second; with the first, cuDNN "
            "may transpose on the way in and out of a convolution."
        ),
        "torch.channels_last",
        ("precision",),
    ),
    Term(
        "mode",
        marked("Mode"),
        ("eager", "compile", "graph", "cuda-graph", "torch.compile", "执行模式"),
        marked(
            "How torch runs the net: eager calls one kernel after the other from Python; graph replays a recorded "
            "CUDA graph, at almost no cost for the host; compile fuses neighbours by torch.compile. Eager is what "
            "predictions of memory speak of."
        ),
        see=("host-bound", "enqueue"),
    ),
    Term(
        "tensor-core",
        marked("Tensor core"),
        ("tensor-cores", "tensorcore", "张量核心"),
        marked(
            "The part of an NVIDIA GPU, from Volta on, that multiplies small matrices whole: in fp16, and on later "
            "chips in bf16, tf32, int8 or fp8. Nearly all of a GPU's peak is theirs. They read 16 bytes at a time, so "
            "channels should be multiples of 8 in fp16 and bf16, of 4 in tf32, of 16 in int8; others are padded."
        ),
        "NVIDIA Deep Learning Performance guide, Convolutional Layers User's Guide",
        ("tf32", "precision", "group-convolution"),
    ),
    Term(
        "peak-memory",
        marked("Peak memory"),
        ("memory", "peak-bytes", "liveness", "显存", "内存峰值", "显存峰值"),
        marked(
            "What is allocated at the fullest moment of a pass: weights, buffers, input, and the tensors alive just "
            "then. Eager inference of resnet50 asks for 113,479,752 bytes at layer1.0's shortcut, where the block's "
            "input and both of its paths are alive; most of it is weights. Training keeps what backward needs, so "
            "there activations lead in all but small batches."
        ),
        see=("activations", "buffers"),
    ),
)
