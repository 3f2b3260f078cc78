#!/usr/bin/env python3
"""Pictures in every variant that Pillow, tifffile and ImageMagick write: each is read as Pillow reads it, or as is
stated here where Pillow is wrong or gives up, or is refused with a reason; and what was taken is recorded.

Pixels are those of images_probe, the decoder alone; what a person reads comes from the program.
"""

import os
import shutil
import struct
import subprocess
import sys
import unittest

import h5py
import numpy as np
import tifffile
from PIL import Image, ImageOps

from coterie_program import PROGRAM, SOURCE, ProgramTest, run

PROBE = os.path.join(os.path.dirname(PROGRAM), "tests", "images", "images_probe")
CONVERT = "/usr/bin/convert"
WIDTH, HEIGHT = 23, 15


def scene(width=WIDTH, height=HEIGHT):
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([255 * x / width, 255 * y / height, 127 + 120 * np.sin(x / 5) * np.cos(y / 4)], -1)
    rgb[height // 3 : height // 2, width // 4 : width // 2] = (250, 20, 30)
    return rgb.astype(np.uint8)


RGB = scene()
GREY = np.asarray(Image.fromarray(RGB).convert("L"))
ALPHA = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
RGBA = np.dstack([RGB, ALPHA])
DEEP = GREY.astype(np.uint16) * 257  # 16 bits, all in use
TWELVE = GREY.astype(np.uint16) * 16 + GREY // 16  # 12 bits, all in use


def over_white(image):
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB")


def in_colour(grey):
    return np.dstack([grey] * 3)


def pillow(path):
    """The picture as Pillow has it: upright, over white."""
    with Image.open(path) as image:
        image.load()  # a TIFF is turned upright by that alone
        if image.format != "TIFF":
            image = ImageOps.exif_transpose(image)
    has_alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    return np.asarray(over_white(image) if has_alpha else image.convert("RGB"))


def to_bytes(samples, full):
    return np.floor(samples.astype(np.float64) * 255 / full + 0.5).astype(np.uint8)


class Collection:
    """Files in a folder, each with its right answer."""

    def __init__(self, folder):
        self.folder = folder
        self.answers = {}  # name: (pixels, tolerance)
        self.refusals = {}  # name: words of the reason
        self.notes = {}  # name: the note

    def add(self, name, write, answer=None, tolerance=0, note=""):
        """Writes a file; its pixels are `answer`, or Pillow's. An answer that is a text is the reason of its refusal."""
        path = os.path.join(self.folder, name)
        write(path)
        if isinstance(answer, str):
            self.refusals[name] = answer
            return
        self.answers[name] = (pillow(path) if answer is None else np.asarray(answer), tolerance)
        self.notes[name] = note


def add_pillow(to):
    image = Image.fromarray(RGB)
    palette, turned = image.quantize(16), Image.Exif()
    turned[0x0112] = 6
    modes = {"1": image.convert("1"), "L": image.convert("L"), "P": palette, "RGB": image, "RGBA": Image.fromarray(RGBA),
             "LA": Image.fromarray(np.dstack([GREY, ALPHA]), "LA"), "CMYK": image.convert("CMYK")}
    for mode, picture in modes.items():
        for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            to.add(f"pillow-{mode}-{compression}.tif", lambda path: picture.save(path, compression=compression))
    for compression in ("group3", "group4", "tiff_ccitt"):
        to.add(f"pillow-{compression}.tif", lambda path: modes["1"].save(path, compression=compression))
    to.add("pillow-jpeg.tif", lambda path: image.save(path, compression="jpeg"))
    to.add("pillow-jpeg-grey.tif", lambda path: modes["L"].save(path, compression="jpeg"))
    from PIL import ImageCms

    lab = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    to.add("pillow-lab.tif", lab.save, RGB, tolerance=12)  # LittleCMS, between its grid's points, is off by 31
    to.add("pillow-turned.tif", lambda path: image.save(path, tiffinfo={274: 6}))
    to.add("pillow-pages.tif", lambda path: image.save(path, save_all=True, append_images=[image.rotate(180)] * 2),
           note="page 1 of 3")
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA"):
        to.add(f"pillow-{mode}.png", modes[mode].save)
    for bits in (1, 2, 4):
        to.add(f"pillow-P{bits}.png", lambda path: image.quantize(1 << bits).save(path, bits=bits))
    to.add("pillow-trns.png", lambda path: palette.save(path, transparency=bytes([0, 40, 80, 120])))
    to.add("pillow-grey-trns.png", lambda path: modes["L"].save(path, transparency=int(GREY[0, 0])))
    to.add("pillow-rgb-trns.png", lambda path: image.save(path, transparency=(250, 20, 30)))
    to.add("pillow-16.png", Image.fromarray(DEEP).save, in_colour(GREY))
    to.add("pillow-12-in-16.png", Image.fromarray(TWELVE).save, in_colour(TWELVE >> 8), note="12 of 16 bits in use")
    to.add("pillow-turned.png", lambda path: image.save(path, exif=turned))
    to.add("pillow-turned.webp", lambda path: image.save(path, lossless=True, exif=turned))
    to.add("pillow-turned.jpg", lambda path: image.save(path, exif=turned))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for suffix in ("jpg", "png", "webp", "tif"):
        to.add(f"pillow-profile.{suffix}", lambda path: image.save(path, icc_profile=profile),
               note="colour profile XYZ identity built-in")
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        to.add(f"pillow-srgb.{suffix}", lambda path: image.save(path, icc_profile=srgb))
    frames = [modes["RGBA"], modes["RGBA"].rotate(180)]
    to.add("pillow-animated.png", lambda path: frames[0].save(path, save_all=True, append_images=frames[1:]),
           note="frame 1 of 2")
    to.add("pillow-animated.webp",
           lambda path: frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True), note="frame 1 of 2")
    for mode in ("RGB", "RGBA"):
        to.add(f"pillow-{mode}.webp", lambda path: modes[mode].save(path, lossless=True, exact=True))
        to.add(f"pillow-{mode}-lossy.webp", lambda path: modes[mode].save(path, quality=60))
    for mode in ("1", "L", "P", "RGB"):
        to.add(f"pillow-{mode}.bmp", modes[mode].save)
        to.add(f"pillow-{mode}.gif", modes[mode].save)
    to.add("pillow-RGBA.gif", modes["RGBA"].save)
    to.add("pillow-straight.gif", lambda path: palette.save(path, interlace=0))
    to.add("pillow-animated.gif", lambda path: palette.save(path, save_all=True, append_images=[palette.rotate(180)]),
           note="frame 1 of 2")
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (211, 307), np.uint8))  # fills GIF's table of codes
    to.add("pillow-noise.gif", noise.save)
    for mode, suffix in (("1", "pbm"), ("L", "pgm"), ("RGB", "ppm")):
        to.add(f"pillow-{mode}.{suffix}", modes[mode].save)
    to.add("pillow-16.pgm", Image.fromarray(DEEP.astype(np.int32)).save, in_colour(GREY))
    for mode in ("L", "RGB", "CMYK"):
        to.add(f"pillow-{mode}.jpg", modes[mode].save)
        to.add(f"pillow-{mode}-progressive.jpg", lambda path: modes[mode].save(path, progressive=True))


