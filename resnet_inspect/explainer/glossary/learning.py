"""Words of any course on deep learning, as far as they bear on what a net costs."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "resnet",
        marked("ResNet: residual network"),
        ("residual-network", "cnn", "convnet", "neural-network", "残差网络", "卷积神经网络"),
        marked(
            "A network of convolutions in residual blocks, each of which adds its result to its input. The number in a "
            "name counts the convolutions and the linear layer on the longest path: resnet50 has a stem, 16 blocks of "
            "3 and the classifier. `resnet-inspect explain resnet50` walks through one."
        ),
        "He et al. 2015, arXiv:1512.03385",
        ("block", "stage", "degradation"),
    ),
    Term(
        "convolution",
        marked("Convolution"),
        ("conv", "conv2d", "kernel", "kernel-size", "filter", "卷积", "卷积层", "卷积核"),
        marked(
            "Each output value is a weighted sum over a window of k×k positions and all input channels; the same "
            "weights serve at every position. It has k·k·C·C_out weights and uses each once per output position, "
            "which is why MACs grow with the image and parameters do not."
        ),
        see=("mac", "stride", "padding", "group-convolution"),
    ),
    Term(
        "relu",
        marked("ReLU"),
        ("rectified-linear-unit", "activation-function", "nonlinearity", "激活函数"),
        marked(
            "max(x, 0), element by element. It has no parameters and no MACs, but eager torch reads and writes the "
            "whole map for it unless it runs in place. Some counters count one operation an element. Not to be "
            "confused with activations, the values themselves."
        ),
        see=("activations", "fusion", "convention"),
    ),
    Term(
        "pooling",
        marked("Pooling"),
        ("pool", "max-pool", "maxpool", "avg-pool", "avgpool", "average-pool", "global-average-pool", "gap", "池化"),
        marked(
            "The maximum or the mean of each window, channel by channel, without weights. The stem's max pool halves "
            "the map; the head's global average pool leaves one value per channel, so the classifier takes images of "
            "any size. Pools have no MACs here."
        ),
        see=("stem", "head", "stride"),
    ),
    Term(
        "softmax",
        marked("Softmax and logits"),
        ("logits", "logit", "probability", "argmax", "概率"),
        marked(
            "Logits are the head's outputs, one number per class. exp(x) divided by the sum of all exp(x) makes them "
            "probabilities; the largest stays the largest. torchvision's ResNets end in logits, and the loss applies "
            "softmax, so it is in none of these counts."
        ),
        see=("head", "loss"),
    ),
    Term(
        "loss",
        marked("Loss"),
        ("cross-entropy", "loss-function", "objective", "损失", "损失函数", "交叉熵"),
        marked(
            "The number that training lowers: for classification the cross-entropy of the logits and the label. Its "
            "cost is negligible next to the net. `bench --task train` runs one."
        ),
        see=("training", "softmax"),
    ),
    Term(
        "batch-size",
        marked("Batch size"),
        ("batch", "minibatch", "mini-batch", "batchsize", "批大小", "批量大小", "批次"),
        marked(
            "The images that go through the net at once: the N of N,C,H,W. MACs and activations grow with it in "
            "proportion, parameters do not. A larger batch reads each weight once for more images, so a GPU comes "
            "closer to its peak. Set it with --batch-size."
        ),
        see=("throughput", "peak-memory", "arithmetic-intensity"),
    ),
    Term(
        "training",
        marked("Training step"),
        ("train", "training-step", "step", "iteration", "epoch", "epochs", "训练", "迭代"),
        marked(
            "Forward, backward and the optimizer's update on one batch; an epoch is as many steps as cover the data "
            "set. Backward computes a gradient for the weights and one for the input of nearly every layer, so a step "
            "takes about three times the forward pass's FLOPs. `--task train` counts, predicts or measures one."
        ),
        see=("gradient", "optimizer", "peak-memory"),
    ),
    Term(
        "inference",
        marked("Inference"),
        ("infer", "forward", "forward-pass", "evaluation", "eval", "predict", "prediction", "推理", "前向传播"),
        marked(
            "A forward pass without gradients, in eval mode: batch normalisation uses its running statistics, and a "
            "tensor is freed after its last reader. It is what every command assumes unless `--task train` is given."
        ),
        see=("training", "folding", "latency"),
    ),
    Term(
        "gradient",
        marked("Gradient"),
        (
            "gradients",
            "backward",
            "backward-pass",
            "backpropagation",
            "backprop",
            "autograd",
            "vanishing-gradient",
            "vanishing-gradients",
            "梯度",
            "反向传播",
            "梯度消失",
        ),
        marked(
            "How much the loss changes with each weight. Backward computes it layer by layer from the head to the "
            "stem, and needs tensors that forward made, which is why training takes far more memory than inference. "
            "Through a shortcut it passes unchanged, so it reaches early layers of deep nets."
        ),
        see=("training", "residual", "peak-memory"),
    ),
    Term(
        "optimizer",
        marked("Optimizer"),
        ("optimiser", "sgd", "adam", "momentum", "learning-rate", "lr", "weight-decay", "优化器", "学习率", "动量"),
        marked(
            "The rule that changes the weights by their gradients. SGD with momentum keeps one more number per weight, "
            "Adam two; learning rate and weight decay cost nothing. `memory --task train --optimizer adam` counts "
            "what it keeps."
        ),
        see=("training", "peak-memory"),
    ),
    Term(
        "accuracy",
        marked("Accuracy"),
        ("top-1", "top1", "top-5", "top5", "error-rate", "准确率", "精确度"),
        marked(
            "The share of images whose class the net names: as its first guess (top-1) or among five (top-5). It "
            "depends on the weights and how they were trained, which this package never loads. It says what a net "
            "costs, not how good it is; torchvision and timm publish accuracies of their weights."
        ),
        see=("pretrained", "dataset"),
    ),
    Term(
        "pretrained",
        marked("Pretrained weights"),
        (
            "checkpoint",
            "state-dict",
            "pth",
            "transfer-learning",
            "fine-tuning",
            "finetuning",
            "预训练",
            "微调",
            "检查点",
        ),
        marked(
            "Weights that somebody trained, saved as a checkpoint: names and tensors, without the code of the net. "
            "Costs do not depend on their values, so nothing here downloads or opens them. `ri.build` gives "
            "torchvision's parameter names, and so loads its checkpoints."
        ),
        see=("parameters", "buffers", "backbone"),
    ),
    Term(
        "dataset",
        marked("Data set"),
        ("data-set", "imagenet", "cifar", "cifar-10", "cifar10", "cifar-100", "mnist", "数据集"),
        marked(
            "The images of a training. ImageNet's ResNets take 224×224 and name 1000 classes. CIFAR-10 has images of "
            "32×32 in 10 classes, and its nets a smaller stem. A net for one size runs on the other, but its costs "
            "must not be ranked with nets of that size."
        ),
        see=("stem", "head"),
    ),
    Term(
        "depth",
        marked("Depth"),
        ("depths", "layer", "layers", "number-of-layers", "深度", "层", "层数"),
        marked(
            "How many blocks, or layers, follow one another. In a spec the field depths has the blocks of each stage: "
            "3,4,6,3 in resnet50. The option `--depth stage|block|layer` is something else: how finely an answer is "
            "divided into rows."
        ),
        see=("stage", "block", "degradation"),
    ),
    Term(
        "regularisation",
        marked("Regularisation"),
        ("regularization", "dropout", "drop-path", "stochastic-depth", "data-augmentation", "overfitting", "正则化"),
        marked(
            "What keeps a net from learning its images by heart: dropout, stochastic depth, augmentation, weight "
            "decay. It acts in training alone; dropout and stochastic depth pass their input on in evaluation, so "
            "inference costs the same with and without."
        ),
        see=("training", "inference"),
    ),
    Term(
        "quantisation",
        marked("Quantisation"),
        ("quantization", "quantized", "int8", "fp8", "int4", "pruning", "量化", "剪枝"),
        marked(
            "Weights and activations as small integers, int8 above all, for fewer bytes and faster arithmetic. This "
            "package counts, predicts and measures floating point: fp32, tf32, bf16 and fp16. `lint --precision int8` "
            "checks whether the channels suit int8 tensor cores."
        ),
        see=("precision", "tensor-core"),
    ),
)
