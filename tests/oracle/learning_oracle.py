"""Whether DeepCluster's training learns: a narrow AlexNet, trained from nothing on 2,000 made-up textures of five kinds whose colour, light,
contrast and scale say nothing of the kind, must tell the kinds apart, and its untrained self must not.

    python learning_oracle.py BUILD_DIR

Covers: training train
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.metrics import adjusted_rand_score

SIDE, EACH, KINDS = 64, 400, ("stripes", "noise", "blobs", "dots", "bricks")
EPOCHS, CLUSTERS, BATCH = 40, 50, 16


def texture(kind, dice):
    """One kind's brightness, of size about 1."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    angle = dice.normal(0, 0.15)
    if kind == "stripes":
        return np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / dice.uniform(6, 12) + dice.uniform(0, 6.28))
    if kind == "noise":
        return dice.normal(size=(SIDE, SIDE)) / 2
    if kind == "blobs":
        smooth = gaussian_filter(dice.normal(size=(SIDE, SIDE)), dice.uniform(3, 6), mode="wrap")
        return smooth / smooth.std()
    if kind == "dots":
        period = dice.uniform(10, 16)
        across, down = dice.uniform(0, period, 2)
        return np.where(np.hypot((x + across) % period - period / 2, (y + down) % period - period / 2) < 0.3 * period, 1.0, -1.0)
    across, down = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    row = np.floor(down / dice.uniform(4, 8) + dice.uniform()).astype(int)
    brick = np.floor(across / dice.uniform(12, 20) + row % 2 / 2).astype(int)
    return dice.normal(size=(64, 64))[row % 64, brick % 64]


def make_textures(folder):
    dice = np.random.default_rng(5)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    for kind in KINDS:
        os.makedirs(os.path.join(folder, kind))
        for number in range(EACH):
            light = dice.normal(0, 60) * x + dice.normal(0, 60) * y
            drawn = (texture(kind, dice) * dice.uniform(20, 60) + light)[..., None] * dice.uniform(0.5, 1, 3)
            pixels = dice.uniform(80, 175, 3) + drawn + dice.normal(0, dice.uniform(1, 5), (SIDE, SIDE, 1))
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(os.path.join(folder, kind, f"{number}.png"))


def agreement(program, place, name, *options):
    """Of a mixture of five Gaussians on the features' four first components, rows to length 1 first, with the kinds."""
    study = os.path.join(place, name)
    weights = os.path.join(study, "checkpoints", "deepcluster_alexnet.checkpoint.pth.tar")
    for command in (
        ("scan", "--images", os.path.join(place, "images")),
        ("train", "--width", "0.125", "--image-size", str(SIDE), "--clusters", str(CLUSTERS), "--batch", str(BATCH), *options),
        ("extract", "--backbone", "deepcluster_alexnet", "--weights", weights),
        ("reduce", "--normalize", "l2", "--components", "4"),
        ("cluster", "--algorithm", "mixture", "--covariance", "full", "--k", str(len(KINDS)), "--n-init", "3", "--seed", "1", "--name", "kinds"),
    ):
        subprocess.run([program, command[0], "--study", study, *command[1:]], check=True, stdout=subprocess.DEVNULL)
    with h5py.File(os.path.join(study, "clusterings", "kinds.h5")) as file, h5py.File(os.path.join(study, "features", "deepcluster_alexnet.h5")) as features:
        kinds = [path.decode().split("/")[0] for path in features["path"][()]]
        return adjusted_rand_score(kinds, file[f"k={len(KINDS)}"]["labels"][()])


def main():
    program = os.path.join(os.path.abspath(sys.argv[1]), "coterie")
    with tempfile.TemporaryDirectory() as place:
        make_textures(os.path.join(place, "images"))
        untrained = agreement(program, place, "untrained", "--epochs", "1", "--lr", "0")
        trained = agreement(program, place, "trained", "--epochs", str(EPOCHS))
    print(f"agreement with the kinds (ARI): {trained:.3f} after {EPOCHS} epochs, {untrained:.3f} of the untrained network")
    assert trained >= 0.8 and trained >= untrained + 0.3


if __name__ == "__main__":
    main()