def add_tifffile(to):
    def tiff(name, data, answer=None, tolerance=0, note="", **more):
        to.add(f"tifffile-{name}.tif", lambda path: tifffile.imwrite(path, data, **more), answer, tolerance, note)

    infrared = np.dstack([RGB, 255 - GREY])
    unassociated = np.asarray(over_white(Image.fromarray(RGBA)))
    associated = (RGB.astype(int) * ALPHA[..., None] + 127) // 255
    grey_alpha = np.asarray(over_white(Image.fromarray(np.dstack([GREY, ALPHA]), "LA")))
    rgb = {"photometric": "rgb"}
    grey = {"photometric": "minisblack"}
    for layout in ("contig", "separate"):
        plane = {"planarconfig": layout}
        arrange = (lambda a: a) if layout == "contig" else (lambda a: np.ascontiguousarray(np.moveaxis(a, -1, 0)))
        tiff(f"rgb-{layout}", arrange(RGB), RGB, **rgb, **plane)
        tiff(f"infrared-{layout}", arrange(infrared), RGB, note="1 of 4 samples left out", extrasamples=["unspecified"],
             **rgb, **plane)
        tiff(f"unassociated-{layout}", arrange(RGBA), unassociated, extrasamples=["unassalpha"], **rgb, **plane)
        tiff(f"associated-{layout}", arrange(np.dstack([associated, ALPHA]).astype(np.uint8)),
             associated + 255 - ALPHA[..., None], extrasamples=["assocalpha"], **rgb, **plane)
        tiff(f"five-{layout}", arrange(np.dstack([infrared, ALPHA])), unassociated, note="1 of 5 samples left out",
             extrasamples=["unspecified", "unassalpha"], **rgb, **plane)
        tiff(f"grey-alpha-{layout}", arrange(np.dstack([GREY, ALPHA])), grey_alpha, extrasamples=["unassalpha"], **grey,
             **plane)
        tiff(f"grey-extra-{layout}", arrange(np.dstack([GREY, ALPHA])), in_colour(GREY), note="1 of 2 samples left out",
             extrasamples=["unspecified"], **grey, **plane)
    tiff("deep-alpha", np.dstack([RGB.astype(np.uint16) * 257, ALPHA.astype(np.uint16) * 257]), unassociated,
         extrasamples=["unassalpha"], **rgb)
    tiff("bands", np.dstack([GREY] * 10), in_colour(GREY), note="9 of 10 samples left out", planarconfig="contig",
         extrasamples=["unspecified"] * 9, **grey)
    tiff("16", DEEP, in_colour(GREY), **grey)
    tiff("16-big-endian", DEEP, in_colour(GREY), byteorder=">", **grey)
    tiff("16-rgb", RGB.astype(np.uint16) * 257, RGB, **rgb)
    tiff("12-in-16", TWELVE, in_colour(to_bytes(TWELVE, 65535)), note="12 of 16 bits in use", **grey)
    tiff("16-white", DEEP, 255 - in_colour(GREY), photometric="miniswhite")
    tiff("8-white", GREY, 255 - in_colour(GREY), photometric="miniswhite")
    signed = GREY.astype(np.int16) - 128
    tiff("int8", signed.astype(np.int8), in_colour(GREY), note="signed samples", **grey)
    tiff("int16", signed * 256, in_colour(to_bytes(signed.astype(int) * 256 + 32768, 65535)), note="signed samples",
         **grey)
    tiff("int16-few", signed, in_colour(to_bytes(signed.astype(int) + 32768, 65535)),
         note="signed samples; 8 of 16 bits in use", **grey)
    tiff("bool", GREY > 100, in_colour((GREY > 100).astype(np.uint8) * 255), **grey)
    for kind in ("float16", "float32", "float64", "uint32", "int32", "complex64"):
        words = {"f": "floating-point", "u": "unsigned integer", "i": "signed integer", "c": "complex"}[kind[0]]
        tiff(kind, GREY.astype(kind), f"-bit {words} samples has no fixed black and white", **grey)
    colours = np.random.default_rng(2).integers(0, 65536, (3, 256), np.uint16)
    tiff("palette", GREY, (colours.T[GREY] >> 8).astype(np.uint8), photometric="palette", colormap=colours)
    tiff("cmyk", np.asarray(Image.fromarray(RGB).convert("CMYK")), photometric="separated")
    tiff("cmyk-extra", np.dstack([np.asarray(Image.fromarray(RGB).convert("CMYK")), ALPHA]), RGB,
         note="1 of 5 samples left out", photometric="separated", extrasamples=["unspecified"])
    large = scene(100, 70)
    tiff("tiled", large, large, tile=(32, 48), **rgb)
    tiff("tiled-separate", np.ascontiguousarray(np.moveaxis(large, -1, 0)), large, tile=(32, 48), planarconfig="separate",
         **rgb)
    tiff("strips", large, large, rowsperstrip=7, **rgb)
    tiff("big", RGB, RGB, bigtiff=True, **rgb)
    tiff("predictor", RGB, RGB, compression="zlib", predictor=True, **rgb)
    tiff("stack", np.stack([GREY] * 5), in_colour(GREY), note="page 1 of 5", **grey)
    tiff("imagej", np.stack([DEEP] * 3), in_colour(GREY), note="page 1 of 3", imagej=True)
    tiff("ome", RGB, RGB, ome=True, **rgb)
    tiff("raw-cfa", GREY, "colour filter array", photometric="cfa")
    tiff("raw-linear", RGB, "linear data", photometric=34892)


