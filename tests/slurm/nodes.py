"""Two hosts inside this machine, for the tests beside this file, and the study that they run there."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "jobs"))

from coterie_program import MPI_ENVIRONMENT, PROGRAM, make_images, read, run  # noqa: E402
from survival_test import committed_blocks  # noqa: E402

TWO_NODES = os.path.join(HERE, "two_nodes")
FOLDERS = "/var/tmp/coterie-nodes-"
IMPOSSIBLE = 77
SIDE_FILE = re.compile(r"\.(data|metadata|locktest)\.\d+$")  # Open MPI's, beside a file that was open; the next run removes them
FEATURES = "features/efficientnet_lite0.h5"
STUDY = """[study]
study = {study}
[scan]
images = {images}
[extract]
backbone = efficientnet_lite0
weights = random:7
[reduce]
components = 4
[cluster]
k = 3,4
n-init = 2
[evaluate]
labels = folder
[export]
k = 4
"""


class Nodes(unittest.TestCase):
    """node1, node2 and the head, made for the class; a folder that they share; and a study made undisturbed."""

    start = ()
    LEFT = re.compile(r"\n(coterie|orted|mpirun|srun)\b")

    @classmethod
    def setUpClass(cls):
        sweep()
        cls.state = FOLDERS + str(os.getpid())
        # Four ranks share two cores here, so a rank that waits should let the others compute.
        cls.environment = {**os.environ, **MPI_ENVIRONMENT, "OMPI_MCA_mpi_yield_when_idle": "1", "COTERIE_TWO_NODES": cls.state, "COTERIE": PROGRAM}
        begun = subprocess.run([TWO_NODES, "start", *cls.start], env=cls.environment, capture_output=True, text=True, check=False)
        if begun.returncode == IMPOSSIBLE and os.environ.get("COTERIE_REQUIRE_SLURM") != "1":
            print(f"SKIPPED: {begun.stderr}")
            sys.exit(IMPOSSIBLE)
        if begun.returncode != 0:
            raise AssertionError(begun.stderr)
        atexit.register(subprocess.run, [TWO_NODES, "stop"], env=cls.environment, check=True)
        cls.shared = os.path.join(cls.state, "shared")
        cls.images = os.path.join(cls.shared, "images")
        cls.blocks = make_images(cls.images, each=64) // 32
        cls.calm = os.path.join(cls.shared, "calm")
        cls.ini = os.path.join(cls.shared, "study.ini")
        with open(cls.ini, "w", encoding="utf-8") as file:
            file.write(STUDY.format(study=cls.calm, images=cls.images))
        run(2, "run", cls.ini, "--threads", "1")

    def setUp(self):
        subprocess.run([TWO_NODES, "start", *self.start], env=self.environment, check=True)  # what a test before broke
        self.study = os.path.join(self.shared, self.id().rsplit(".", 1)[1])

    def on(self, host, *command, check=True, **more):
        """Runs a command there and returns what it wrote."""
        done = subprocess.run([TWO_NODES, "run", host, *command], env={**self.environment, **more}, cwd=self.shared, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=100, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{command} on {host}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout

    def nodes(self, verb, node):
        subprocess.run([TWO_NODES, verb, node], env=self.environment, check=True)

    def await_blocks(self, count):
        """Until so many blocks of features are committed."""
        partial = os.path.join(self.study, FEATURES + ".partial")
        deadline = time.monotonic() + 60
        while not (os.path.exists(partial) and committed_blocks(partial) >= count):
            self.assertLess(time.monotonic(), deadline, "the extraction does not get on")
            time.sleep(0.02)

    def assert_same_as_undisturbed(self, study):
        compared = 0
        for folder in ("features", "reductions", "clusterings", "evaluations", "tables"):
            names = self.artifacts(self.calm, folder)
            self.assertEqual(self.artifacts(study, folder), names)
            for name in names:
                path = os.path.join(folder, name)
                self.assertEqual(read(os.path.join(study, path)), read(os.path.join(self.calm, path)), path)
                compared += 1
        self.assertGreaterEqual(compared, 8)

    def artifacts(self, study, folder):
        """What lies there, but what Open MPI leaves beside a file when its ranks were killed."""
        top = os.path.join(study, folder)
        found = (os.path.relpath(os.path.join(at, name), top) for at, _, files in os.walk(top) for name in files)
        return sorted(name for name in found if not SIDE_FILE.search(name))

    def assert_nothing_is_left(self, *hosts):
        """No rank, no daemon of Open MPI, no shared memory; they have a minute to go, since they do so after the launcher."""
        until = time.monotonic() + 60
        for host in hosts:
            while time.monotonic() < until and (self.LEFT.search(self.on(host, "ps", "-eo", "comm")) or self.on(host, "ls", "/dev/shm")):
                time.sleep(1)
            self.assertNotRegex(self.on(host, "ps", "-eo", "comm"), self.LEFT, host)
            self.assertEqual(self.on(host, "ls", "/dev/shm"), "", host)


def sweep():
    """Ends what a test that was killed left behind."""
    parent, prefix = os.path.split(FOLDERS)
    for name in os.listdir(parent):
        owner = re.fullmatch(re.escape(prefix) + r"(\d+)", name)
        if owner and not os.path.exists(f"/proc/{owner.group(1)}"):
            subprocess.run([TWO_NODES, "stop"], env={**os.environ, "COTERIE_TWO_NODES": os.path.join(parent, name)}, check=False)


def main():
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
