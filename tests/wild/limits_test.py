"""Jobs that may not have all of the machine: every stage in a cgroup of 160 MB, under ulimit -v, and after a kill."""

import array
import contextlib
import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest

from coterie_program import PROGRAM, environment, main, make_images

ROWS, COLUMNS, LIMIT = 160_000, 512, 160 << 20  # 328 MB of rows: to keep them all would end the process


def write_rows(path):
    """float32, 8 groups; 1,000 rows again and again, since it is their number that counts."""
    header = repr({"descr": "<f4", "fortran_order": False, "shape": (ROWS, COLUMNS)})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    random.seed(1)
    some = array.array("f", [random.gauss(0, 1) + i // COLUMNS % 8 for i in range(COLUMNS * 1000)]).tobytes()
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for _ in range(ROWS // 1000):
            file.write(some)


@contextlib.contextmanager
def memory_cgroup(limit):
    """The folder of a cgroup that may hold so many bytes, of version 1 or 2, with no swap beyond them."""
    name = f"coterie-test-{os.getpid()}"
    for parent, files in (("/sys/fs/cgroup/memory", ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")),
                          ("/sys/fs/cgroup", ("memory.max", "memory.swap.max"))):
        folder = os.path.join(parent, name)
        try:
            os.mkdir(folder)
            if os.path.exists(os.path.join(folder, files[0])):
                with open(os.path.join(folder, files[0]), "w") as file:
                    file.write(str(limit))
                with contextlib.suppress(OSError), open(os.path.join(folder, files[1]), "w") as file:
                    file.write(str(limit if "memsw" in files[1] else 0))
                yield folder
                return
        except OSError:
            continue
        finally:
            with contextlib.suppress(OSError):
                os.rmdir(folder)
    raise unittest.SkipTest("this machine lets nobody make a cgroup for memory")


class Limits(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="coterie-test-")

    def tearDown(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def coterie(self, *arguments, before="", code=0):
        done = subprocess.run(["bash", "-c", before + ' exec "$@"', "coterie", PROGRAM, *arguments], cwd=self.folder,
                              env=environment(), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def test_every_stage_in_a_job_of_160_megabytes(self):
        write_rows(os.path.join(self.folder, "x.npy"))
        make_images(os.path.join(self.folder, "images"), 24)
        with memory_cgroup(LIMIT) as group:
            enter = f"echo $$ > {group}/cgroup.procs;"
            rows = ("import --file x.npy", "reduce --components 16", "cluster --raw --k 8 --n-init 1 --max-iter 3 --name raw",
                    "cluster --algorithm mini-batch --k 8 --name mini", "cluster --algorithm mixture --k 3 --max-iter 3 --name mixture",
                    "cluster --k 2-4 --n-init 2 --name means", "compare --clusterings means,raw", "evaluate", "select", "report", "export", "info", "verify")
            photographs = ("scan --images images", "extract --weights random:1", "reduce --components 4", "cluster --k 2-4", "montage",
                           "cluster --algorithm ward --k 2-4 --name ward", "assign --images images --k 3 --name again", "embed", "embed --method umap",
                           "words --max-edge 400", "codebook --words 4", "topics --topics 2",
                           "train --method deepcluster --backbone deepcluster_alexnet --width 0.125 --image-size 64 --clusters 2 --epochs 1 --batch 8",
                           "train --method vae --image-size 64 --epochs 1", "view", "code make --k 3 --task fit --per-cluster 4", "report")
            for study, commands in (("rows", rows), ("photographs", photographs)):
                for command in commands:
                    self.coterie(*command.split(), "--study", study, before=enter)

    def test_memory_that_runs_out_is_named(self):
        write_rows(os.path.join(self.folder, "x.npy"))
        self.coterie("import", "--study", "s", "--file", "x.npy")
        with memory_cgroup(LIMIT) as group:
            cluster = ("cluster", "--study", "s", "--raw", "--k", "8", "--memory", "4GiB")
            self.coterie(*cluster, before=f"echo $$ > {group}/cgroup.procs;", code=-9)
        self.assertIn("memory may have run out", self.coterie(*cluster, "--max-iter", "2"))

    def test_addresses_that_are_limited(self):
        make_images(os.path.join(self.folder, "images"), 8)
        said = self.coterie("scan", "--study", "s", "--images", "images", "--threads", "64", before="ulimit -v 4000000;", code=2)
        self.assertIn("ulimit -v leaves this process", said)
        self.assertIn("or ask for --threads", said)
        said = self.coterie("scan", "--study", "s", "--images", "images", before="ulimit -v 400000;", code=2)
        self.assertIn("ulimit -v unlimited", said)
        for command in ("scan --images images", "extract --weights random:1", "reduce --components 2", "cluster --k 2"):
            name, *options = command.split()
            self.coterie(name, "--study", "s", *options, before="ulimit -v 1200000;")


if __name__ == "__main__":
    main()