def untagged_alpha(path):
    """RGB with four samples and no ExtraSamples, as some programs write it."""
    entries = [(256, 4, WIDTH), (257, 4, HEIGHT), (258, 3, 8), (259, 3, 1), (262, 3, 2), (273, 4, 200), (277, 3, 4),
               (278, 4, HEIGHT), (279, 4, RGBA.nbytes)]
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    head += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries) + b"\0\0\0\0"
    with open(path, "wb") as file:
        file.write(head.ljust(200, b"\0") + RGBA.tobytes())


def by_magick(path):
    raw = subprocess.run([CONVERT, path, "-depth", "8", "rgb:-"], check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH, 3)


def add_magick(to):
    source = os.path.join(to.folder, "pillow-RGBA.png")
    opaque = os.path.join(to.folder, "pillow-RGB.png")

    def magick(name, *options, source=opaque, prefix="", answer=None, tolerance=0, note=""):
        to.add(f"magick-{name}",
               lambda path: subprocess.run([CONVERT, source, *options, prefix + path], check=True), answer, tolerance, note)

    for compression in ("None", "LZW", "Zip", "RLE"):
        magick(f"rgb-{compression}.tif", "-compress", compression, answer=RGB)
        magick(f"rgba-{compression}.tif", "-compress", compression, source=source, tolerance=1)
    for depth in (1, 2, 4, 8, 12, 16):
        for kind in ("Grayscale", "TrueColor"):
            name = f"{kind}-{depth}.tif"
            magick(name, "-depth", str(depth), "-type", kind, answer=RGB)
            # More than 8 bits it rounds twice, to 16 and to 8.
            to.answers["magick-" + name] = (by_magick(os.path.join(to.folder, "magick-" + name)), depth > 8)
    magick("bilevel.tif", "-type", "bilevel", "-compress", "Group4")
    magick("big-endian.tif", "-endian", "MSB", "-depth", "16", answer=RGB)
    magick("cmyk.tif", "-colorspace", "CMYK")
    magick("cmyk.jpg", "-colorspace", "CMYK")
    magick("lab.tif", "-colorspace", "Lab", tolerance=24)  # for a white of its own: not what it was before
    magick("palette.tif", "-type", "palette", "-colors", "16")
    magick("grey-alpha.tif", "-type", "GrayscaleAlpha", source=source, tolerance=1)
    magick("float.tif", "-define", "quantum:format=floating-point", "-depth", "32",
           answer="32-bit floating-point samples has no fixed black and white")
    magick("turned.tif", "-orient", "RightTop")
    for kind in ("png8", "png24", "png32"):
        magick(f"{kind}.png", prefix=f"{kind}:", source=source)
    magick("png48.png", prefix="png48:", answer=RGB)
    magick("interlaced.png", "-interlace", "PNG", answer=RGB)
    magick("interlaced-16.png", "-interlace", "PNG", prefix="png48:", answer=RGB)
    magick("gamma.png", "-set", "gamma", "0.3")
    magick("interlaced.gif", "-interlace", "GIF", source=source)
    magick("plain.gif")
    for kind in ("bmp", "bmp2", "bmp3"):
        magick(f"{kind}.bmp", prefix=f"{kind}:", answer=RGB)
        magick(f"{kind}-palette.bmp", "-type", "palette", "-colors", "16", "-compress", "None", prefix=f"{kind}:")
    magick("alpha.bmp", source=source)
    magick("rle.bmp", "-type", "palette", "-colors", "16", "-compress", "RLE", prefix="bmp3:", answer="run-length")
    magick("16.ppm", "-depth", "16", answer=RGB)
    magick("12.ppm", "-depth", "12", answer=to_bytes(np.floor(RGB / 255 * 4095 + 0.5), 4095))
    magick("text.ppm", "-compress", "None", answer="written as text")
    magick("bits.pbm", "-type", "bilevel")
    magick("grey.pgm", "-type", "grayscale")
    magick("plain.webp", "-define", "webp:lossless=true", answer=RGB)
    for sampling in ("4:2:0", "4:2:2", "4:4:4", "4:1:1", "4:4:0"):
        magick(f"{sampling.replace(':', '')}.jpg", "-sampling-factor", sampling)
    magick("rgb.jpg", "-colorspace", "RGB", "-set", "colorspace", "sRGB")


