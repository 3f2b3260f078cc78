#!/usr/bin/env python3
"""Compares coterie words with OpenCV's SIFT through Python and torchvision's AlexNet, and grey pixels with Pillow, on the same pixels.

    words_oracle.py BUILD_DIR

Keypoints, descriptors, the cap and its ties, the reduction, the grid, RootSIFT; the vectors of a layer's locations, and by
their gradients what each of them sees of the image; grey pixels and scikit-learn's IncrementalPCA of them.

Covers: descriptors words codebook features reduction
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import h5py
import numpy as np
import torch
import torchvision
from PIL import Image
from sklearn.decomposition import IncrementalPCA
from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

from networks_torch import randomise

ROOT = Path(__file__).resolve().parent.parent
LAYER = 11  # of AlexNet's features: the ReLU behind the last convolution
# One OpenCV gives the same bits; another, whose vectors are of other widths, may round a value the other way.
DESCRIPTOR_TOLERANCE = 1


class Study:
    """Pictures, and what coterie words makes of them."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        (folder / "images").mkdir()
        for path in sorted((ROOT / "data" / "efficientnet_lite0" / "images").iterdir()):
            picture = np.asarray(Image.open(path).convert("RGB"))  # without what the file says of transparency
            Image.fromarray(picture).save(folder / "images" / (path.stem + ".png"))
        dice = np.random.default_rng(3)  # squares, whose corners are keypoints of several directions and one response
        squares = np.kron(dice.integers(0, 256, (20, 30, 3)), np.ones((9, 9, 1))).astype(np.uint8)
        Image.fromarray(squares).save(folder / "images" / "squares.png")
        Image.fromarray(np.full((50, 60, 3), 90, np.uint8)).save(folder / "images" / "plain.png")
        self.run("scan", "--images", folder / "images")

    def run(self, *arguments):
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        subprocess.run([self.build / "coterie", arguments[0], "--study", self.folder / "study", *arguments[1:]], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)

    def words(self, *options):
        """{path: (keypoints, descriptors, extent)}."""
        self.run("words", "--name", "w", "--overwrite", *options)
        with h5py.File(self.folder / "study" / "descriptors" / "w.h5") as file:
            first, keypoints, descriptors = file["first"][:], file["keypoint"][:], file["descriptors"][:]
            return {self.folder / "images" / path.decode(): (keypoints[a:b], descriptors[a:b], extent)
                    for path, a, b, extent in zip(file["path"][:], first, first[1:], file["extent"][:])}


def grey_of(path, edge=0, code=cv2.COLOR_RGB2GRAY):
    picture = Image.open(path)
    width, height = picture.size
    if edge and max(width, height) > edge:
        factor = edge / max(width, height)
        picture = picture.resize((max(1, round(width * factor)), max(1, round(height * factor))), Image.BILINEAR)
    return cv2.cvtColor(np.asarray(picture), code)


def rows_of(keypoints, descriptors):
    """In coterie's order: by response, strongest first, x, y, size, angle."""
    rows = np.array([(k.pt[0], k.pt[1], k.size, k.angle, k.response) for k in keypoints], np.float32).reshape(-1, 5)
    order = np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0], -rows[:, 4]))
    return rows[order], (np.zeros((0, 128)) if descriptors is None else descriptors)[order]


def rows_in_turn(keypoints):
    return np.array([(k.pt[0], k.pt[1], k.size) for k in keypoints]).reshape(-1, 3)


def same(ours, theirs):
    keypoints, descriptors = ours[:2]
    return (keypoints.shape == theirs[0].shape and np.array_equal(keypoints, theirs[0])
            and np.abs(descriptors.astype(float) - theirs[1]).max(initial=0) <= DESCRIPTOR_TOLERANCE)


