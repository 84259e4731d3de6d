"""The layers around and inside blocks: stem, head, norms, widths, attention."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "stem",
        marked("Stem"),
        ("conv1", "stem-pool"),
        marked(
            "The part before the first block. In resnet50 it is a 7×7 convolution and a max pool, both of stride 2, "
            "which leave 56×56 of 224×224. The D nets use three 3×3 instead of the 7×7. Nets for 32×32 images have a "
            "single 3×3 of stride 1 and no pool: with the 7×7 and the pool, only 1×1 would be left for the last stage."
        ),
        see=("stage", "head"),
    ),
    Term(
        "head",
        marked("Head"),
        ("fully-connected", "linear", "dense", "fc", "classifier", "分类头", "分类器"),
        marked(
            "The part after the last block: the mean of each channel (global average pool), then a fully connected "
            "layer to the classes. resnet50's layer has 2048·1000 + 1000 = 2,049,000 parameters and takes 2,048,000 "
            "MACs. num_classes=0 omits the layer."
        ),
        see=("backbone", "stem"),
    ),
    Term(
        "bias",
        marked("Bias"),
        ("biases", "conv-bias", "偏置"),
        marked(
            "A constant that a layer adds to each channel of its output. The convolutions of torchvision's ResNets "
            "have none: the BatchNorm after them subtracts the channel's mean, and any bias with it. A bias in each of "
            "resnet50's 53 convolutions would be 26,560 parameters without effect, which lint reports (RI001). fc "
            "keeps its bias."
        ),
        see=("batch-norm",),
    ),
    Term(
        "backbone",
        marked("Backbone"),
        ("feature-extractor", "主干", "主干网络", "骨干网络"),
        marked(
            "A net used for its features, without its classifier: here num_classes=0, which ends in the pooled "
            "features. resnet50 then has 23,508,032 parameters. Detection and segmentation nets read the maps of its "
            "stages. Those that need fine maps set an output stride."
        ),
        see=("head", "output-stride"),
    ),
    Term(
        "batch-norm",
        marked("Batch normalisation"),
        ("normalization", "normalisation", "batchnorm", "bn", "batchnorm2d", "批量归一化", "批归一化"),
        marked(
            "(x − mean) / √(variance + ε) · scale + shift for each channel: in training with the statistics of the "
            "batch, in evaluation with running ones. It subtracts whatever is constant in a channel, so a bias "
            "directly before it has no effect. resnet50 has 53 of them: 53,120 parameters and 53,173 numbers in "
            "buffers."
        ),
        "Ioffe and Szegedy 2015, arXiv:1502.03167",
        ("folding", "group-norm", "buffers"),
    ),
    Term(
        "group-norm",
        marked("Group normalisation"),
        ("groupnorm", "gn", "组归一化"),
        marked(
            "Normalisation over groups of channels within one image, here 32 groups, in training and evaluation alike. "
            "It does not depend on the batch, so it suits small batches. It cannot be folded into a convolution, "
            "because its statistics come from the current image."
        ),
        "Wu and He 2018, arXiv:1803.08494",
        ("batch-norm", "folding"),
    ),
    Term(
        "folding",
        marked("Folding"),
        ("folded", "fold", "conv-bn-fusion", "折叠"),
        marked(
            "In evaluation, a batch normalisation is one scale and one shift per channel, so it folds into the "
            "convolution before it: weight · scale/σ, bias = shift − mean · scale/σ. Output and MACs stay the same. "
            "resnet50 goes from 25,557,032 to 25,530,472 parameters and saves 53 calls that read and write memory. "
            "Folding does not work in training, nor where a ReLU stands between the two. The option `--folded` folds a "
            "net."
        ),
        see=("batch-norm", "fusion", "memory-bound"),
    ),
    Term(
        "group-convolution",
        marked("Group convolution"),
        ("depthwise", "depthwise-convolution", "groups", "grouped", "cardinality", "resnext", "分组卷积", "组卷积"),
        marked(
            "The channels are split into groups, and each output channel reads only its own group. The number of "
            "groups divides weights and MACs. resnext50_32x4d has 32 groups of 4 channels in its first stage; at a "
            "width of 128 its 3×3 has 3·3·4·128 = 4,608 weights instead of 147,456. Fewer MACs need not mean less "
            "time: small groups use tensor cores badly."
        ),
        "Xie et al. 2016, arXiv:1611.05431",
        ("width", "arithmetic-intensity"),
    ),
    Term(
        "width",
        marked("Width"),
        ("base-width", "wide", "wide-resnet", "宽度"),
        marked(
            "The channels of a bottleneck's 3×3: int(planes · base_width / 64) · groups. In resnet50 the width equals "
            "the planes (64, 128, 256, 512). In wide_resnet50_2, with base_width 128, it is twice that, for 68,883,240 "
            "parameters and 11,398,021,120 MACs. In resnext50_32x4d it is 64 · 4/64 · 32 = 128."
        ),
        "Zagoruyko and Komodakis 2016, arXiv:1605.07146; torchvision",
        ("planes", "bottleneck", "group-convolution"),
    ),
    Term(
        "planes",
        marked("Planes"),
        ("plane", "widths", "基础通道数"),
        marked(
            "torchvision's name for the base number of channels of a stage: 64, 128, 256, 512. A basic block outputs "
            "as many, a bottleneck 4 times as many (256, 512, 1024, 2048). In a spec they are the field widths."
        ),
        see=("width", "expansion"),
    ),
    Term(
        "expansion",
        marked("Expansion"),
        ("扩展系数", "膨胀系数"),
        marked(
            "The output channels of a block divided by its planes: 4 for a bottleneck, 1 for a basic block. This is "
            "why layer1 of resnet50 outputs 256 channels at 64 planes and has to project. layer1 of resnet18 outputs "
            "64 and does not."
        ),
        see=("planes", "bottleneck", "projection"),
    ),
    Term(
        "squeeze-and-excitation",
        marked("Squeeze-and-excitation"),
        ("se", "squeeze-excitation", "senet", "attention", "通道注意力", "注意力"),
        marked(
            "A gate on the channels of F(x): their means pass through two small layers and a sigmoid, and each channel "
            "is multiplied by its result. seresnet50 has 28,088,024 parameters, 2,530,992 more than resnet50, but "
            "takes only 4,091,699,200 MACs. ECA uses one 1-D convolution instead; CBAM adds a gate on positions."
        ),
        "Hu et al. 2017, arXiv:1709.01507; Wang et al. 2019, arXiv:1910.03151; Woo et al. 2018, arXiv:1807.06521",
        ("block",),
    ),
    Term(
        "antialias",
        marked("Antialiasing"),
        ("anti-aliasing", "blur", "blurpool", "aa", "抗混叠"),
        marked(
            "A strided convolution drops positions without smoothing first, so shifting the image by one pixel can "
            "change the result. With antialiasing the 3×3 runs at stride 1, and a blur or an average pool subsamples. "
            "resnetblur50 takes 5,129,633,792 MACs, not counting its fixed filters."
        ),
        "Zhang 2019, arXiv:1904.11486",
        ("stride",),
    ),
    Term(
        "zero-init",
        marked("Zero initialisation of the residual"),
        ("zero-init-residual", "zero-gamma", "零初始化"),
        marked(
            "The scale of each block's last batch normalisation starts at 0, so F(x) = 0 and every block begins as the "
            "identity. Shapes, parameters and MACs stay the same; only the start of training changes. torchvision's "
            "zero_init_residual does this, and `build` does it on request."
        ),
        "Goyal et al. 2017, arXiv:1706.02677, section 5.1",
        ("residual", "batch-norm"),
    ),
)
