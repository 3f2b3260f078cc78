"""What extract_bench.py measures coterie against: for each backbone the network in torch, with the layer that coterie takes
by default last, and for those whose weights are Keras' own the tf_keras model that a study's script uses. Weights are
random: speed does not depend on them.
"""

from typing import Callable, NamedTuple, Optional


class Peer(NamedTuple):
    size: int
    mode: str  # of the preprocessing: torchvision, lite, caffe, tf, torch, inception
    torch: Callable  # () -> torch.nn.Module
    keras: Optional[Callable] = None  # (tf_keras.applications) -> model; without one the script is torch's
    keras_module: str = ""  # whose preprocess_input it is
    note: str = ""  # where the torch network is not the same


def without_head(name):
    def build():
        import torch
        import torchvision

        arguments = {"aux_logits": False, "init_weights": False} if name == "inception_v3" else {}
        model = getattr(torchvision.models, name)(weights=None, **arguments)
        setattr(model, "classifier" if name.startswith("densenet") else "fc", torch.nn.Identity())
        return model

    return build


def fully_connected(name, last):
    def build():
        import torchvision

        model = getattr(torchvision.models, name)(weights=None)
        model.classifier = model.classifier[: last + 1]
        return model

    return build


def resnet50_keras():
    """The first version of the network: the stride is in the first convolution of a block."""
    model = without_head("resnet50")()
    for layer in (model.layer2, model.layer3, model.layer4):
        layer[0].conv1.stride, layer[0].conv2.stride = layer[0].conv2.stride, layer[0].conv1.stride
    return model


def xception():
    from torch import nn

    def convolution(inputs, outputs, kernel=1, stride=1):
        return [nn.Conv2d(inputs, outputs, kernel, stride, bias=False), nn.BatchNorm2d(outputs)]

    def separable(inputs, outputs):
        return [nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False), *convolution(inputs, outputs)]

    class Block(nn.Module):
        def __init__(self, widths, shrinks=True, relu_first=True):
            super().__init__()
            steps = []
            for inputs, outputs in zip(widths, widths[1:]):
                steps += [nn.ReLU(), *separable(inputs, outputs)]
            self.main = nn.Sequential(*steps[0 if relu_first else 1 :], *([nn.MaxPool2d(3, 2, 1)] if shrinks else []))
            self.side = nn.Sequential(*(convolution(widths[0], widths[-1], stride=2) if shrinks else []))

        def forward(self, x):
            return self.main(x) + self.side(x)

    return nn.Sequential(
        *convolution(3, 32, 3, 2), nn.ReLU(), *convolution(32, 64, 3), nn.ReLU(),
        Block([64, 128, 128], relu_first=False), Block([128, 256, 256]), Block([256, 728, 728]),
        *[Block([728] * 4, shrinks=False) for _ in range(8)], Block([728, 728, 1024]),
        *separable(1024, 1536), nn.ReLU(), *separable(1536, 2048), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def deepcluster(plan, pool, side, has_dropout_first):
    """DeepCluster's networks see the Sobel gradients of the grey image; plan: (channels, kernel, stride, padding) or "M"."""

    def build():
        from torch import nn

        layers, inputs = [nn.Conv2d(3, 1, 1), nn.Conv2d(1, 2, 3, padding=1)], 2
        for step in plan:
            if step == "M":
                layers.append(nn.MaxPool2d(*pool))
                continue
            outputs, kernel, stride, padding = step
            layers += [nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs), nn.ReLU()]
            inputs = outputs
        return nn.Sequential(*layers, nn.Flatten(), *([nn.Dropout()] if has_dropout_first else []),
                             nn.Linear(inputs * side * side, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096))

    return build


DEEPCLUSTER_ALEXNET = deepcluster([(96, 11, 4, 2), "M", (256, 5, 1, 2), "M", (384, 3, 1, 1), (384, 3, 1, 1), (256, 3, 1, 1), "M"],
                                  (3, 2), 6, True)
DEEPCLUSTER_VGG16 = deepcluster([step if step == "M" else (step, 3, 1, 1)
                                 for step in (64, 64, "M", 128, 128, "M", *[256] * 3, "M", *[512] * 3, "M", *[512] * 3, "M")],
                                (2, 2), 7, False)


def efficientnet_lite(number):
    def build():
        import torch
        from efficientnet_lite_pytorch import EfficientNet

        model = EfficientNet.from_name(f"efficientnet-lite{number}")
        model._fc = torch.nn.Identity()
        return model

    return build


def keras_layer(name, layer):
    def build(applications):
        model = getattr(applications, name)(weights=None)
        return type(model)(model.input, model.get_layer(layer).output)

    return build


PEERS = {
    "vgg16": Peer(224, "caffe", fully_connected("vgg16", 1), keras_layer("VGG16", "fc1"), "vgg16"),
    "resnet50": Peer(224, "torchvision", without_head("resnet50")),
    "resnet50_keras": Peer(224, "caffe", resnet50_keras, keras_layer("ResNet50", "avg_pool"), "resnet50"),
    "xception": Peer(299, "tf", xception, keras_layer("Xception", "avg_pool"), "xception"),
    "inception_v3": Peer(299, "tf", without_head("inception_v3"), keras_layer("InceptionV3", "avg_pool"), "inception_v3"),
    "inception_2015": Peer(299, "inception", without_head("inception_v3"),
                           note="torchvision's Inception v3: average for the last maximum pool, the same flops"),
    "densenet201": Peer(224, "torchvision", without_head("densenet201")),
    "densenet201_keras": Peer(224, "torch", without_head("densenet201"), keras_layer("DenseNet201", "avg_pool"), "densenet"),
    "alexnet": Peer(224, "torchvision", fully_connected("alexnet", 5)),
    "deepcluster_alexnet": Peer(224, "torchvision", DEEPCLUSTER_ALEXNET),
    "deepcluster_vgg16": Peer(224, "torchvision", DEEPCLUSTER_VGG16),
    **{f"efficientnet_lite{number}": Peer(size, "lite", efficientnet_lite(number))
       for number, size in enumerate((224, 240, 260, 280, 300))},
}