def check_sift(study):
    detect = cv2.SIFT_create().detectAndCompute
    found = study.words("--max-edge", "0")
    theirs = {path: rows_of(*detect(grey_of(path), None)) for path in found}
    yield "keypoints and descriptors, all", all(same(found[path], theirs[path]) for path in found)
    yield "pictures that show nothing have none", len(found[study.folder / "images" / "plain.png"][0]) == 0
    responses = theirs[study.folder / "images" / "squares.png"][0][:, 4]
    tie = next(i for i in range(1, len(responses)) if responses[i] == responses[i - 1])
    for cap in (tie, tie + 1):  # with a tie at the cap, and after it
        capped = study.words("--max-edge", "0", "--max-keypoints", str(cap))
        yield f"the {cap} strongest", all(same(capped[path], [part[:cap] for part in theirs[path]]) for path in found)
        asked = cv2.SIFT_create(cap).detectAndCompute
        published = {path: rows_of(*asked(grey_of(path), None)) for path in found}
        kept = study.words("--max-edge", "0", "--max-keypoints", str(cap), "--ties", "published")
        none = (np.zeros((0, 5)), np.zeros((0, 128)))
        yield f"those of exactly {cap} by OpenCV's own cap ({[len(rows) for rows, _ in published.values()]})", all(
            same(kept[path], rows if len(rows[0]) == cap else none) for path, rows in published.items())
    swapped = study.words("--max-edge", "0", "--grey", "swapped")
    yield "red and blue exchanged", all(same(swapped[path], rows_of(*detect(grey_of(path, code=cv2.COLOR_BGR2GRAY), None))) for path in found)
    root = study.words("--max-edge", "0", "--rootsift")
    wanted = {path: np.sqrt(rows / np.maximum(rows.sum(axis=1, keepdims=True), 1)) for path, (_, rows) in theirs.items()}
    yield "RootSIFT", all(np.allclose(root[path][1], wanted[path], atol=0.04, rtol=0) and
                          np.abs(root[path][1] - wanted[path]).mean() < 1e-5 for path in found if len(wanted[path]))


def check_reduced(study):
    edge = 100
    found = study.words("--max-edge", str(edge))
    right = True
    for path, (keypoints, descriptors, extent) in found.items():
        grey = grey_of(path, edge)
        rows, numbers = rows_of(*cv2.SIFT_create().detectAndCompute(grey, None))
        scale = extent / np.array([grey.shape[1], grey.shape[0]])
        rows[:, :2] = (rows[:, :2] + 0.5) * scale - 0.5
        rows[:, 2] *= scale.max()
        # One float32 operation more or less: the places agree to its rounding.
        right &= rows.shape == keypoints.shape and np.allclose(rows, keypoints, rtol=1e-5, atol=1e-4)
        right &= np.abs(numbers - descriptors.astype(float)).max(initial=0) <= DESCRIPTOR_TOLERANCE
    yield "reduced by Pillow's filter first, with places in the whole image", right


