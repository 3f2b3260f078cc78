#!/usr/bin/env python3
"""Holds coterie's features, from the image file on, against the libraries that the weights come from.

    networks_oracle.py BUILD_DIR

torchvision's ResNet-50 and Keras' VGG-16 with seeded random weights, which those libraries write into real .pth (both
containers), .safetensors and .h5 files; EfficientNet-Lite0 with its real weights against efficientnet-lite-pytorch.
Each image's features must agree to 1e-4 of their norm (float32 sums in another order give about 1e-6).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
IMAGES = sorted((ROOT / "data" / "efficientnet_lite0" / "images").iterdir())
PHOTOS = [path for path in IMAGES if Image.open(path).mode == "RGB"]  # alpha: each library has its own way, or none
TOLERANCE = 1e-4


def probe(build, backbone, layer, weights, images, out):
    command = [build / "tests" / "features" / "features_probe", backbone, layer, weights, *images, "-o", out]
    subprocess.run([str(word) for word in command], check=True)
    return np.load(out)


def compare(name, ours, theirs):
    error = np.linalg.norm(ours - theirs, axis=1) / np.linalg.norm(theirs, axis=1)
    good = bool(error.max() <= TOLERANCE)
    print(f"{'ok  ' if good else 'FAIL'} {name}: largest relative error {error.max():.1e} over {len(error)} images")
    return good


def randomise_normalisation(model, seed):
    """Fresh models have neutral statistics, with which a wrong fold could pass unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            for positive in (module.running_var, module.weight.data):
                positive.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.normal_(0, 0.1, generator=generator)


def check_resnet50(build, folder):
    import torchvision
    from safetensors.torch import save_file
    from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

    torch.manual_seed(11)
    model = torchvision.models.resnet50().eval()
    randomise_normalisation(model, 12)
    files = [folder / "zip.pth", folder / "legacy.pth", folder / "resnet50.safetensors"]
    torch.save(model.state_dict(), files[0])
    torch.save(model.state_dict(), files[1], _use_new_zipfile_serialization=False)
    save_file(model.state_dict(), files[2])
    model.fc = torch.nn.Identity()
    transform = Compose([Resize(256), CenterCrop(224), ToTensor(),
                         Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    with torch.no_grad():
        theirs = model(torch.stack([transform(Image.open(path)) for path in PHOTOS])).numpy()
    return [compare(f"resnet50 avg_pool, {file.name}",
                    probe(build, "resnet50", "avg_pool", file, PHOTOS, folder / "out.npy"), theirs) for file in files]


def check_vgg16(build, folder):
    import tf_keras
    from tf_keras.applications.vgg16 import VGG16, preprocess_input

    tf_keras.utils.set_random_seed(13)
    model = VGG16(weights=None)
    for layer in model.layers:  # biases are zero in a fresh model
        if layer.weights:
            layer.bias.assign(np.random.default_rng(len(layer.name)).normal(0, 0.1, layer.bias.shape))
    file = folder / "vgg16.h5"
    model.save_weights(file, save_format="h5")
    load = tf_keras.utils.load_img
    pixels = np.stack([tf_keras.utils.img_to_array(load(path, target_size=(224, 224))) for path in PHOTOS])
    results = []
    for layer in ("fc1", "fc2"):
        tapped = tf_keras.Model(model.input, model.get_layer(layer).output)
        theirs = tapped.predict(preprocess_input(pixels.copy()), verbose=0)
        results.append(compare(f"vgg16 {layer}, {file.name}",
                               probe(build, "vgg16", layer, file, PHOTOS, folder / "out.npy"), theirs))
    return results


def check_lite0(build, folder):
    from efficientnet_lite_pytorch import EfficientNet

    weights = os.environ.get("COTERIE_WEIGHTS", Path.home() / ".cache/coterie/weights")
    files = sorted(Path(weights).glob("efficientnet*lite0*.pth"))
    if not files:
        print(f"FAIL efficientnet_lite0: no weights in {weights}; run tools/fetch_weights efficientnet_lite0")
        return [False]
    model = EfficientNet.from_name("efficientnet-lite0").eval()
    model.load_state_dict(torch.load(files[0]))

    def pixels(path):
        image = Image.open(path)
        side = int(min(image.size) * 224 / 256)
        left, top = ((length - side + 1) // 2 for length in image.size)
        square = image.crop((left, top, left + side, top + side)).resize((224, 224), Image.BICUBIC)
        return torch.from_numpy((np.asarray(square, dtype="float32") - 127) / 128).permute(2, 0, 1)

    with torch.no_grad():
        theirs = model.extract_features(torch.stack([pixels(path) for path in PHOTOS])).mean((2, 3)).numpy()
    ours = probe(build, "efficientnet_lite0", "pooled", files[0], PHOTOS, folder / "out.npy")
    return [compare(f"efficientnet_lite0 pooled, {files[0].name}", ours, theirs)]


CHECKS = {"efficientnet_lite0": check_lite0, "resnet50": check_resnet50, "vgg16": check_vgg16}


def main():
    build = Path(sys.argv[1])
    if len(sys.argv) > 2:
        with tempfile.TemporaryDirectory() as folder:
            return 0 if all(CHECKS[sys.argv[2]](build, Path(folder))) else 1
    # Each in a process of its own: torch and TensorFlow bring clashing copies of protobuf.
    codes = [subprocess.run([sys.executable, __file__, build, name]).returncode for name in CHECKS]
    for name, code in zip(CHECKS, codes):
        if code != 0:
            print(f"FAIL {name} (exit code {code})")
    return 0 if not any(codes) else 1


if __name__ == "__main__":
    sys.exit(main())
