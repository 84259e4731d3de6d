"""Resolution: feature maps, strides, padding, receptive fields."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "feature-map",
        marked("Feature map"),
        ("tensor", "shape", "map", "channel", "channels", "nchw", "特征图", "通道", "通道数"),
        marked(
            "The output of a layer: C channels, each an image of H×W, written N×C×H×W for a batch of N. resnet50 goes "
            "from 3×224×224 through 256×56×56, 512×28×28 and 1024×14×14 to 2048×7×7: fewer positions, more channels."
        ),
        see=("stride", "stage"),
    ),
    Term(
        "stride",
        marked("Stride"),
        ("strides", "downsampling", "步幅", "步长", "下采样"),
        marked(
            "How far a window moves from one output to the next. A window of k with stride s and padding p turns a "
            "side of n into ⌊(n + 2p − k) / s⌋ + 1. A stride of 2 halves the side and leaves a quarter of the "
            "positions. resnet50 halves five times (stem, pool, stages 2 to 4): 224 / 32 = 7."
        ),
        "torch.nn.Conv2d",
        ("padding", "output-stride", "jump"),
    ),
    Term(
        "padding",
        marked("Padding"),
        ("pad", "填充"),
        marked(
            "Rows and columns of zeros around a map, so that a window can cover the border. A 3×3 with padding 1 keeps "
            "56×56; without padding, 54×54 would remain. The zeros are not part of the image: on a map of 1×1, 8 of "
            "the 9 values that a 3×3 reads are padding."
        ),
        see=("effective-padding", "stride"),
    ),
    Term(
        "receptive-field",
        marked("Receptive field"),
        ("rf", "field", "感受野"),
        marked(
            "The side of the square of pixels that can change one value. Every window adds (k − 1)·jump; of two "
            "branches the larger counts. In resnet50 it is 11 after the stem, then 35, 91, 267 and 427 after the four "
            "stages. The last two exceed the image of 224. The pixels with a real influence form a smaller blob in the "
            "middle. It is through convolutions and pools alone: a gate or GroupNorm sees the whole image."
        ),
        "Araujo et al. 2019, doi:10.23915/distill.00021; Luo et al. 2016, arXiv:1701.04128",
        ("jump", "effective-padding"),
    ),
    Term(
        "jump",
        marked("Jump"),
        ("total-stride", "effective-stride", "跳距", "累计步幅"),
        marked(
            "How many pixels of the image separate two neighbours on a map: the product of all strides so far. In "
            "resnet50 it is 4 after the stem and stage 1, then 8, 16 and 32. If the last one does not divide a side of "
            "the image, the net loses a border or adds a half-empty one on the way."
        ),
        "Araujo et al. 2019, doi:10.23915/distill.00021",
        ("stride", "receptive-field", "output-stride"),
    ),
    Term(
        "effective-padding",
        marked("Effective padding"),
        ("total-padding", "有效填充", "等效填充"),
        marked(
            "How many pixels outside the image the first value's receptive field begins: the sum of every padding "
            "times the jump before it. In resnet50 it is 213 after stage 4, where the field is 427. So the first value "
            "is centred on the first pixel, and most of its field lies outside the image."
        ),
        "Araujo et al. 2019, doi:10.23915/distill.00021",
        ("receptive-field", "padding"),
    ),
    Term(
        "output-stride",
        marked("Output stride"),
        ("output_stride", "os", "输出步幅"),
        marked(
            "The side of the image divided by the side of the last map: 32 in a classifier (224 / 7). Segmentation "
            "needs finer maps and sets 16 or 8; dilation replaces the strides beyond that. The parameters stay, the "
            "work grows: resnet50 takes 6,208,618,496 MACs at 16 and 19,079,364,608 at 8."
        ),
        "Chen et al. 2017, arXiv:1706.05587",
        ("dilation", "stride"),
    ),
    Term(
        "dilation",
        marked("Dilation"),
        ("dilated", "atrous", "空洞卷积", "膨胀卷积", "空洞率"),
        marked(
            "The distance between the taps of a window: with dilation d, a 3×3 spans 2·d + 1 pixels with 9 weights. It "
            "replaces a stride where the map must not shrink. Later layers then see as far as if the map had shrunk."
        ),
        "Yu and Koltun 2015, arXiv:1511.07122",
        ("output-stride", "receptive-field"),
    ),
)
