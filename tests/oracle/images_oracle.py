#!/usr/bin/env python3
"""Compares coterie's pictures, from the file to the network's input, with the libraries that the studies used.

    images_oracle.py BUILD_DIR

Pillow's filters over thousands of size pairs; Keras' load_img and modes, torchvision's transform, TensorFlow's
DecodeJpeg and ResizeBilinear and Pillow's draft decoding from the file on. Equal means every bit.

Covers: images
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import PIL
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PHOTOS = [path for path in sorted((ROOT / "data" / "efficientnet_lite0" / "images").iterdir())
          if Image.open(path).mode == "RGB"]  # alpha: each library has its own way, or none
FILTERS = ("nearest", "box", "bilinear", "bicubic", "lanczos")
PAIRS = 5000  # of each filter
LARGEST = 640  # side of the picture that is resized
PILLOW = tuple(int(part) for part in PIL.__version__.split(".")[:2])
PASSES = "pillow13" if PILLOW >= (13, 0) else "horizontal_first"


def write_picture(path):
    """Noise over a ramp: every level occurs, and neighbours differ."""
    ramp = np.linspace(0, 255, LARGEST)[:, None, None]
    noise = np.random.default_rng(5).normal(0, 60, (LARGEST, LARGEST, 3))
    Image.fromarray(np.clip(ramp + noise, 0, 255).astype(np.uint8)).save(path)


def run_probe(build, folder, jobs):
    """The result of each job, one at a time."""
    picture = folder / "picture.png"
    if not picture.exists():
        write_picture(picture)
    listed = folder / "jobs"
    listed.write_text("".join("\t".join(str(word) for word in job) + "\n" for job in jobs))
    with listed.open() as source:
        probe = subprocess.Popen([build / "tests" / "images" / "images_probe", picture], stdin=source,
                                 stdout=subprocess.PIPE)
        for _ in jobs:
            height, width, kind = probe.stdout.readline().decode().split()
            kind = np.dtype(kind)
            data = probe.stdout.read(int(height) * int(width) * 3 * kind.itemsize)
            yield np.frombuffer(data, kind).reshape(int(height), int(width), 3)
        if probe.wait() != 0:
            raise RuntimeError("images_probe failed")


def compare(name, build, folder, jobs, theirs):
    """Whether the results of all jobs equal theirs(job)."""
    wrong, largest, example = 0, 0.0, ""
    for job, ours in zip(jobs, run_probe(build, folder, jobs)):
        expected = np.asarray(theirs(job))
        if ours.shape == expected.shape and np.array_equal(ours, expected):
            continue
        wrong += 1
        example = example or f"; the first: {' '.join(str(word) for word in job)}"
        if ours.shape == expected.shape:
            largest = max(largest, float(np.abs(ours.astype(np.float64) - expected).max()))
    print(f"{'FAIL' if wrong else 'ok  '} {name}: {wrong} of {len(jobs)} differ"
          + (f", by {largest:.3g} at most{example}" if wrong else ""), flush=True)
    return wrong == 0


def size_pairs(count, seed, largest):
    """(width, height, out_width, out_height): exact ties and the usual inputs first, single pixels, then any."""
    fixed = [(256, 256, 224, 224), (512, 512, 224, 224), (640, 640, 224, 224), (640, 480, 224, 224),
             (512, 256, 224, 299), (224, 224, 256, 256), (224, 224, 224, 224), (299, 224, 299, 100),
             (320, 240, 640, 480), (1, 1, 1, 1), (1, 1, 9, 7), (1, 300, 5, 20), (300, 1, 20, 5), (200, 150, 1, 1)]
    rng = np.random.default_rng(seed)
    pairs = [list(pair) for pair in fixed]
    while len(pairs) < count:
        pair = np.exp(rng.uniform(0, np.log(largest + 0.5), 4)).astype(int)  # as many small sides as large
        if rng.random() < 0.2:
            pair[rng.integers(4)] = 1
        pairs.append([int(side) for side in pair])
    return pairs


def check_pillow(build, folder):
    if (12, 3) <= PILLOW < (13, 0):
        print(f"FAIL Pillow {PIL.__version__} has an order of passes that coterie does not offer; take 12.2 or 13")
        return [False]
    write_picture(folder / "picture.png")
    picture = Image.open(folder / "picture.png").convert("RGB")

    def resized(job):
        _, width, height, out_width, out_height, name, _ = job
        return picture.crop((0, 0, width, height)).resize((out_width, out_height), getattr(Image, name.upper()))

    return [compare(f"Pillow {PIL.__version__} {name} ({PASSES})", build, folder,
                    [("resize", *pair, name, PASSES) for pair in size_pairs(PAIRS, seed, LARGEST)], resized)
            for seed, name in enumerate(FILTERS)]


def write_jpegs(folder):
    """The photos' pixels in the kinds of JPEG that there are, in odd sizes too."""
    files = [path for path in PHOTOS if path.suffix in (".jpg", ".jpeg")]
    sources = [Image.open(path).convert("RGB") for path in PHOTOS]
    rng = np.random.default_rng(9)
    for number in range(60):
        source = sources[number % len(sources)]
        width, height = (int(rng.integers(1, side + 1)) for side in source.size)
        image = source.crop((0, 0, width, height))
        path = folder / f"{number}.jpg"
        (image.convert("L") if number % 10 == 9 else image).save(
            path, quality=int(rng.integers(20, 100)), subsampling=number % 3, progressive=number % 4 == 3)
        files.append(path)
    return files


