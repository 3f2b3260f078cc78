"""Runs the program as a person would: mpirun, folders of images, exit codes. Standard library only."""

import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib


SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("COTERIE_PROGRAM", os.path.join(SOURCE, "build/release/coterie"))
MPI_ENVIRONMENT = {
    "COTERIE_CHECK_COLLECTIVES": "120",  # seconds
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
}


def command(ranks, *arguments):
    if ranks == 0:
        return [PROGRAM, *arguments]
    return ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), PROGRAM, *arguments]


def environment():
    return {**os.environ, **MPI_ENVIRONMENT}


def run(ranks, *arguments, code=0, timeout=300, **more):
    """Runs to the end and checks the exit code; returns standard output and error together."""
    done = subprocess.run(
        command(ranks, *arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False, **more
    )
    text = done.stdout.decode(errors="replace")
    if done.returncode != code:
        raise AssertionError(f"{arguments}: exit code {done.returncode}, not {code}\n{text}")
    return text


def ranks_of(launcher):
    """The processes that mpirun started."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == launcher.pid:
            found.append(int(name))
    return found


def kill_once(launcher, ready):
    """Kills the ranks (or the program that was started alone) as soon as ready(); whether they were running still."""
    while launcher.poll() is None:
        if ready():
            for rank in ranks_of(launcher) or [launcher.pid]:
                os.kill(rank, signal.SIGKILL)
            launcher.communicate(timeout=60)
            return launcher.returncode != 0
        time.sleep(0.02)
    return False


def committed_blocks(path):
    """Entries of the journal that were written, read without coterie."""
    dump = subprocess.run(["h5dump", "-d", "/block_hash", "-y", "-w", "1", path], capture_output=True, text=True, check=True).stdout
    return sum(int(entry) != 0 for entry in re.findall(r"^\s+(\d+)", dump, re.MULTILINE))


def png(width, height, pixel):
    """A PNG file's bytes; pixel(x, y) gives (r, g, b)."""
    rows = b"".join(b"\0" + bytes(c for x in range(width) for c in pixel(x, y)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def draw(kind, seed):
    """One small picture of a kind: stripes, a disc, a gradient, noise."""
    dice = random.Random(f"{kind} {seed}")
    a, b = [[dice.randrange(256) for _ in range(3)] for _ in range(2)]
    size, width = dice.randrange(40, 70), dice.randrange(3, 9)

    def pixel(x, y):
        if kind == "stripes":
            return a if (x // width) % 2 else b
        if kind == "discs":
            return a if (x - size / 2) ** 2 + (y - size / 2) ** 2 < (size / 3) ** 2 else b
        if kind == "ramps":
            return [(p * x + q * (size - x)) // size for p, q in zip(a, b)]
        return [dice.randrange(256) for _ in range(3)]

    return png(size, size, pixel)


KINDS = ("stripes", "discs", "ramps", "noise")


def make_images(folder, each=12):
    """`each` sound images of each kind in a folder of its own. Returns how many."""
    for kind in KINDS:
        os.makedirs(os.path.join(folder, kind), exist_ok=True)
        for seed in range(each):
            with open(os.path.join(folder, kind, f"{kind} {seed}.png"), "wb") as file:
                file.write(draw(kind, seed))
    return each * len(KINDS)


def make_trouble(folder):
    """Files that must be accounted for. Returns {path bytes: status or None for any but ok}."""
    trouble = os.path.join(os.fsencode(folder), b"trouble")
    os.makedirs(trouble, exist_ok=True)
    sound = draw("discs", 0)
    files = {
        b"empty.png": (b"", "empty"),
        b"text.jpg": (b"this is no picture", "unsupported"),
        b"cut.png": (sound[: len(sound) // 2], "damaged"),
        b"cut.jpg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00", None),
        b"bomb.png": (sound[:16] + struct.pack(">II", 60000, 60000) + sound[24:], None),
        b"quote'\" and\nnewline.png": (sound, "ok"),
        b"latin-\xe9.png": (sound, "ok"),
        "ümlaut, comma.png".encode(): (sound, "ok"),
        b"1x1.png": (png(1, 1, lambda x, y: (9, 9, 9)), "ok"),
        b"wide.png": (png(30000, 2, lambda x, y: (x % 256, 0, 0)), "ok"),
    }
    for name, (data, _) in files.items():
        with open(os.path.join(trouble, name), "wb") as file:
            file.write(data)
    os.symlink(trouble, os.path.join(trouble, b"loop"))
    return {b"trouble/" + name: status for name, (_, status) in files.items()}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def only(folder, name):
    """The one file of that name below a folder: tables lie in a folder for each clustering and k."""
    found = [os.path.join(at, name) for at, _, files in os.walk(folder) if name in files]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} files called {name} below {folder}: {found}")
    return found[0]


def exported(study, name):
    """The one file of that name that export wrote: scan's own tables lie beside."""
    folders = [entry.path for entry in os.scandir(os.path.join(study, "tables")) if re.search(r"-k\d+$", entry.name)]
    if len(folders) != 1:
        raise AssertionError(f"{len(folders)} exports in {study}: {folders}")
    return os.path.join(folders[0], name)


def write_names(path, study, clustering, names):
    """A names.json that says these names of the clusters of a solution, as the page of coterie view saves it."""
    with open(os.path.join(study, "manifest.json"), encoding="utf-8") as file:
        made = [each for each in json.load(file)["artifacts"] if each["address"] == f"clusterings/{clustering}"]
    clusters = [{"cluster": cluster, "name": name} for cluster, name in enumerate(names)]
    entry = {"clustering": clustering, "k": len(names), "digest": made[-1]["content"], "clusters": clusters}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"format": "coterie names", "version": 1, "clusterings": [entry]}, file)


class ProgramTest(unittest.TestCase):
    """A test case with a folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="coterie-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        begin = time.monotonic()
        self.addCleanup(lambda: print(f"{time.monotonic() - begin:.1f} s ", end="", flush=True))

    def path(self, *parts):
        return os.path.join(self.folder, *parts)


def main():
    """Runs the calling module's cases; no case is a failure, too."""
    result = unittest.main(exit=False, verbosity=2).result
    if result.testsRun == len(result.skipped):
        print("no test case ran", file=sys.stderr)
        sys.exit(4)
    sys.exit(not result.wasSuccessful())
