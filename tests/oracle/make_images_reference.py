#!/usr/bin/env python3
"""Writes the reference of the images room: pictures that only another program can write, and what Pillow and
natsort make of them. Needs `pip install pillow==13.0.0 natsort numpy`; run once more with `pillow<12` and --old-passes.

    make_images_reference.py tests/data/images [--old-passes] [--tensorflow] [--lite0 oracle.npz]

--old-passes appends only the resize digests that Pillow 13 cannot give (horizontal pass first).
--tensorflow writes only what TensorFlow makes of the JPEGs and of resizing (with tensorflow-cpu 2.16.2).
--lite0 takes the network inputs of EfficientNet-Lite0's oracle and writes their digests beside its images.
"""
import argparse
import csv
import hashlib
import pathlib

import numpy as np
from PIL import Image, ImageOps

FILTERS = {"nearest": Image.NEAREST, "box": Image.BOX, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC,
           "lanczos": Image.LANCZOS}
SIZES = [(640, 480, 224, 224), (256, 256, 224, 224), (97, 300, 224, 224), (12, 7, 224, 130), (300, 200, 341, 256),
         (1, 1, 5, 3), (3, 500, 2, 9), (500, 3, 9, 2), (224, 100, 224, 31), (100, 224, 31, 224), (64, 64, 64, 64),
         (33, 70, 34, 20), (1000, 17, 299, 299), (450, 600, 256, 341), (2, 300, 7, 3)]


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array, dtype=np.uint8).tobytes()).hexdigest()[:16]


def noise(width, height):
    """Pixels that the C++ test makes again: the top byte of a 32-bit linear congruential sequence."""
    state, out = width * 65536 + height, bytearray(3 * width * height)
    for i in range(len(out)):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = state >> 24
    return np.frombuffer(bytes(out), np.uint8).reshape(height, width, 3)


