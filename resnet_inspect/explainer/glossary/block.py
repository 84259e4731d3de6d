"""The residual block: what it is made of, and its kinds."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "stage",
        marked("Stage"),
        ("stages", "layer1", "conv2_x", "阶段"),
        marked(
            "A row of the ResNet paper's table 1: the stem, layer1 to layer4, the head. The blocks of a stage work at "
            "one resolution; its first block sets that and the channels. resnet50 has 3, 4, 6 and 3 blocks in layer1 "
            "to layer4, the paper's conv2_x to conv5_x."
        ),
        "He et al. 2015, arXiv:1512.03385, table 1",
        ("block", "stem", "head"),
    ),
    Term(
        "block",
        marked("Block"),
        ("blocks", "residual-block", "unit", "残差块"),
        marked(
            "One residual unit: a few convolutions F and a shortcut around them, F(x) + x. resnet50 has 16, of 3 "
            "convolutions each. Its names are layer1.0 to layer4.2; the first of a stage is the one that may change "
            "the shape."
        ),
        "He et al. 2015, arXiv:1512.03385, figure 2",
        ("bottleneck", "basic-block", "residual"),
    ),
    Term(
        "residual",
        marked("Residual path"),
        ("residual-path", "residual-branch", "f(x)", "skip-connection", "残差", "残差连接", "残差路径"),
        marked(
            "The convolutions F of a block, whose result is added to what came in. It has to learn only the "
            "difference from x; if all of its weights are 0, the block passes x on. The gradient of the sum reaches x "
            "unchanged through the shortcut."
        ),
        "He et al. 2015, arXiv:1512.03385",
        ("block", "identity", "degradation"),
    ),
    Term(
        "degradation",
        marked("Degradation"),
        ("degradation-problem", "退化", "退化问题"),
        marked(
            "More layers, yet more error on the training images too, so it is not overfitting. On CIFAR-10 a plain "
            "net of 56 layers did worse than one of 20; on ImageNet the top-1 error of 34 plain layers was 28.54%, of "
            "18 it was 27.94%. With shortcuts it was 25.03% and 27.88%."
        ),
        "He et al. 2015, arXiv:1512.03385, figure 1 and table 2",
        ("residual", "identity"),
    ),
    Term(
        "bottleneck",
        marked("Bottleneck"),
        ("bottleneck-block", "瓶颈", "瓶颈结构", "瓶颈块"),
        marked(
            "A block of 1×1, 3×3, 1×1: reduce to the width, work there, expand to 4 times the planes. resnet50's "
            "layer1.1 goes 256 → 64 → 64 → 256 with 69,632 weights, where two 3×3 on 256 channels would have "
            "1,179,648. A stage has two kinds, written (C, width, C_out, stride): in layer1 (64, 64, 256, 1) with a "
            "projection, then (256, 64, 256, 1)."
        ),
        "He et al. 2015, arXiv:1512.03385, figure 5",
        ("basic-block", "width", "expansion", "projection"),
    ),
    Term(
        "basic-block",
        marked("Basic block"),
        ("basic", "basicblock", "基本块", "基础块"),
        marked(
            "A block of two 3×3 convolutions, as in resnet18 and resnet34. What goes out has as many channels as the "
            "planes say: 64, 128, 256 and 512 in the four stages. It has no 1×1 to stride in, so v1 and v1.5 are one."
        ),
        "He et al. 2015, arXiv:1512.03385, figure 5",
        ("bottleneck", "block"),
    ),
    Term(
        "identity",
        marked("Identity shortcut"),
        ("identity-shortcut", "identity-mapping", "shortcut", "skip", "恒等映射", "恒等捷径", "捷径", "跳跃连接"),
        marked(
            "A shortcut that passes x on as it is; it has no parameters and no MACs. It needs one shape on both "
            "sides. 12 of resnet50's 16 shortcuts are of this kind, all but the first of each stage."
        ),
        "He et al. 2015, arXiv:1512.03385, equation 1",
        ("projection", "residual"),
    ),
    Term(
        "projection",
        marked("Projection shortcut"),
        ("projection-shortcut", "downsample", "投影", "投影捷径"),
        marked(
            "A shortcut with a convolution, where x has not the shape of F(x): a 1×1 with the block's stride, then "
            "normalisation. Both a stride and a change of channels ask for one; resnet50's layer1.0 projects only "
            "because 64 channels become 256. Its 4 projections hold 2,768,896 weights. torchvision names it "
            "downsample even where nothing is downsampled."
        ),
        "He et al. 2015, arXiv:1512.03385, equation 2",
        ("identity", "shortcut-b", "shortcut-d"),
    ),
    Term(
        "shortcut-a",
        marked("Shortcut A: subsample and pad with zeros"),
        ("option-a", "a"),
        marked(
            "Where the shape changes, take every second row and column and fill the new channels with zeros: no "
            "parameters. The paper's CIFAR nets have it. resnet50 with it would have 22,780,456 parameters and take "
            "3,729,522,688 MACs. With it the paper's ResNet-34 had a top-1 error of 25.03%."
        ),
        "He et al. 2015, arXiv:1512.03385, section 4.1 and table 3",
        ("shortcut-b", "shortcut-c"),
    ),
    Term(
        "shortcut-b",
        marked("Shortcut B: project where the shape changes"),
        ("option-b", "b"),
        marked(
            "A 1×1 convolution where the shape changes, identity elsewhere: what torchvision and nearly everyone has. "
            "resnet50 has 25,557,032 parameters with it. The paper's ResNet-34 went from 25.03% (A) to 24.52% top-1 "
            "error."
        ),
        "He et al. 2015, arXiv:1512.03385, section 4.1 and table 3",
        ("shortcut-a", "shortcut-c", "projection"),
    ),
    Term(
        "shortcut-c",
        marked("Shortcut C: project everywhere"),
        ("option-c", "c"),
        marked(
            "A 1×1 convolution on every shortcut. resnet50 would have 40,128,552 parameters and take 6,555,435,008 "
            "MACs with it; the paper's ResNet-34 gained little over B (24.19% against 24.52% top-1 error), and left "
            "it there."
        ),
        "He et al. 2015, arXiv:1512.03385, section 4.1 and table 3",
        ("shortcut-b", "projection"),
    ),
    Term(
        "shortcut-d",
        marked("Shortcut D: average, then project"),
        ("option-d", "resnet-d", "d"),
        marked(
            "A 2×2 average pool of stride 2, then a 1×1 of stride 1. The 1×1 of stride 2 in shortcut B reads one of 4 "
            "positions and ignores three quarters of its input; the average reads all. Parameters and MACs stay those "
            "of B. resnet50d has it, and a stem of three 3×3."
        ),
        "He et al. 2018, Bag of Tricks, arXiv:1812.01187, section 4",
        ("shortcut-b", "stem", "v1"),
    ),
    Term(
        "v1",
        marked("v1: the stride in the first 1×1"),
        ("resnet-v1",),
        marked(
            "The paper's bottleneck downsamples in its first 1×1, which so reads one of 4 positions. ResNet-50 v1 "
            "takes 3,857,973,248 MACs, 231,211,008 fewer than v1.5, with the same parameters. The paper's 3.8·10⁹ are "
            "of this net."
        ),
        "He et al. 2015, arXiv:1512.03385",
        ("v1.5", "bottleneck"),
    ),
    Term(
        "v1.5",
        marked("v1.5: the stride in the 3×3"),
        ("v15", "resnet-v1.5", "v1-5"),
        marked(
            "A bottleneck that downsamples in its 3×3, which reads every position, as torchvision's and timm's do: "
            "4,089,184,256 MACs for resnet50, 5.7% of which v1 would not need. NVIDIA reports about 0.5% better top-1 "
            "accuracy than v1 at about 5% fewer images a second. Few who write ResNet-50 say which they mean."
        ),
        "NVIDIA DeepLearningExamples, ResNet50 v1.5 for PyTorch",
        ("v1", "bottleneck"),
    ),
    Term(
        "pre-activation",
        marked("Pre-activation (v2)"),
        ("preact", "preactivation", "v2", "resnetv2", "预激活"),
        marked(
            "Normalisation and ReLU before each convolution, not after it, and nothing after the sum, so that x "
            "travels from block to block by additions alone. After the last sum they follow once. On CIFAR-10 it "
            "took a net of 1,001 layers from 7.61 % error to 4.92 %. resnetv2_50 has 25,549,352 parameters."
        ),
        "He et al. 2016, arXiv:1603.05027, figure 4",
        ("identity", "block"),
    ),
)
