"""What nets are built of beside the block: layers, widths, ends."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "stem",
        marked("Stem"),
        ("conv1", "stem-pool"),
        marked(
            "What stands before the first block: in resnet50 a 7×7 convolution of stride 2 and a max pool of stride "
            "2, which leave 56×56 of 224×224. The D nets have three 3×3 in its place. Nets for 32×32 images have a "
            "single 3×3 of stride 1 and no pool: with the 7×7 and the pool, the last stage would be left with 1×1."
        ),
        see=("stage", "head"),
    ),
    Term(
        "head",
        marked("Head"),
        ("fc", "classifier", "分类头", "分类器"),
        marked(
            "What stands after the last block: the mean of each channel (global average pool), then a fully connected "
            "layer to the classes. resnet50's has 2048·1000 + 1000 = 2,049,000 parameters and takes 2,048,000 MACs. "
            "num_classes=0 leaves the layer out."
        ),
        see=("backbone", "stem"),
    ),
    Term(
        "bias",
        marked("Bias"),
        ("biases", "conv-bias", "偏置"),
        marked(
            "What a layer adds to each channel of its output. The convolutions of torchvision's ResNets have none: "
            "BatchNorm, which follows, subtracts the channel's mean, and any bias with it. One in each of resnet50's "
            "53 convolutions would be 26,560 parameters without effect, which lint finds (RI001); fc keeps its own."
        ),
        see=("batch-norm",),
    ),
    Term(
        "backbone",
        marked("Backbone"),
        ("feature-extractor", "主干", "主干网络", "骨干网络"),
        marked(
            "A net used for its features, without its classifier: here num_classes=0, which ends in the pooled "
            "features. resnet50 is then 23,508,032 parameters. Detectors and segmenters read the maps of its stages; "
            "those that need fine maps give it an output stride."
        ),
        see=("head", "output-stride"),
    ),
    Term(
        "batch-norm",
        marked("Batch normalisation"),
        ("batchnorm", "bn", "batchnorm2d", "批量归一化", "批归一化"),
        marked(
            "(x − mean) / √(variance + ε) · scale + shift, a channel at a time: in training with the statistics of "
            "the batch, in evaluation with running ones. It subtracts whatever is constant in a channel, so a bias "
            "right before it has no effect. resnet50 has 53 of them: 53,120 parameters and 53,173 buffers."
        ),
        "Ioffe and Szegedy 2015, arXiv:1502.03167",
        ("folding", "group-norm", "buffers"),
    ),
    Term(
        "group-norm",
        marked("Group normalisation"),
        ("groupnorm", "gn", "组归一化"),
        marked(
            "Normalisation over groups of channels inside one image, here 32 groups, in training and evaluation "
            "alike. It does not depend on the batch, so that it serves where batches are small; it cannot be folded "
            "into a convolution, because its statistics are those of the image at hand."
        ),
        "Wu and He 2018, arXiv:1803.08494",
        ("batch-norm", "folding"),
    ),
    Term(
        "folding",
        marked("Folding"),
        ("fusing", "fusion", "fused", "conv-bn-fusion", "折叠", "融合", "算子融合"),
        marked(
            "In evaluation a batch normalisation is a scale and a shift a channel, so that they fold into the "
            "convolution before it: weight · scale/σ, bias = shift − mean · scale/σ. The output is the same, MACs "
            "stay; resnet50 goes from 25,557,032 to 25,530,472 parameters and loses 53 passes over memory. It does "
            "not work in training, nor where ReLU stands between the two."
        ),
        see=("batch-norm", "memory-bound"),
    ),
    Term(
        "group-convolution",
        marked("Group convolution"),
        ("groups", "grouped", "cardinality", "resnext", "分组卷积", "组卷积"),
        marked(
            "The channels stand in groups, and an output channel reads only its own: weights and MACs are divided by "
            "the number of groups. resnext50_32x4d has 32 groups of 4 channels in its first stage; at a width of 128 "
            "its 3×3 has 3·3·4·128 = 4,608 weights, not 147,456. Fewer MACs need not be less time: small groups use "
            "tensor cores badly."
        ),
        "Xie et al. 2016, arXiv:1611.05431",
        ("width", "arithmetic-intensity"),
    ),
    Term(
        "width",
        marked("Width"),
        ("base-width", "wide", "wide-resnet", "宽度"),
        marked(
            "Channels of a bottleneck's 3×3: int(planes · base_width / 64) · groups. In resnet50 it is the planes "
            "(64, 128, 256, 512); in wide_resnet50_2, with base_width 128, twice that, for 68,883,240 parameters and "
            "11,398,021,120 MACs; in resnext50_32x4d 64 · 4/64 · 32 = 128."
        ),
        "Zagoruyko and Komodakis 2016, arXiv:1605.07146; torchvision",
        ("planes", "bottleneck", "group-convolution"),
    ),
    Term(
        "planes",
        marked("Planes"),
        ("plane", "widths", "基础通道数"),
        marked(
            "torchvision's name for the channels that a stage is planned with: 64, 128, 256, 512. A basic block gives "
            "as many, a bottleneck 4 times as many (256, 512, 1024, 2048). In a spec they are the field widths."
        ),
        see=("width", "expansion"),
    ),
    Term(
        "expansion",
        marked("Expansion"),
        ("扩展系数", "膨胀系数"),
        marked(
            "Channels that a block gives, over its planes: 4 for a bottleneck, 1 for a basic block. It is why layer1 "
            "of resnet50 gives 256 channels at 64 planes, and has to project, while layer1 of resnet18 gives 64 and "
            "does not."
        ),
        see=("planes", "bottleneck", "projection"),
    ),
    Term(
        "squeeze-and-excitation",
        marked("Squeeze-and-excitation"),
        ("se", "squeeze-excitation", "senet", "attention", "通道注意力", "注意力"),
        marked(
            "A gate on the channels of F(x): their means go through two small layers and a sigmoid, and each channel "
            "is multiplied by its result. seresnet50 has 28,088,024 parameters, 2,530,992 more than resnet50, but "
            "takes only 4,091,699,200 MACs. ECA does it with one 1-D convolution, CBAM adds a gate on positions."
        ),
        "Hu et al. 2017, arXiv:1709.01507; Wang et al. 2019, arXiv:1910.03151; Woo et al. 2018, arXiv:1807.06521",
        ("block",),
    ),
    Term(
        "antialias",
        marked("Antialiasing"),
        ("anti-aliasing", "blur", "blurpool", "aa", "抗混叠"),
        marked(
            "A strided convolution drops positions without smoothing first, so a shift of the image by one pixel can "
            "change the result. Here the 3×3 runs at stride 1 and a blur or an average pool subsamples: resnetblur50 "
            "takes 5,129,633,792 MACs, its fixed filters not counted."
        ),
        "Zhang 2019, arXiv:1904.11486",
        ("stride",),
    ),
    Term(
        "zero-init",
        marked("Zero initialisation of the residual"),
        ("zero-init-residual", "zero-gamma", "零初始化"),
        marked(
            "The scale of each block's last batch normalisation starts at 0, so that F(x) = 0 and every block begins "
            "as the identity. It changes neither shapes nor parameters nor MACs, only the start of training; "
            "torchvision's zero_init_residual does it, and so does `build` on request."
        ),
        "Goyal et al. 2017, arXiv:1706.02677, section 5.1",
        ("residual", "batch-norm"),
    ),
)