def write_resize(folder, passes, mode):
    with open(folder / "resize.csv", mode, newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        if mode == "w":
            table.writerow(["width", "height", "out_width", "out_height", "filter", "passes", "sha256"])
        for width, height, out_width, out_height in SIZES:
            if passes == "horizontal_first" and height > 100 * width:
                continue  # Pillow 12.3 already turned these round
            for name, code in FILTERS.items():
                resized = Image.fromarray(noise(width, height)).resize((out_width, out_height), code)
                table.writerow([width, height, out_width, out_height, name, passes, digest(resized)])


def scene(width, height):
    """A smooth picture with an edge in it, so that JPEG has something to get wrong."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([255 * x / width, 255 * y / height, 127 + 120 * np.sin(x / 5) * np.cos(y / 4)], -1)
    rgb[height // 3:height // 2, width // 4:width // 2] = (250, 20, 30)
    return Image.fromarray(rgb.astype(np.uint8))


def without_adobe_marker(jpeg):
    at = jpeg.index(b"\xff\xee")
    return jpeg[:at] + jpeg[at + 2 + int.from_bytes(jpeg[at + 2:at + 4], "big"):]


def write_pictures(folder):
    rgb, small = scene(47, 33), scene(23, 15)
    alpha = Image.fromarray(np.tile(np.linspace(0, 255, 47).astype(np.uint8), (33, 1)))
    rgba, grey = rgb.copy(), rgb.convert("L")
    rgba.putalpha(alpha)
    ramp = (np.arange(33 * 47, dtype=np.uint16) * 42).reshape(33, 47)
    exif = lambda value: {"exif": bytes_of_orientation(value)}
    rgb.save(folder / "chroma_420.jpg", quality=85)
    rgb.save(folder / "progressive_422.jpg", quality=70, progressive=True, subsampling=1)
    rgb.save(folder / "chroma_444.jpg", quality=95, subsampling=0)
    grey.save(folder / "grey.jpg")
    rgb.convert("CMYK").save(folder / "cmyk_adobe.jpg")
    (folder / "cmyk_plain.jpg").write_bytes(without_adobe_marker((folder / "cmyk_adobe.jpg").read_bytes()))
    for value in range(1, 9):
        small.save(folder / f"turned_{value}.jpg", quality=60, **exif(value))
    rgb.save(folder / "turned_6.png", **exif(6))
    rgb.save(folder / "turned_8.webp", lossless=True, **exif(8))
    rgb.save(folder / "rgb.png")
    rgba.save(folder / "rgba.png")
    Image.merge("LA", (grey, alpha)).save(folder / "grey_alpha.png")
    Image.fromarray(ramp).save(folder / "grey16.png")
    rgb.quantize(16).save(folder / "palette_trns.png", transparency=bytes([0, 40, 80, 120, 160, 200]))
    grey.save(folder / "grey_trns.png", transparency=int(np.array(grey)[0, 0]))
    rgb.save(folder / "rgb_trns.png", transparency=(250, 20, 30))
    grey.convert("1").save(folder / "bits1.png")
    frames = [rgba, rgba.rotate(180), rgba.rotate(90)]
    rgba.save(folder / "animated.png", save_all=True, append_images=frames[1:])
    rgba.save(folder / "animated.webp", save_all=True, append_images=frames[1:], duration=50, lossless=True)
    rgb.save(folder / "animated.gif", save_all=True, append_images=[rgb.rotate(180)])
    rgb.save(folder / "lossy.webp", quality=60)
    rgba.save(folder / "alpha.webp", lossless=True, exact=True)
    small.save(folder / "two_pages.tiff", save_all=True, append_images=[small.rotate(180)], compression="tiff_lzw")
    grey.save(folder / "grey.tiff")
    rgb.save(folder / "rgb.bmp")
    rgb.quantize(16).save(folder / "palette.bmp")
    rgb.save(folder / "rgb.ppm")


def bytes_of_orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


def as_decoded(path, alpha, exif):
    image = Image.open(path)
    if image.mode.startswith("I;16"):  # Pillow clips these; coterie keeps the high byte
        return np.repeat((np.array(image) >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    if exif == "apply":
        image = ImageOps.exif_transpose(image)
    transparent = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if not transparent or alpha == "drop":
        return np.array(image.convert("RGB"))
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255) if alpha == "white" else (0, 0, 0, 255))
    return np.array(Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB"))


def write_decoded(folder):
    with open(folder / "decoded.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "alpha", "exif", "width", "height", "sha256"])
        for path in sorted(folder.iterdir()):
            if path.suffix in (".csv", ".gif", ".txt"):
                continue
            for alpha, exif in (("white", "apply"), ("black", "ignore"), ("drop", "ignore")):
                pixels = as_decoded(path, alpha, exif)
                table.writerow([path.name, alpha, exif, pixels.shape[1], pixels.shape[0], digest(pixels)])


def write_tensorflow(folder):
    import tensorflow as tf
    with open(folder / "tensorflow_decoded.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "dct", "sha256"])
        for path in sorted(folder.glob("*.jpg")):
            if path.name == "cmyk_plain.jpg":
                continue  # TensorFlow inverts only what carries Adobe's marker
            for dct, method in (("fast", ""), ("accurate", "INTEGER_ACCURATE")):
                pixels = tf.io.decode_jpeg(tf.io.read_file(str(path)), channels=3, dct_method=method)
                table.writerow([path.name, dct, digest(pixels)])
    with open(folder / "tensorflow_resized.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["width", "height", "out_width", "out_height", "sha256"])
        for width, height, out_width, out_height in SIZES:
            levels = tf.compat.v1.image.resize_bilinear(noise(width, height)[None].astype(np.float32),
                                                        (out_height, out_width)).numpy()
            digits = hashlib.sha256(levels.tobytes()).hexdigest()[:16]
            table.writerow([width, height, out_width, out_height, digits])


def write_natural_order(folder):
    from natsort import natsorted
    pieces = ["img", "1", "01", "10", "2", "-", " ", "/", "a", "A", ".", "ß", "0099", "99999999999999999999999"]
    rng = np.random.default_rng(7)
    names = {"".join(rng.choice(pieces, rng.integers(1, 6))) + end for end in ("", ".jpg") for _ in range(200)}
    # Names that natsort holds equal have no order to check: keep one of each.
    kept = {}
    for name in sorted(names):
        kept.setdefault(natural_key(name), name)
    ordered = natsorted(kept.values())
    (folder / "natural_order.txt").write_text("\n".join(ordered) + "\n", encoding="utf-8")


def natural_key(name):
    from natsort import natsort_keygen
    return natsort_keygen()(name)


def write_lite0(folder, npz):
    data = np.load(npz)
    with open(folder / "preprocessed.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "mode", "sha256"])
        for mode in ("crop", "squash", "letter"):
            for name, pixels in zip(data["names"], data["u8_" + mode]):
                table.writerow([str(name), mode, digest(pixels)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--old-passes", action="store_true")
    parser.add_argument("--tensorflow", action="store_true")
    parser.add_argument("--lite0", type=pathlib.Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.old_passes:
        return write_resize(options.folder, "horizontal_first", "a")
    if options.tensorflow:
        return write_tensorflow(options.folder)
    write_resize(options.folder, "pillow13", "w")
    write_pictures(options.folder)
    write_decoded(options.folder)
    write_natural_order(options.folder)
    if options.lite0:
        write_lite0(options.folder.parent / "efficientnet_lite0", options.lite0)


if __name__ == "__main__":
    main()