def check_draft(build, folder):
    jobs = [("decode", "caffe", path, f"size={size}", "fast_decode=yes")
            for path in write_jpegs(folder) for size in (20, 50, 100, 224)]

    def drafted(job):
        size = int(job[3].split("=")[1])
        image = Image.open(job[2])
        image.draft(image.mode, (size, size))
        return image.convert("RGB")

    return [compare(f"Pillow {PIL.__version__} draft decoding", build, folder, jobs, drafted)]


def check_keras(build, folder):
    import tf_keras
    from tf_keras.applications.imagenet_utils import preprocess_input

    jobs = [("input", mode, path, f"size={size}", f"filter={name}", f"passes={PASSES}")
            for path in PHOTOS + write_jpegs(folder)
            for mode, size in (("caffe", 224), ("tf", 299), ("torch", 224)) for name in ("nearest", "bilinear")]

    def loaded(job):
        size, name = int(job[3].split("=")[1]), job[4].split("=")[1]
        pixels = tf_keras.utils.img_to_array(
            tf_keras.utils.load_img(job[2], target_size=(size, size), interpolation=name))
        return preprocess_input(pixels, mode=job[1])

    return [compare("Keras load_img and preprocess_input", build, folder, jobs, loaded)]


def check_torchvision(build, folder):
    from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

    jobs = [("input", "torchvision", path, f"resize={resize}", f"size={crop}", f"passes={PASSES}", "exif=ignore")
            for path in PHOTOS + write_jpegs(folder) for resize, crop in ((256, 224), (232, 224), (342, 299), (50, 60))
            if max(Image.open(path).size) < 20 * min(Image.open(path).size)]  # a thin one is first made huge

    def transformed(job):
        resize, crop = (int(word.split("=")[1]) for word in job[3:5])
        steps = Compose([Resize(resize), CenterCrop(crop), ToTensor(),
                         Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
        return steps(Image.open(job[2]).convert("RGB")).permute(1, 2, 0).numpy()

    return [compare("torchvision transform", build, folder, jobs, transformed)]


def check_tensorflow(build, folder):
    import tensorflow as tf

    write_picture(folder / "picture.png")
    picture = np.asarray(Image.open(folder / "picture.png").convert("RGB"))

    def bilinear(image, height, width):
        return tf.compat.v1.image.resize_bilinear(tf.cast(image, tf.float32)[None], (height, width),
                                                  align_corners=False, half_pixel_centers=False)[0].numpy()

    def resized(job):
        _, width, height, out_width, out_height, *_ = job
        return bilinear(picture[:height, :width], out_height, out_width)

    def decoded(path, method=""):
        return tf.io.decode_jpeg(tf.io.read_file(str(path)), channels=3, dct_method=method).numpy()

    methods = {"dct=fast": "", "dct=accurate": "INTEGER_ACCURATE"}
    files = write_jpegs(folder)
    return [
        compare("TensorFlow resize_bilinear", build, folder,
                [("resize", *pair, "tf1_bilinear", "-") for pair in size_pairs(PAIRS, 6, LARGEST)], resized),
        compare("TensorFlow decode_jpeg", build, folder,
                [("decode", "inception2015", path, method) for path in files for method in methods],
                lambda job: decoded(job[2], methods[job[3]])),
        compare("the Inception graph of 2015 up to its first convolution", build, folder,
                [("input", "inception2015", path) for path in files],
                lambda job: (bilinear(decoded(job[2]), 299, 299) - np.float32(128)) * np.float32(0.0078125)),
    ]


CHECKS = {"pillow": check_pillow, "draft": check_draft, "keras": check_keras, "torchvision": check_torchvision,
          "tensorflow": check_tensorflow}


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
