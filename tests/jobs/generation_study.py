"""A small collection that can change, a study of it, and what is true of both, counted again without coterie."""

import csv
import hashlib
import itertools
import os
import random
import re
import shutil
import subprocess
import zlib

from coterie_program import command, environment, read

try:
    import h5py
    import numpy
except ImportError:
    h5py = numpy = None

SIDE = 40  # pixels; every picture has the same number of bytes, so that one can be changed in place
UNWORTHY = ("vector::", "basic_string", "map::at", "std::", "terminate called", "what():", "H5E_", "bad_alloc", "Segmentation")
KIND_OF = re.compile(r"\b(images|features|reductions|embeddings|clusterings|evaluations|selections|comparisons|assignments|descriptors|codebooks|topics|coding|answers|forms|tables|figures|montages|"
                     r"report)\b(/[^\s:,;]+)?|\.(h5|csv|png|html)\b|[\w.-]/[\w.-]")
IN_ORDER = "in this order:"
RECORDS = ("run.log", "manifest.json", "study.h5", "study.lock")


class Fault(AssertionError):
    """The program said or wrote what is not so."""


def check(true, *what):
    if not true:
        raise Fault(" ".join(str(part) for part in what))


class Outcome:
    """What a command came to."""

    def __init__(self, arguments, code, text):
        self.arguments, self.code, self.text = arguments, code, text

    def __str__(self):
        return f"coterie {' '.join(self.arguments)}: exit code {self.code}\n{self.text}"


def coterie(*arguments, cwd, timeout=120, ranks=0):
    """Runs the program in a folder; every study is named relative to it."""
    done = subprocess.run(command(ranks, *arguments), cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout, check=False)
    return Outcome(arguments, done.returncode, done.stdout.decode(errors="replace"))


