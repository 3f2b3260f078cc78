"""A finished study, made once, of which each case of security takes a copy."""

import atexit
import functools
import os
import shutil
import tempfile

from coterie_program import ProgramTest, make_images, read, run

RANDOM = ("--backbone", "efficientnet_lite0", "--weights", "random:7")
FEATURES, CLUSTERING = "efficientnet_lite0", "efficientnet_lite0-pca-kmeans"


def stages(study, images, seed=1):
    """The commands that fill a study, by the folder that each writes to."""
    at = ("--study", study, "--overwrite")
    return {
        "": ("scan", *at, "--images", images, "--duplicates", "keep" if seed == 1 else "skip"),
        "features": ("extract", *at, *RANDOM[:3], f"random:{seed}"),
        "reductions": ("reduce", *at, "--components", "4" if seed == 1 else "5"),
        "clusterings": ("cluster", *at, "--k", "2,3", "--n-init", "2", "--seed", str(seed)),
        "evaluations": ("evaluate", *at, "--labels", "folder"),
        "selections": ("select", *at, "--bootstrap", "2", "--gap", "2"),
        "comparisons": ("compare", *at, "--labels", "folder"),
        "montages": ("montage", *at, "--k", "2"),
        "report": ("report", *at, "--rows", "1"),
        "viewer": ("view", *at),
        "tables": ("export", *at, "--k", "2", "--pictures", "copies", "--write-features"),
        "assignments": ("assign", *at, "--k", "2", "--images", os.path.join(images, "discs"), "--name", "later"),
    }


def tree(folder):
    """What lies below a folder: paths with their contents."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            found[path] = read(path) if os.path.isfile(path) else None
    return found


@functools.cache
def finished_study():
    """Its folder, and that of its images beside it."""
    shared = tempfile.mkdtemp(prefix="coterie-security-")
    atexit.register(shutil.rmtree, shared, ignore_errors=True)
    images = os.path.join(shared, "images")
    make_images(images, each=3)
    for command in stages(os.path.join(shared, "study"), images).values():
        run(0, *command)
    return shared, images


class Hostile(ProgramTest):
    """What the cases share."""

    shared = images = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared, cls.images = finished_study()

    def copy(self, name="study"):
        shutil.copytree(os.path.join(self.shared, "study"), self.path(name), symlinks=True)
        return self.path(name)

    def refused(self, *arguments, says, code=1, ranks=0):
        text = run(ranks, *arguments, code=code)
        self.assertIn(says, text)
        return text
