"""Images that were damaged on purpose, by the thousand, and decompression bombs: each is accounted for, no run ends or
hangs for one, and memory stays bounded."""

import csv
import os
import random
import re
import shutil
import struct
import subprocess
import tempfile
import zlib

from coterie_program import SOURCE, ProgramTest, command, environment, exported, main, read, run
from faulty_study import FULL, RANDOM

MUTANTS = 6000 if FULL else 1000
ADDRESS_SPACE = 4 << 30  # of each rank
SMALL_SPACE = 1400 << 20  # too little for a picture of 22,000 x 22,000, which takes 1.4 GiB
BASE = 600 << 20  # of the program with its network
BYTES_A_PIXEL = 9  # RGB, and what a decoder keeps beside it: a canvas with alpha, or a progressive JPEG's coefficients
STATUSES = ("ok", "unreadable", "empty", "unsupported", "damaged", "too large", "duplicate", "not found")


def seeds():
    """Sound files of each format: [(ending, bytes)], JPEGs as often as all others together."""
    folder = os.path.join(SOURCE, "tests/data/images")
    found = [(os.path.splitext(name)[1], read(os.path.join(folder, name))) for name in sorted(os.listdir(folder))]
    pictures = [each for each in found if each[0] in (".jpg", ".png", ".tiff", ".webp", ".bmp", ".ppm", ".gif")]
    jpegs = [each for each in pictures if each[0] == ".jpg"]
    return jpegs * (len(pictures) // len(jpegs)) + pictures


def mutate(data, dice):
    """A file's bytes, damaged in one to four places, sometimes cut short."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data)) if dice.random() < 0.5 else dice.randrange(min(len(data), 400))
        kind = dice.randrange(6)
        if kind == 0:
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            data[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF))
        elif kind == 2:
            data[at : at + 4] = struct.pack(dice.choice("<>") + "I", dice.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, dice.getrandbits(32))))
        elif kind == 3:
            data[at:at] = bytes(dice.getrandbits(8) for _ in range(dice.randint(1, 64)))
        elif kind == 4:
            del data[at : at + dice.randint(1, 64)]
        else:
            data = data[: max(at, 1)]
        if not data:
            data = bytearray(b"\0")
    return bytes(data)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_zeros(side):
    """A whole, valid PNG: `side` x `side` pixels of one bit, all black, about a thousandth of its rows' bytes."""
    packer, row, data = zlib.compressobj(1), b"\0" * (1 + (side + 7) // 8), []
    rows = row * 256
    for first in range(0, side, 256):
        data.append(packer.compress(rows[: len(row) * min(256, side - first)]))
    data.append(packer.flush())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)) + chunk(b"IDAT", b"".join(data)) + chunk(
        b"IEND", b"")


