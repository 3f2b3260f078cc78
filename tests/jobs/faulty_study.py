"""A small study, stage by stage, and what each stage makes undisturbed: the ground on which faults are tried."""

import atexit
import os
import random
import re
import shutil
import struct
import tempfile
import time

from coterie_program import ProgramTest, make_images, read, run

FULL = os.environ.get("COTERIE_ALL_FAULTS") == "1"  # the counts of docs/reliability.md; without it what CI has time for

RANDOM = ("--backbone", "efficientnet_lite0", "--weights", "random:7")
KMEANS = ("--clustering", "kmeans")
# In the order of a study; `{images}`, `{new}` and `{npy}` are filled in. Every study is called "study" and lies in the
# working directory, so that what the report says of commands does not depend on where it was.
STAGES = {
    "scan": ("scan", "--images", "{images}"),
    "import": ("import", "--file", "{npy}", "--name", "made-elsewhere"),
    "extract": ("extract", *RANDOM, "--threads", "1"),
    "reduce": ("reduce", "--features", "efficientnet_lite0", "--components", "8"),
    "cluster, k-means": ("cluster", "--features", "efficientnet_lite0", "--k", "3,4,5", "--n-init", "3", "--name", "kmeans"),
    "cluster, ward": ("cluster", "--features", "efficientnet_lite0", "--algorithm", "ward", "--k", "3-5", "--name", "ward"),
    "cluster, mixture": ("cluster", "--features", "efficientnet_lite0", "--algorithm", "mixture", "--k", "3", "--name", "mixture"),
    "evaluate": ("evaluate", *KMEANS, "--labels", "folder"),
    "select": ("select", *KMEANS, "--labels", "folder", "--bootstrap", "3", "--gap", "2"),
    "compare": ("compare", "--labels", "folder"),
    "assign": ("assign", *KMEANS, "--k", "4", "--images", "{new}", "--weights", "random:7", "--threads", "1"),
    "montage": ("montage", *KMEANS, "--k", "4"),
    "report": ("report", *KMEANS),
    "view": ("view", *KMEANS),
    "export": ("export", *KMEANS, "--k", "4", "--write-features", "--pictures", "copies"),
}

# What may differ between two runs that made the same: dates, durations, who ran it.
RECORDS = {"run.log", "manifest.json", "study.h5", "study.lock"}
LEFTOVER = re.compile(r"\.(tmp|old)/|\.(tmp|new|partial|lock|next)$|\.(tmp|partial)\.(locktest|data|metadata)\.\d+$")


def write_npy(path, rows, columns, value):
    """A .npy file of float32; value(i, j) gives each number."""
    shape = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    header = shape.ljust(117) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for i in range(rows):
            file.write(struct.pack(f"<{columns}f", *(value(i, j) for j in range(columns))))


def files_of(study):
    """{path inside the study: bytes}, without the records; the report without its dates."""
    found = {}
    for folder, _, names in os.walk(study):
        for name in names:
            if name in RECORDS:
                continue
            path = os.path.join(folder, name)
            data = read(path)
            if name == "index.html":
                data = re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", b"DATE", data)
                data = re.sub(rb'href="\./\.\./[^"]*"', b'href="IMAGE"', data)  # as far as the study lies from it
                data = re.sub(rb'"(root|top)Link":"[^"]*"', b"", data)
            if path.endswith(("report/provenance.json", "viewer/provenance.json")):
                data = re.sub(rb'"contents": "\w+"', b"", data)  # of the page with its dates
            found[os.path.relpath(path, study)] = data
    return found


class FaultTest(ProgramTest):
    """Has made the study once, undisturbed, and kept what it was before and after each stage."""

    images_each = 24

    shared = None

    @classmethod
    def setUpClass(cls):
        seed = int(os.environ.get("COTERIE_FAULT_SEED", "6"))
        cls.dice = random.Random(f"{cls.__name__} {seed}")
        print(f"seed {seed} (COTERIE_FAULT_SEED)", flush=True)
        if FaultTest.shared is None:
            FaultTest.prepare()

    @classmethod
    def prepare(cls):
        cls.shared = tempfile.mkdtemp(prefix="coterie-test-")
        atexit.register(shutil.rmtree, cls.shared, ignore_errors=True)  # after the last class of any module
        cls.inputs = {name: os.path.join(cls.shared, name) for name in ("images", "new", "npy")}
        make_images(cls.inputs["images"], each=cls.images_each)
        make_images(cls.inputs["new"], each=4)
        cls.inputs["npy"] += "/made-elsewhere.npy"
        os.makedirs(os.path.dirname(cls.inputs["npy"]))
        write_npy(cls.inputs["npy"], 300, 40, lambda i, j: (i * 7919 + j * 104729) % 1009 / 1009)
        cls.before, cls.after, cls.seconds = {}, {}, {}
        calm = os.path.join(cls.shared, "calm")
        os.makedirs(os.path.join(calm, "study"))
        for stage in STAGES:
            cls.before[stage] = os.path.join(cls.shared, "before", stage)
            shutil.copytree(calm, cls.before[stage])
            start = time.monotonic()
            run(2, *cls.command(stage), cwd=calm)
            cls.seconds[stage] = time.monotonic() - start
            cls.after[stage] = files_of(os.path.join(calm, "study"))

    @classmethod
    def command(cls, stage):
        name, *options = STAGES[stage]
        return (name, "--study", "study", *(option.format(**cls.inputs) for option in options))

    def place(self, stage, *where):
        """A working directory whose study stands as before this stage."""
        folder = self.path(*(where or (f"{time.monotonic_ns()}",)))
        shutil.copytree(self.before[stage], folder, dirs_exist_ok=True)
        return folder

    def assert_earlier_kept(self, stage, folder, what):
        """Whatever was there before the stage is there to the bit, and nothing that bears a final name is half made."""
        there = files_of(os.path.join(folder, "study"))
        for path, data in files_of(os.path.join(self.before[stage], "study")).items():
            self.assertTrue(there.get(path) == data, f"{what}: {path} was there before")
        for path, data in there.items():
            if not LEFTOVER.search(path):
                self.assertIn(path, sorted(self.after[stage]), f"{what}: {path} is nothing that this stage makes")
                self.assertTrue(data == self.after[stage][path], f"{what}: {path} is half made")

    def assert_undisturbed(self, stage, folder, what):
        """The study is what an undisturbed run of the stage makes, with nothing left over."""
        there = files_of(os.path.join(folder, "study"))
        self.assertEqual(sorted(there), sorted(self.after[stage]), what)
        for path, data in self.after[stage].items():
            self.assertTrue(there[path] == data, f"{what}: {path}")
        self.assertFalse(os.path.exists(os.path.join(folder, "study", "study.lock")), what)