def check_grid(study):
    step, sides = 16, (12, 24)
    found = study.words("--detector", "dense-sift", "--step", str(step), "--sizes", ",".join(map(str, sides)), "--max-edge", "0")
    right = True
    for path, (keypoints, descriptors, _) in found.items():
        grey = grey_of(path)
        places = [cv2.KeyPoint(x, y, side / 6, 0) for y in range(step // 2, grey.shape[0], step) for x in range(step // 2, grey.shape[1], step)
                  for side in sides]
        kept, numbers = cv2.SIFT_create().compute(grey, places)
        right &= len(kept) == len(keypoints) and np.allclose(rows_in_turn(kept), keypoints[:, :3])
        right &= (not places or np.abs(numbers - descriptors.astype(float)).max(initial=0) <= DESCRIPTOR_TOLERANCE)
    yield "a grid", right


def seen_along(model, axis, location, length=224):
    """First and last pixel of the input along an axis that a location's value depends on, borders apart."""
    pixels = torch.rand(1, 3, length, length, requires_grad=True)
    place = [6, 6]
    place[axis] = location
    model.features[: LAYER + 1](pixels)[0, :, place[0], place[1]].sum().backward()
    used = np.flatnonzero(pixels.grad[0].abs().sum(0).sum(1 - axis).numpy())
    return used[0], used[-1]


def check_layer(study):
    model = randomise(torchvision.models.alexnet(), 21)
    torch.save(model.state_dict(), study.folder / "alexnet.pth")
    found = study.words("--detector", "cnn", "--backbone", "alexnet", "--layer", f"features.{LAYER}", "--weights", study.folder / "alexnet.pth")
    transform = Compose([Resize(256), CenterCrop(224), ToTensor(), Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    largest, places = 0, True
    first, last = seen_along(model, 1, 6)
    middle, side = (first + last) / 2, last - first + 1
    following = np.mean(seen_along(model, 1, 7)) - middle
    for path, (keypoints, descriptors, extent) in found.items():
        picture = Image.open(path)
        with torch.no_grad():
            values = model.features[: LAYER + 1](transform(picture)[None])[0].permute(1, 2, 0).reshape(169, -1).numpy()
        largest = max(largest, np.abs(values - descriptors).max() / np.abs(values).max())
        resized = Resize(256)(picture).size
        scale = extent / np.array(resized)
        offset = [round((length - 224) / 2) for length in resized]
        centre = [(middle + offset[i] + 0.5) * scale[i] - 0.5 for i in (0, 1)]
        rows = keypoints.reshape(13, 13, 5)
        places &= np.allclose(rows[6, 6, :2], centre, atol=0.01)
        places &= np.allclose(rows[6, 7, 0] - rows[6, 6, 0], following * scale[0], atol=0.01)
        places &= np.allclose(rows[7, 6, 1] - rows[6, 6, 1], following * scale[1], atol=0.01)
        # A gradient through ReLU and pools does not reach every pixel of the window, so it sees a few less.
        places &= 0.8 * side * scale.max() <= rows[6, 6, 2] <= 1.2 * side * scale.max()
    yield f"AlexNet's locations, to {largest:.1e} of the largest value", largest < 1e-4
    yield f"which see the pixels that their gradients reach ({side} pixels every {following:g})", places


def check_grey_pixels(study):
    """The baseline: grey pixels of the longer edge, in the middle of a black square, and scikit-learn's IncrementalPCA of them."""
    edge, batch, components = 90, 6, 3
    study.run("extract", "--backbone", "grey_pixels", "--preprocess", f"size={edge}")
    study.run("reduce", "--features", "grey_pixels", "--normalize", "none", "--solver", "incremental", "--batch-rows", str(batch),
              "--components", str(components))
    with h5py.File(study.folder / "study" / "features" / "grey_pixels.h5") as file:
        found = file["features"][:]
        paths = [study.folder / "images" / path.decode() for path in file["path"][:]]
    wanted = np.zeros((len(paths), edge, edge))
    for row, path in zip(wanted, paths):
        picture = Image.open(path)
        factor = edge / max(picture.size)
        width, height = (max(1, round(length * factor)) for length in picture.size)
        pixels = np.asarray(picture.resize((width, height), Image.BILINEAR), float) / 255
        top, left = (edge - height) // 2, (edge - width) // 2
        row[top:top + height, left:left + width] = pixels @ [0.299, 0.587, 0.114]
    wanted = wanted.reshape(len(paths), -1)
    difference = np.abs(found - wanted).max()
    yield f"grey pixels, to {difference:.1e} of white", difference < 1e-6
    peer = IncrementalPCA(components, batch_size=batch).fit_transform(wanted)
    with h5py.File(study.folder / "study" / "reductions" / "grey_pixels-pca.h5") as file:
        rows = file["rows"][:]
    difference = np.abs(np.abs(rows) - np.abs(peer)).max() / np.abs(peer).max()  # a direction's sign is nobody's
    yield f"their IncrementalPCA, to {difference:.1e} of the largest", difference < 1e-5


def main():
    build = Path(sys.argv[1]).resolve()
    cv2.setNumThreads(1)
    good = True
    with tempfile.TemporaryDirectory() as folder:
        study = Study(build, Path(folder))
        for check in (check_sift, check_reduced, check_grid, check_layer, check_grey_pixels):
            for name, right in check(study):
                print(f"{'ok   ' if right else 'WRONG'} {name}", flush=True)
                good &= bool(right)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