def add_others(to):
    """What no writer writes on purpose."""
    to.add("untagged-alpha.tif", untagged_alpha, np.asarray(over_white(Image.fromarray(RGBA))),
           note="a fourth sample taken as transparency")

    def changed(name, source, change, answer=None, note=""):
        def write(path):
            with open(os.path.join(to.folder, source), "rb") as file:
                data = change(file.read())
            with open(path, "wb") as file:
                file.write(data)

        to.add(name, write, answer, note=note)

    for source in ("pillow-RGB.jpg", "pillow-RGB-progressive.jpg", "pillow-CMYK.jpg", "magick-420.jpg"):
        right = pillow(os.path.join(to.folder, source))
        changed(f"no-end-{source}", source, lambda data: data[:-2], right, "no end marker")
        changed(f"padded-{source}", source, lambda data: data[:-2] + b"\0" * 4096, right, "no end marker")
        changed(f"cut-{source}", source, lambda data: data[:-40], "")
    scan = b"\xff\xda"
    changed("last-scan-gone.jpg", "pillow-RGB-progressive.jpg", lambda data: data[: data.rindex(scan)], "")
    changed("maximum-4000.pgm", "pillow-16.pgm", lambda data: b"P5 2 1 4000\n\x0f\xa0\x07\xd0", [[[255] * 3, [128] * 3]])
    changed("12-bit.jpg", "pillow-L.jpg", lambda data: data.replace(b"\xff\xc0\0\x0b\x08", b"\xff\xc1\0\x0b\x0c"),
            "a JPEG of 12 bits is not decoded")
    changed("lossless.jpg", "pillow-L.jpg", lambda data: data.replace(b"\xff\xc0", b"\xff\xc3"),
            "a lossless JPEG is not decoded")


