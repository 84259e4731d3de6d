"""Work: MACs, FLOPs, parameters, and the roofline that limits their rate."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "mac",
        marked("MAC: multiply-accumulate"),
        ("macs", "multiply-accumulate", "multiply-add", "madd", "乘加", "乘加次数"),
        marked(
            "One multiplication and the addition of its product, by a convolution or linear layer with learned "
            "weights. A convolution takes k·k·(C/groups)·C_out of them at every output position. resnet50 takes "
            "4,089,184,256 for one image of 224×224. Biases, normalisation, activations, pools and a fixed blur "
            "filter have none; other tools count some of those."
        ),
        see=("flop", "convention"),
    ),
    Term(
        "flop",
        marked("FLOP: floating-point operation"),
        ("flops", "gflops", "gflop", "浮点运算", "浮点运算量", "计算量"),
        marked(
            "One multiplication or one addition, so 2 FLOPs per MAC: 8,178,368,512 for resnet50. FLOPs is the plural; "
            "the rate is FLOP/s. The ResNet paper and most later papers print MACs under the name FLOPs (3.8·10⁹ for "
            "ResNet-50), and so do torchvision and timm. torch's FlopCounterMode counts 2 per MAC. A factor of 2 "
            "between two tables is nearly always this."
        ),
        "He et al. 2015, arXiv:1512.03385, table 1",
        ("mac", "flop/s", "convention"),
    ),
    Term(
        "flop/s",
        marked("FLOP/s: the rate"),
        ("flop-per-second", "tflops", "tflop/s", "peak", "峰值", "算力"),
        marked(
            "Floating-point operations per second: what a device can do at best (its peak, from the data sheet, for "
            "one precision), or what a run achieved. FLOPs is how much there is to do, FLOP/s how fast it is done. A "
            "net of fewer FLOPs can run slower, if it reaches a smaller part of the peak."
        ),
        see=("flop", "roofline"),
    ),
    Term(
        "parameters",
        marked("Parameters"),
        ("params", "parameter", "weights", "参数", "参数量"),
        marked(
            "Every learned number: weights and biases of convolutions and linear layers, scale and shift of "
            "normalisation. resnet50 has 25,557,032, or 97.5 MiB in fp32: 2,049,000 in its fully connected layer, "
            "53,120 in its batch normalisations, the rest in its convolutions. They do not depend on the size of the "
            "image; MACs do."
        ),
        see=("buffers", "mac"),
    ),
    Term(
        "buffers",
        marked("Buffers"),
        ("buffer", "running-statistics", "缓冲区"),
        marked(
            "Tensors that are saved with the weights but not learned. For each batch normalisation they are the "
            "running mean and variance of its channels and a count of batches. In resnet50 these are 53,173 numbers: "
            "2·26,560 statistics and 53 counts."
        ),
        see=("batch-norm", "parameters"),
    ),
    Term(
        "activations",
        marked("Activations"),
        ("activation", "macts", "激活", "激活量"),
        marked(
            "The number of elements in all outputs of convolutions and linear layers: 11,114,984 for resnet50, as timm "
            "(Macts) and fvcore count them. On accelerators it tracks the speed better than FLOPs do, because many "
            "layers wait for memory, not for arithmetic. It does not measure peak memory: few of these tensors are "
            "alive at one time."
        ),
        "Radosavovic et al. 2020, arXiv:2003.13678",
        ("memory-bound", "flop"),
    ),
    Term(
        "convention",
        marked("Convention"),
        ("counting", "counter", "统计口径", "口径"),
        marked(
            "A table of rules that turns the calls of a net into one number. Ours counts MACs of convolutions and "
            "linear layers. Other tools add normalisation, pools, activations or biases, each by its own rule, or "
            "double the MACs. A call without a rule is not counted, which is not the same as 0. So two totals for one "
            "net can differ and both be right; a total without its convention says little."
        ),
        see=("mac", "flop"),
    ),
    Term(
        "arithmetic-intensity",
        marked("Arithmetic intensity"),
        ("intensity", "operational-intensity", "flop/byte", "算术强度", "计算强度"),
        marked(
            "FLOPs per byte that moves between memory and chip. A 3×3 of 64 channels at 56×56 (resnet50's "
            "layer1.0.conv2) does 231,211,008 FLOPs on 876,544 bytes in bf16: 264 FLOP/byte. The 1×1 after it, from 64 "
            "to 256 channels, does 102,760,448 on 2,039,808: only 50. Below the device's own ratio of peak to "
            "bandwidth, memory sets the pace."
        ),
        "Williams et al. 2009, doi:10.1145/1498765.1498785",
        ("roofline", "memory-bound", "compute-bound"),
    ),
    Term(
        "roofline",
        marked("Roofline"),
        ("roof", "屋顶线", "屋顶线模型"),
        marked(
            "Two limits for the time of a layer: at least FLOPs / peak, and at least bytes / bandwidth. The larger of "
            "the two is its floor. They meet at the intensity peak / bandwidth: 989 TFLOP/s of dense bf16 over 4.8 "
            "TB/s, from the data sheet of an H200, is 206 FLOP/byte. Layers with less intensity are memory-bound, "
            "those with more are compute-bound."
        ),
        "Williams et al. 2009, doi:10.1145/1498765.1498785; NVIDIA H200 data sheet",
        ("floor", "arithmetic-intensity"),
    ),
    Term(
        "floor",
        marked("Floor"),
        ("lower-bound", "下限", "时间下限"),
        marked(
            "The least time that a device could need: for each layer the larger of FLOPs / peak and bytes / bandwidth, "
            "summed over layers. It is a limit, not a forecast. If a measured time is below it, a peak is wrong, a "
            "cache served the bytes, or the measurement missed part of the work."
        ),
        see=("roofline", "device-time"),
    ),
    Term(
        "efficiency",
        marked("Efficiency"),
        ("share-of-the-roof", "效率"),
        marked(
            "The share of the roof that a measurement reaches: the floor divided by the measured time. `resnet-inspect "
            "roofline --record` gives it for each part that the Record has timed. At 100% the part cannot run faster "
            "on this device in this precision."
        ),
        see=("floor", "headroom"),
    ),
    Term(
        "headroom",
        marked("Headroom"),
        ("time-above-the-floor", "余量", "优化空间"),
        marked(
            "The time above the floor: the measured time minus the floor. It is the most that a faster implementation "
            "can save. A large part of low efficiency has much headroom, a small one has little."
        ),
        see=("floor", "efficiency"),
    ),
    Term(
        "memory-bound",
        marked("Memory-bound"),
        ("bandwidth", "memory-bandwidth", "bandwidth-bound", "访存受限", "带宽受限"),
        marked(
            "The layer waits for bytes, not for arithmetic: its intensity is below peak / bandwidth. Normalisation, "
            "ReLU, sums and pools always do, 1×1 convolutions on few channels often. Such a layer gains from fewer "
            "bytes (a smaller precision, fusion with its neighbour), not from fewer FLOPs."
        ),
        see=("compute-bound", "roofline", "folding"),
    ),
    Term(
        "compute-bound",
        marked("Compute-bound"),
        ("计算受限", "算力受限"),
        marked(
            "The layer waits for arithmetic, not for bytes: its intensity is above peak / bandwidth. 3×3 convolutions "
            "on many channels do, above all in large batches. Such a layer gains from fewer FLOPs or from faster "
            "arithmetic (tensor cores in bf16 or fp16)."
        ),
        see=("memory-bound", "roofline"),
    ),
)
