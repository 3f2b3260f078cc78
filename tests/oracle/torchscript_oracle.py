#!/usr/bin/env python3
"""Compares torchscript:FILE, from the image file on, with the module that torch.jit traced and scripted.

    torchscript_oracle.py BUILD_DIR

torchvision's ResNet-18 at its own size, traced, and at 160 pixels, scripted. Each image's features must agree to 1e-4
of their norm.

Covers: torchscript features
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torchvision
from networks_probe import PHOTOS, compare
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor


def features(build, file, *departures):
    out = file.with_suffix(".npy")
    command = [build / "tests" / "features" / "features_probe", f"torchscript:{file}", "output", "-", *PHOTOS, "-o", out]
    for departure in departures:
        command += ["--preprocess", departure]
    subprocess.run([str(word) for word in command], check=True)
    return np.load(out)


def by_torch(model, resize, size):
    transform = Compose([Resize(resize), CenterCrop(size), ToTensor(),
                         Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    with torch.no_grad():
        return model(torch.stack([transform(Image.open(path)) for path in PHOTOS])).numpy()


def main():
    build = Path(sys.argv[1])
    torch.manual_seed(17)
    model = torchvision.models.resnet18().eval()
    model.fc = torch.nn.Identity()
    with tempfile.TemporaryDirectory() as folder:
        traced, scripted = Path(folder) / "traced.pt", Path(folder) / "scripted.pt"
        torch.jit.trace(model, torch.zeros(1, 3, 224, 224)).save(traced)
        torch.jit.script(model).save(scripted)
        good = [compare("ResNet-18, traced", features(build, traced), by_torch(model, 256, 224)),
                compare("ResNet-18 at 160 pixels, scripted",
                        features(build, scripted, "size=160", "resize=180"), by_torch(model, 180, 160))]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