def decoded(folder, names, *settings):
    """The pixels of each file, or the reason why there are none."""
    jobs = "".join("\t".join(["decode", "lite0", os.path.join(folder, name), *settings]) + "\n" for name in names)
    probe = subprocess.run([PROBE, os.path.join(SOURCE, "tests/data/images/rgb.png")], input=jobs.encode(),
                           stdout=subprocess.PIPE, check=True)
    results, at = [], 0
    for _ in names:
        end = probe.stdout.index(b"\n", at)
        line, at = probe.stdout[at:end].decode(), end + 1
        if line.startswith("refused: "):
            results.append(line[len("refused: ") :])
            continue
        height, width, _ = line.split()
        size = int(height) * int(width) * 3
        results.append(np.frombuffer(probe.stdout, np.uint8, size, at).reshape(int(height), int(width), 3))
        at += size
    return results


def images_of(study):
    """path: (status, reason, note, pages, bits, used bits) of each image of a study."""
    with h5py.File(os.path.join(study, "images.h5")) as file:
        columns = [file[name][:] for name in ("path", "status", "reason", "note", "pages", "bits", "used_bits")]
    text = lambda value: value.decode() if isinstance(value, bytes) else int(value)
    return {text(row[0]): tuple(text(value) for value in row[1:]) for row in zip(*columns)}


def write_variants(folder):
    os.makedirs(folder, exist_ok=True)
    variants = Collection(folder)
    for add in (add_pillow, add_tifffile, add_magick, add_others):
        add(variants)
    return variants