def tiff(width, height, rows_per_strip, strip, said_bytes):
    """A grey TIFF of one deflated strip, which says of itself what is asked for."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 8), (262, 3, 1), (273, 4, 8 + 2 + 12 * 9 + 4), (277, 3, 1),
            (278, 4, rows_per_strip), (279, 4, said_bytes)]
    entries = b"".join(struct.pack("<HHI", tag, kind, 1) + struct.pack("<I", value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0) + strip


def jpeg_of_size(data, width, height):
    """A sound JPEG that says it is that large."""
    at = re.search(rb"\xff[\xc0\xc2]\x00.\x08", data, re.DOTALL).end()
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def webp_of_size(width, height):
    """The header of a lossless WebP that size, and one byte of data."""
    header = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\x88\x88\x08"
    payload = b"VP8L" + struct.pack("<I", len(header)) + header
    return b"RIFF" + struct.pack("<I", 4 + len(payload)) + b"WEBP" + payload


def bombs():
    """{name: (bytes, the scan's status of it)}; None where the headers are sound, so that the extraction has to stop it."""
    data = os.path.join(SOURCE, "tests/data/images")
    baseline, progressive = read(os.path.join(data, "chroma_420.jpg")), read(os.path.join(data, "progressive_422.jpg"))
    zeros = zlib.compress(bytes(64 << 20), 1)
    return {
        "60000.png": (png_of_zeros(60000), "too large"),
        "65500.jpg": (jpeg_of_size(baseline, 65500, 65500), "too large"),
        "65500-progressive.jpg": (jpeg_of_size(progressive, 65500, 65500), "too large"),
        "60000.tiff": (tiff(60000, 60000, 0xFFFFFFFF, zeros, len(zeros)), "too large"),
        "strips.tiff": (tiff(8000, 8000, 0xFFFFFFFF, zeros, len(zeros)), None),
        "said.tiff": (tiff(8000, 8000, 1, zeros, 0xFFFFFFFF), "damaged"),
        "22000.png": (png_of_zeros(22000), None),
        "22000.jpg": (jpeg_of_size(baseline, 22000, 22000), None),
        "22000-progressive.jpg": (jpeg_of_size(progressive, 22000, 22000), None),
        "16384.webp": (webp_of_size(16384, 16384), None),
    }


def run_measured(*arguments, cwd):
    """On one process. Returns its output, exit code, and the most memory it had, in bytes."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command(0, *arguments), cwd=cwd, env=environment(), stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return output.read().decode(errors="replace"), child.returncode, usage.ru_maxrss << 10


class HostileImages(ProgramTest):
    def statuses(self, text):
        """{status: count} of the line that scan prints."""
        line = re.search(r"(\d+) images listed: (.*?)(;|$)", text, re.MULTILINE)
        return int(line.group(1)), {status: int(count) for count, status in re.findall(r"(\d+) ([a-z ]+)", line.group(2))}

    def test_mutated_images_by_the_thousand_are_each_accounted_for(self):
        dice, files = random.Random(41), seeds()
        os.makedirs(self.path("images"))
        for number in range(MUTANTS):
            ending, data = dice.choice(files)
            with open(self.path("images", f"{number:05}{ending}"), "wb") as file:
                file.write(mutate(data, dice))
        limited = ("prlimit", f"--as={ADDRESS_SPACE}")

        def mpi(*arguments):
            first = command(2, *arguments)
            at = len(first) - len(arguments) - 1
            done = subprocess.run([*first[:at], *limited, *first[at:]], cwd=self.folder, env=environment(), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=500, check=False)
            text = done.stdout.decode(errors="replace")
            self.assertEqual(done.returncode, 0, text)
            return text

        listed, statuses = self.statuses(mpi("scan", "--study", "study", "--images", "images"))
        self.assertEqual(listed, MUTANTS)
        self.assertEqual(sum(statuses.values()), MUTANTS)
        run(0, "scan", "--study", "alone", "--images", "images", cwd=self.folder)
        self.assertEqual(read(self.path("study/images.h5")), read(self.path("alone/images.h5")))
        text = mpi("extract", "--study", "study", *RANDOM, "--threads", "1")
        good, failed = map(int, re.search(r"features of (\d+) images?, (\d+) failed since the scan", text).groups())
        self.assertEqual(good + failed, statuses["ok"])
        mpi("reduce", "--study", "study", "--components", "4")
        mpi("cluster", "--study", "study", "--k", "3", "--n-init", "1")
        run(0, "export", "--study", "study", cwd=self.folder)
        accounted = []
        for name in ("assignments", "skipped"):
            with open(exported(self.path("study"), name + ".csv"), newline="", encoding="utf-8") as table:
                accounted += [row["path"] for row in csv.DictReader(table)]
        self.assertEqual(sorted(accounted), sorted(os.listdir(self.path("images"))))
        print(f"\n{MUTANTS} mutated images: the scan says {statuses}; of those that pass, {good} decode and {failed} do not")

    def statuses_of(self, study):
        """{path: status's name} of a scan."""
        images = self.path(study, "images.h5")

        def values(name, pattern):
            dump = subprocess.run(["h5dump", "-d", name, "-y", "-w", "1", images], capture_output=True, text=True, check=True).stdout
            return re.findall(rf"^\s+{pattern},?$", dump, re.MULTILINE)

        return dict(zip(values("/path", '"(.*)"'), (STATUSES[int(status)] for status in values("/status", r"(\d+)"))))

    def test_decompression_bombs_are_too_large_and_take_no_more_memory_than_the_limit_of_pixels_allows(self):
        os.makedirs(self.path("images"))
        made = bombs()
        for name, (data, _) in made.items():
            with open(self.path("images", name), "wb") as file:
                file.write(data)
        shutil.copy(os.path.join(SOURCE, "tests/data/images/rgb.png"), self.path("images", "sound.png"))
        with open(self.path("one.txt"), "w", encoding="utf-8") as file:
            file.write("images/sound.png\n")
        least = run_measured("scan", "--study", "one", "--images", "one.txt", cwd=self.folder)[2]
        text, code, peak = run_measured("scan", "--study", "study", "--images", "images", cwd=self.folder)
        self.assertEqual(code, 0, text)
        self.assertLess(peak - least, 64 << 20)  # the scan decodes nothing: what a bomb says of itself is enough
        statuses = self.statuses_of("study")
        self.assertEqual(statuses["sound.png"], "ok")
        for name, (_, status) in made.items():
            if status:
                self.assertEqual(statuses[name], status, name)
        for limit, study in ((None, "study"), (50_000_000, "strict")):
            if limit:
                text, code, _ = run_measured("scan", "--study", study, "--images", "images", "--max-pixels", str(limit), cwd=self.folder)
                self.assertEqual(code, 0, text)
            passed = sum(status == "ok" for status in self.statuses_of(study).values())
            text, code, peak = run_measured("extract", "--study", study, *RANDOM, "--threads", "1", cwd=self.folder)
            self.assertEqual(code, 0, text)
            good, failed = map(int, re.search(r"features of (\d+) images?, (\d+) failed since the scan", text).groups())
            self.assertEqual(good + failed, passed)
            self.assertGreater(good, 0)
            print(f"\nbombs with a limit of {limit or 500_000_000} pixels: {passed} pass the scan, {good} decode, peak {peak >> 20} MiB")
            self.assertLess(peak, BASE + BYTES_A_PIXEL * (limit or 500_000_000))

    def test_bombs_that_pass_the_scan_are_too_large_where_memory_is_limited(self):
        os.makedirs(self.path("images"))
        for name in ("22000.png", "16384.webp"):
            with open(self.path("images", name), "wb") as file:
                file.write(bombs()[name][0])
        shutil.copy(os.path.join(SOURCE, "tests/data/images/rgb.png"), self.path("images", "sound.png"))
        run(0, "scan", "--study", "study", "--images", "images", cwd=self.folder)
        done = subprocess.run(["prlimit", f"--as={SMALL_SPACE}", *command(0, "extract", "--study", "study", *RANDOM, "--threads", "1")],
                              cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"too large \(The image has more pixels or bytes than the limit allows.*\): .*22000.png")
        self.assertIn("features of 1 image, ", done.stdout)


if __name__ == "__main__":
    main()
