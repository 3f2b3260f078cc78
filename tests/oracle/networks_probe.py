"""What the network oracles share: coterie's features of image files, and how they are compared."""

import os
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
IMAGES = sorted((ROOT / "data" / "efficientnet_lite0" / "images").iterdir())
PHOTOS = [path for path in IMAGES if Image.open(path).mode == "RGB"]  # alpha: each library has its own way, or none
TOLERANCE = 1e-4
WEIGHTS = Path(os.environ.get("COTERIE_WEIGHTS", Path.home() / ".cache/coterie/weights"))


def probe(build, backbone, layer, weights, images):
    """The features lie beside the weights, in the check's own folder."""
    out = Path(weights).with_suffix(".features.npy")
    program = build / "tests" / "features" / "features_probe"
    subprocess.run([str(word) for word in (program, backbone, layer, weights, *images, "-o", out)], check=True)
    return np.load(out)


def compare(name, ours, theirs):
    theirs = np.asarray(theirs).reshape(len(ours), -1)
    if ours.shape != theirs.shape:
        print(f"FAIL {name}: shape {ours.shape}, {theirs.shape} is wanted")
        return False
    error = np.linalg.norm(ours - theirs, axis=1) / np.linalg.norm(theirs, axis=1)
    spread = np.linalg.norm(theirs - theirs.mean(axis=0)) / np.linalg.norm(theirs)  # dead features agree always
    good = bool(error.max() <= TOLERANCE and spread > 0.01)
    print(f"{'ok  ' if good else 'FAIL'} {name}: largest relative error {error.max():.1e} over {len(error)} images, "
          f"spread {spread:.2f}", flush=True)
    return good


def compare_layers(build, backbone, file, theirs, images=PHOTOS):
    """theirs: the wanted features of each layer."""
    return [compare(f"{backbone} {layer}, {file.name}", probe(build, backbone, layer, file, images), features)
            for layer, features in theirs.items()]