class Pictures(ProgramTest):
    def test_every_variant_is_read_as_it_says_or_refused_with_a_reason(self):
        folder = self.path("pictures")
        variants = write_variants(folder)
        self.assertGreater(len(variants.answers), 150)
        for name, pixels in zip(variants.answers, decoded(folder, variants.answers)):
            right, tolerance = variants.answers[name]
            with self.subTest(name):
                self.assertNotIsInstance(pixels, str, f"{name}: {pixels}")
                self.assertEqual(pixels.shape, right.shape)
                self.assertLessEqual(int(np.abs(pixels.astype(int) - right).max()), tolerance)
        text = run(0, "scan", "--study", self.path("study"), "--images", folder)
        found = images_of(self.path("study"))
        for name, note in variants.notes.items():
            with self.subTest(name):
                self.assertEqual(found[name][:3], (0, "", note))
        for name, words in variants.refusals.items():
            with self.subTest(name):
                status, reason = found[name][:2]
                self.assertEqual(status, 3 if words else 4, reason)  # unsupported; damaged where no words are given
                self.assertIn(words, reason)
                self.assertEqual(decoded(folder, [name])[0], reason)
        self.assertEqual(found["tifffile-12-in-16.tif"][3:], (1, 16, 12))
        for words in ("images with several pages or frames: ", "The first is taken.", "extract --levels range", "no end marker"):
            self.assertIn(words, text)
        self.assertIn("images with several pages or frames", run(0, "info", "--study", self.path("study")))

    def test_levels_range_takes_the_bits_in_use_for_the_whole_scale(self):
        folder = self.path("pictures")
        os.mkdir(folder)
        rgb = scene(240, 240).astype(np.uint16)
        rgb[0, 0] = 255
        levels, dark = in_colour(rgb[..., 1].astype(np.uint8)), rgb[..., 1] * 16 + rgb[..., 1] // 16
        Image.fromarray(levels).save(os.path.join(folder, "8.png"))
        Image.fromarray(dark).save(os.path.join(folder, "12.png"))
        tifffile.imwrite(os.path.join(folder, "12.tif"), dark, photometric="minisblack")
        tifffile.imwrite(os.path.join(folder, "signed.tif"), (dark.astype(np.int32) - 2048).astype(np.int16),
                         photometric="minisblack")
        names = ["8.png", "12.png", "12.tif", "signed.tif"]
        for name, pixels in zip(names, decoded(folder, names, "levels=range")):
            self.assertTrue(np.array_equal(pixels, levels), name)
        study = self.path("study")
        text = run(0, "scan", "--study", study, "--images", folder)
        self.assertIn("3 images with few of the bits in use: 12.png (12 of 16 bits in use)", text)
        network = ("extract", "--study", study, "--backbone", "efficientnet_lite0", "--weights", "random:1")
        run(2, *network)
        self.assertIn("levels", run(0, *network, "--levels", "range", code=2))  # another recipe
        run(2, *network, "--levels", "range", "--name", "ranged")
        rows = {}
        for name in ("efficientnet_lite0", "ranged"):
            with h5py.File(os.path.join(study, "features", name + ".h5")) as file:
                rows[name] = dict(zip((path.decode() for path in file["path"][:]), file["features"][:]))
        for name in ("12.png", "12.tif", "signed.tif"):
            self.assertFalse(np.array_equal(rows["efficientnet_lite0"][name], rows["efficientnet_lite0"]["8.png"]))
            self.assertTrue(np.array_equal(rows["ranged"][name], rows["ranged"]["8.png"]), name)
        self.check_shown_like_features(study)

    def check_shown_like_features(self, study):
        """A montage of dark pictures is as the network saw them."""
        run(0, "cluster", "--study", study, "--features", "ranged", "--raw", "--k", "1")
        run(0, "montage", "--study", study, "--tile", "64")
        (made,) = os.listdir(os.path.join(study, "montages"))
        shown = np.asarray(Image.open(os.path.join(study, "montages", made, "nearest.jpg")).convert("L")).astype(int)
        tiles = [shown[:, x : x + 64].max() for x in range(0, shown.shape[1] - 63, 64)]
        self.assertGreater(min(tiles), 200)


if __name__ == "__main__":
    if shutil.which(CONVERT) is None:
        raise SystemExit(f"{CONVERT} is missing: tools/install_packages --tests")
    if sys.argv[1:2] == ["--write"]:  # FOLDER: to look at, or to fuzz from
        write_variants(sys.argv[2])
    else:
        unittest.main()