def picture(number, changed=False):
    """The bytes of one picture. A changed one has magenta in it, which no other has: it is found in whatever shows it."""
    dice = random.Random(f"picture {number}")
    a, b = [[dice.randrange(180) for _ in range(3)] for _ in range(2)]
    kind, width = number % 4, dice.randrange(3, 9)

    def pixel(x, y):
        if changed and x > SIDE // 4:
            return 255, 0, 255
        if kind == 0:
            return a if (x // width) % 2 else b
        if kind == 1:
            return a if (x - 20) ** 2 + (y - 20) ** 2 < 16 * width * width else b
        if kind == 2:
            return [(p * x + q * (SIDE - x)) // SIDE for p, q in zip(a, b)]
        return [dice.randrange(180) for _ in range(3)]

    return b"P6\n%d %d\n255\n" % (SIDE, SIDE) + bytes(c for y in range(SIDE) for x in range(SIDE) for c in pixel(x, y))


class Collection:
    """A folder of pictures and a table that lists them with what is known of each."""

    def __init__(self, folder, count=0):
        self.folder, self.columns, self.rows = folder, ["kind"], {}  # rows: name -> values of the columns, in the order of the list
        os.makedirs(folder, exist_ok=True)
        for number in range(count):
            self.put(f"p{number:02}.ppm", picture(number))
            self.rows[f"p{number:02}.ppm"] = [f"kind {number % 4}"]
        self.write()

    @property
    def table(self):
        return os.path.join(self.folder, "list.csv")

    def put(self, name, data):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(data)

    def edit_in_place(self, name, data):
        """Other bytes, as many, and the file's times as they were."""
        path = os.path.join(self.folder, name)
        before = os.stat(path)
        check(before.st_size == len(data), "as many bytes")
        with open(path, "r+b") as file:
            file.write(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def write(self):
        with open(self.table, "w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(["path", *self.columns])
            lines.writerows([name, *values] for name, values in self.rows.items())

    def prints(self):
        """{name: digest of the bytes} of every file that is there, listed or not."""
        return {name: hashlib.sha1(read(os.path.join(self.folder, name))).hexdigest()
                for name in sorted(os.listdir(self.folder)) if not name.endswith(".csv")}

    def column(self, name):
        place = self.columns.index(name)
        return {path: values[place] for path, values in self.rows.items()}

    def copy(self, folder):
        """The same collection elsewhere, with its times."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        other = Collection.__new__(Collection)
        other.folder, other.columns, other.rows = folder, list(self.columns), {name: list(row) for name, row in self.rows.items()}
        return other


# ---- what lies in a study

def table(*path):
    """A table's lines as dictionaries, and without the apostrophes that keep spreadsheets from running a field."""
    with open(os.path.join(*path), newline="", encoding="utf-8") as file:
        return [{key: value[1:] if value.startswith("'") else value for key, value in row.items()} for row in csv.DictReader(file)]


def folder_of(study, kind, *name):
    """Where a command leaves its tables, pictures or page."""
    return os.path.join(study, kind, *name)


def labels_of(study, clustering):
    """{k: labels} of an artifact."""
    with h5py.File(os.path.join(study, "clusterings", f"{clustering}.h5"), "r") as file:
        return {int(group[2:]): file[group]["labels"][:].tolist() for group in file if group.startswith("k=")}


def datasets(path):
    """{dataset: its bytes} of an artifact, whatever its attributes."""
    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = repr((item.shape, item[()].tolist() if item.dtype.hasobject else item[()].tobytes()))

    with h5py.File(path, "r") as file:
        file.visititems(keep)
    return found


def digests(folder):
    """{path: digest} of all files of a study, without the records of what was run."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if name not in RECORDS:
                found[os.path.relpath(path, folder)] = os.readlink(path) if os.path.islink(path) else hashlib.sha1(read(path)).hexdigest()
    return found


# ---- counted again

def adjusted_rand(first, second):
    """Hubert and Arabie's index of two lists of labels."""
    both, one, other = {}, {}, {}
    for a, b in zip(first, second):
        both[a, b] = both.get((a, b), 0) + 1
        one[a] = one.get(a, 0) + 1
        other[b] = other.get(b, 0) + 1
    pairs = [sum(n * (n - 1) / 2 for n in counts.values()) for counts in (both, one, other)]
    every = len(first) * (len(first) - 1) / 2
    expected = pairs[1] * pairs[2] / every if every else 0
    most = (pairs[1] + pairs[2]) / 2
    return 1.0 if most == expected else (pairs[0] - expected) / (most - expected)


def mean_silhouette(rows, labels):
    """Rousseeuw's, over all rows; 0 for one alone in its cluster."""
    rows, labels = numpy.asarray(rows, dtype=numpy.float64), numpy.asarray(labels)
    far = numpy.sqrt(((rows[:, None] - rows[None]) ** 2).sum(2))
    total = 0
    for i, own in enumerate(labels):
        same = labels == own
        if same.sum() == 1:
            continue
        inside = far[i, same].sum() / (same.sum() - 1)
        outside = min(far[i, labels == other].mean() for other in set(labels.tolist()) - {own})
        total += (outside - inside) / max(inside, outside)
    return total / len(labels)


def reduced(study, name):
    with h5py.File(os.path.join(study, "reductions", f"{name}.h5"), "r") as file:
        return file["rows"][:]


def check_reduction(study, name, features="efficientnet_lite0"):
    """Rows are those features, put through that matrix."""
    with h5py.File(os.path.join(study, "features", f"{features}.h5"), "r") as file:
        raw = file["features"][:][file["status"][:] == 0].astype(numpy.float64)
    with h5py.File(os.path.join(study, "reductions", f"{name}.h5"), "r") as file:
        rows, mean, components = file["rows"][:], file["mean"][:], file["components"][:]
    check(len(raw) == len(rows), f"reductions/{name} has {len(rows)} rows, features/{features} {len(raw)}")
    projected = (raw / numpy.linalg.norm(raw, axis=1, keepdims=True) - mean) @ components.T
    projected /= numpy.linalg.norm(projected, axis=1, keepdims=True)
    check(numpy.allclose(projected, rows, atol=1e-4), f"reductions/{name} is not made of features/{features} as they are")


def check_clustering(study, name, rows):
    """Centroids are the means of their rows."""
    with h5py.File(os.path.join(study, "clusterings", f"{name}.h5"), "r") as file:
        for group in (group for group in file if group.startswith("k=")):
            labels, centroids = file[group]["labels"][:], file[group]["centroids"][:]
            check(len(labels) == len(rows), f"clusterings/{name} has {len(labels)} labels, there are {len(rows)} rows")
            for c, centroid in enumerate(centroids):
                check(numpy.allclose(rows[labels == c].mean(0), centroid, atol=1e-4), f"clusterings/{name} is not made of the rows as they are")


def magenta_in(png):
    """Whether a picture that coterie drew (8-bit RGB, lines filtered with none or Sub) shows a changed image."""
    data, at, packed, width = read(png), 8, b"", 0
    while at < len(data):
        size, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        if kind == b"IHDR":
            width = int.from_bytes(data[at + 8:at + 12], "big")
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    lines = numpy.frombuffer(zlib.decompress(packed), dtype=numpy.uint8).reshape(-1, 1 + 3 * width)
    check(set(lines[:, 0].tolist()) <= {0, 1}, f"{png}: filters that this test does not know")
    pixels = lines[:, 1:].reshape(len(lines), width, 3)
    summed = numpy.add.accumulate(pixels, axis=1, dtype=numpy.uint8)
    pixels = numpy.where((lines[:, 0] == 1)[:, None, None], summed, pixels)
    return bool(((pixels[..., 0] > 240) & (pixels[..., 1] < 15) & (pixels[..., 2] > 240)).any())


def shown_in(study):
    """The pictures of a report, as they stand in it."""
    found = set()
    for where, _, names in os.walk(os.path.join(study, "report")):
        for name in names:
            if name.endswith(".html"):
                found.update(re.findall(rb"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", read(os.path.join(where, name))))
            elif name.endswith((".jpg", ".jpeg")):
                found.add(hashlib.sha1(read(os.path.join(where, name))).hexdigest().encode())
    return found


# ---- words

def check_refusal(outcome):
    """One message, in words, that names what it is about and what to run."""
    text = outcome.text
    check(outcome.code in (1, 2), f"neither done nor refused: {outcome}")
    check(text.count("coterie: ") == 1, f"not one message: {outcome}")
    message = text.split("coterie: ", 1)[1]
    check(len(message.strip()) > 20, f"says nothing: {outcome}")
    for word in UNWORTHY:
        check(word not in text, f"speaks of {word}: {outcome}")
    check(KIND_OF.search(message), f"names no file or artifact: {outcome}")
    check(re.search(r"\bcoterie [a-z]+|--[a-z]|[Mm]ove it away|did you mean|only:? |: no such ", message), f"names nothing to run: {outcome}")


def proposals(text):
    """The commands that a message says to run, in its order."""
    if IN_ORDER not in text:
        return []
    lines = text.split(IN_ORDER, 1)[1].splitlines()
    found = itertools.takewhile(lambda line: not line.strip() or line.strip().startswith("coterie "), lines)
    return [line.strip() for line in found if line.strip()]
