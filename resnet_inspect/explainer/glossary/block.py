"""The residual block: its parts and its kinds."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "stage",
        marked("Stage"),
        ("stages", "layer1", "conv2_x", "阶段"),
        marked(
            "A row of table 1 in the ResNet paper: the stem, layer1 to layer4, or the head. All blocks of a stage work "
            "at one resolution; the first block sets it and the number of channels. resnet50 has 3, 4, 6 and 3 blocks "
            "in layer1 to layer4, which the paper calls conv2_x to conv5_x."
        ),
        "He et al. 2015, arXiv:1512.03385, table 1",
        ("block", "stem", "head"),
    ),
    Term(
        "block",
        marked("Block"),
        ("blocks", "residual-block", "unit", "残差块"),
        marked(
            "One residual unit: a few convolutions F and a shortcut around them, F(x) + x. resnet50 has 16 blocks of 3 "
            "convolutions each, named layer1.0 to layer4.2. Only the first block of a stage may change the shape."
        ),
        "He et al. 2015, arXiv:1512.03385, figure 2",
        ("bottleneck", "basic-block", "residual"),
    ),
    Term(
        "residual",
        marked("Residual path"),
        ("residual-path", "residual-branch", "f(x)", "skip-connection", "残差", "残差连接", "残差路径"),
        marked(
            "The convolutions F of a block; the block adds their result to its input x. F has to learn only the "
            "difference from x. If all its weights are 0, the block passes x on unchanged. Through the shortcut, the "
            "gradient of the sum reaches x unchanged."
        ),
        "He et al. 2015, arXiv:1512.03385",
        ("block", "identity", "degradation"),
    ),
    Term(
        "degradation",
        marked("Degradation"),
        ("degradation-problem", "退化", "退化问题"),
        marked(
            "More layers give more error, on the training images too, so the cause is not overfitting. On CIFAR-10 a "
            "plain net of 56 layers did worse than one of 20. On ImageNet, 34 plain layers had a top-1 error of "
            "28.54%, and 18 had 27.94%. With shortcuts the errors were 25.03% and 27.88%."
        ),
        "He et al. 2015, arXiv:1512.03385, figure 1 and table 2",
        ("residual", "identity"),
    ),
    Term(
        "bottleneck",
        marked("Bottleneck"),
        ("bottleneck-block", "瓶颈", "瓶颈结构", "瓶颈块"),
        marked(
            "A block of three convolutions: a 1×1 reduces the channels to the width, a 3×3 works there, a 1×1 expands "
            "to 4 times the planes. resnet50's layer1.1 goes 256 → 64 → 64 → 256 with 69,632 weights; two 3×3 on 256 "
            "channels would need 1,179,648. A stage has two kinds of block, written (C, width, C_out, stride). In "
            "layer1 they are (64, 64, 256, 1) with a projection, then (256, 64, 256, 1)."
        ),
        "He et al. 2015, arXiv:1512.03385, figure 5",
        ("basic-block", "width", "expansion", "projection"),
    ),
    Term(
        "basic-block",
        marked("Basic block"),
        ("basic", "basicblock", "基本块", "基础块"),
        marked(
            "A block of two 3×3 convolutions, as in resnet18 and resnet34. It outputs as many channels as its stage "
            "has planes: 64, 128, 256 and 512. It has no 1×1 that could take the stride, so v1 and v1.5 are the same."
        ),
        "He et al. 2015, arXiv:1512.03385, figure 5",
        ("bottleneck", "block"),
    ),
    Term(
        "identity",
        marked("Identity shortcut"),
        ("identity-shortcut", "identity-mapping", "shortcut", "skip", "恒等映射", "恒等捷径", "捷径", "跳跃连接"),
        marked(
            "A shortcut that passes x on unchanged, without parameters or MACs. Input and output must have the same "
            "shape. 12 of resnet50's 16 shortcuts are identities: all but the first of each stage."
        ),
        "He et al. 2015, arXiv:1512.03385, equation 1",
        ("projection", "residual"),
    ),
    Term(
        "projection",
        marked("Projection shortcut"),
        ("projection-shortcut", "downsample", "投影", "投影捷径"),
        marked(
            "A shortcut with a convolution, for blocks whose x and F(x) differ in shape: a 1×1 with the block's "
            "stride, then normalisation. A stride or a change of channels makes it necessary; resnet50's layer1.0 "
            "projects only because 64 channels become 256. The 4 projections of resnet50 hold 2,768,896 weights. "
            "torchvision calls them downsample even where nothing is downsampled."
        ),
        "He et al. 2015, arXiv:1512.03385, equation 2",
        ("identity", "shortcut-b", "shortcut-d"),
    ),
    Term(
        "shortcut-a",
        marked("Shortcut A: subsample and pad with zeros"),
        ("option-a", "a"),
        marked(
            "Where the shape changes, it takes every second row and column and fills the new channels with zeros, "
            "without parameters. The paper's CIFAR nets use it. With it, resnet50 would have 22,780,456 parameters and "
            "take 3,729,522,688 MACs. The paper's ResNet-34 had a top-1 error of 25.03% with it."
        ),
        "He et al. 2015, arXiv:1512.03385, section 4.1 and table 3",
        ("shortcut-b", "shortcut-c"),
    ),
    Term(
        "shortcut-b",
        marked("Shortcut B: project where the shape changes"),
        ("option-b", "b"),
        marked(
            "A 1×1 convolution where the shape changes, identity elsewhere. torchvision and nearly everyone else use "
            "it. With it, resnet50 has 25,557,032 parameters. The paper's ResNet-34 improved from 25.03% (A) to 24.52% "
            "top-1 error."
        ),
        "He et al. 2015, arXiv:1512.03385, section 4.1 and table 3",
        ("shortcut-a", "shortcut-c", "projection"),
    ),
    Term(
        "shortcut-c",
        marked("Shortcut C: project everywhere"),
        ("option-c", "c"),
        marked(
            "A 1×1 convolution on every shortcut. With it, resnet50 would have 40,128,552 parameters and take "
            "6,555,435,008 MACs. The paper's ResNet-34 gained little over B (24.19% against 24.52% top-1 error), so "
            "the paper did not adopt it."
        ),
        "He et al. 2015, arXiv:1512.03385, section 4.1 and table 3",
        ("shortcut-b", "projection"),
    ),
    Term(
        "shortcut-d",
        marked("Shortcut D: average, then project"),
        ("option-d", "resnet-d", "d"),
        marked(
            "A 2×2 average pool with stride 2, then a 1×1 with stride 1. In shortcut B, a 1×1 with stride 2 reads one "
            "position in 4 and ignores three quarters of its input; the average reads all. Parameters and MACs are the "
            "same as with B. resnet50d uses it, with a stem of three 3×3."
        ),
        "He et al. 2018, Bag of Tricks, arXiv:1812.01187, section 4",
        ("shortcut-b", "stem", "v1"),
    ),
    Term(
        "v1",
        marked("v1: the stride in the first 1×1"),
        ("resnet-v1",),
        marked(
            "The paper's bottleneck downsamples in its first 1×1, which therefore reads one position in 4. ResNet-50 "
            "v1 takes 3,857,973,248 MACs, 231,211,008 fewer than v1.5, with the same parameters. The paper's 3.8·10⁹ "
            "are for this net."
        ),
        "He et al. 2015, arXiv:1512.03385",
        ("v1.5", "bottleneck"),
    ),
    Term(
        "v1.5",
        marked("v1.5: the stride in the 3×3"),
        ("v15", "resnet-v1.5", "v1-5"),
        marked(
            "The bottleneck of torchvision and timm downsamples in its 3×3, which reads every position. resnet50 takes "
            "4,089,184,256 MACs; v1 would need 5.7% fewer. NVIDIA reports about 0.5% better top-1 accuracy than v1 at "
            "about 5% fewer images per second. Few authors who write ResNet-50 say which one they mean."
        ),
        "NVIDIA DeepLearningExamples, ResNet50 v1.5 for PyTorch",
        ("v1", "bottleneck"),
    ),
    Term(
        "pre-activation",
        marked("Pre-activation (v2)"),
        ("preact", "preactivation", "v2", "resnetv2", "预激活"),
        marked(
            "Normalisation and ReLU come before each convolution instead of after it, and nothing follows the sum. So "
            "x travels from block to block through additions alone. After the last sum both follow once. On CIFAR-10 "
            "this reduced the error of a net of 1,001 layers from 7.61% to 4.92%. resnetv2_50 has 25,549,352 "
            "parameters."
        ),
        "He et al. 2016, arXiv:1603.05027, figure 4",
        ("identity", "block"),
    ),
)
