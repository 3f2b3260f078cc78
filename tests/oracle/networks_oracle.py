#!/usr/bin/env python3
"""Compares coterie's features, from the image file on, with the libraries that the weights come from.

    networks_oracle.py BUILD_DIR [CHECK...]

Every network with seeded random weights, which those libraries write themselves into real files, and EfficientNet-Lite
with its published ones: torchvision, Keras, DeepCluster's networks and the Inception graph of 2015 rebuilt. Each
image's features must agree to 1e-4 of their norm (float32 sums in another order give 1e-6 to 1e-5).

Covers: features tiles
"""

import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CHECKS = {  # in which module
    "efficientnet_lite": "networks_torch",
    "resnet50": "networks_torch",
    "densenet201": "networks_torch",
    "alexnet": "networks_torch",
    "vgg16_torchvision": "networks_torch",
    "deepcluster_alexnet": "networks_torch",
    "deepcluster_vgg16": "networks_torch",
    "vgg16": "networks_keras",
    "vgg16_places": "networks_keras",
    "vgg16_vggface": "networks_keras",
    "resnet50_keras_old": "networks_keras",
    "resnet50_keras_new": "networks_keras",
    "xception": "networks_keras",
    "inception_v3": "networks_keras",
    "densenet201_keras": "networks_keras",
    "inception_2015": "networks_graph",
}


def run_check(build, name):
    check = getattr(importlib.import_module(CHECKS[name]), f"check_{name}")
    with tempfile.TemporaryDirectory() as folder:
        results = check(build, Path(folder))
    return 0 if results and all(results) else 1


def main():
    build, names = Path(sys.argv[1]), sys.argv[2:]
    if len(names) == 1:
        return run_check(build, names[0])
    # Each in a process of its own: torch and TensorFlow bring clashing copies of protobuf.
    wrong = [name for name in names or CHECKS if subprocess.run([sys.executable, __file__, build, name]).returncode]
    for name in wrong:
        print(f"FAIL {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
