"""Readers of the pages: a fresh copy of the repository with a few photographs, and what each page finds there."""

import glob
import os
import random
import re
import shutil
import struct
import subprocess
import tarfile

from coterie_program import MPI_ENVIRONMENT, PROGRAM, SOURCE, make_images, read, run

MINE = """[study]
study = mine-study
[scan]
images = photos
[extract]
backbone = efficientnet_lite0
[reduce]
components = 8
[cluster]
k = 3,4
n-init = 2
[export]
"""
DEFAULT_WEIGHTS = "efficientnet-lite0-57934424.pth"


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def write_npy(path, rows, columns):
    dice = random.Random(1)
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack(f"<{rows * columns}f", *(dice.gauss(row % 6, 1) for row in range(rows) for _ in range(columns))))


def demo_photographs():
    """Where they were fetched, else None."""
    where = subprocess.run([os.path.join(SOURCE, "tools/fetch_photographs"), "--where"], capture_output=True, text=True, check=True)
    return where.stdout.strip() if os.path.isdir(where.stdout.strip()) else None


def take_photographs(folder, subjects=4, each=13):
    """So many of each subject, or pictures made up where the photographs were not fetched."""
    source = demo_photographs()
    if source is None:
        make_images(folder, each)
        return
    for subject in sorted(os.listdir(source))[:subjects]:
        found = sorted(os.path.join(at, name) for at, _, files in os.walk(os.path.join(source, subject)) for name in files)
        os.makedirs(os.path.join(folder, subject))
        for path in found[:each]:
            shutil.copy(path, os.path.join(folder, subject))


def weights_are_there():
    folders = [os.environ.get("COTERIE_WEIGHTS", ""), os.path.join(os.environ.get("XDG_CACHE_HOME", "/nonexistent"), "coterie/weights"),
               os.path.join(os.environ.get("HOME", "/nonexistent"), ".cache/coterie/weights")]
    return any(os.path.exists(os.path.join(folder, DEFAULT_WEIGHTS)) for folder in folders)


class Reader:
    """Somebody who reads a page in a fresh copy of the repository, built, with a few photographs."""

    def __init__(self, folder, page):
        self.folder = os.path.join(folder, page.replace("/", "-"))
        self.programs = os.path.join(self.folder, "programs")
        self.place = os.path.join(self.folder, "coterie")
        for name in ("configs", "slurm", "tests"):
            os.makedirs(self.place, exist_ok=True)
            os.symlink(os.path.join(SOURCE, name), os.path.join(self.place, name))
        for name in os.listdir(os.path.join(SOURCE, "tools")):
            if name != "fetch_photographs":
                os.makedirs(self.path("tools"), exist_ok=True)
                os.symlink(os.path.join(SOURCE, "tools", name), self.path("tools", name))
        write(self.path("tools/fetch_photographs"), f"#!/bin/sh\necho {self.path('photos')}\n", 0o755)
        for path in (self.path("build/release"), self.programs):
            os.makedirs(path)
            os.symlink(os.path.abspath(PROGRAM), os.path.join(path, "coterie"))
        # The ranks that srun would start; the test of the batch scripts has a Slurm.
        write(os.path.join(self.programs, "srun"), '#!/bin/bash\nwhile [[ $1 == -* ]]; do shift 2; done\nexec mpirun -n 2 "$@"\n', 0o755)
        take_photographs(self.path("photos"))

    def path(self, *parts):
        return os.path.join(self.place, *parts)

    def random_weights_for_extract(self):
        """For networks whose weights are too large to fetch for a test."""
        os.remove(os.path.join(self.programs, "coterie"))
        write(os.path.join(self.programs, "coterie"),
              f'#!/bin/sh\n[ "$1" != extract ] || set -- "$@" --weights random:1\nexec {os.path.abspath(PROGRAM)} "$@"\n', 0o755)

    def environment(self):
        return {**os.environ, **MPI_ENVIRONMENT, "PATH": self.programs + ":" + os.environ["PATH"],
                "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none"}

    def give(self, lines, timeout=300):
        """Runs them in one shell; returns the one that failed and what was said, or None."""
        script = ["set -o pipefail"]
        for number, line in enumerate(lines):
            script += [f"echo {number} >'{self.folder}/at'; echo '$' command {number}", line,
                       f"code=$?; [ $code = 0 ] || {{ echo \"exit code $code\"; exit $code; }}"]
        write(os.path.join(self.folder, "script"), "\n".join(script) + "\n")
        done = subprocess.run(["bash", os.path.join(self.folder, "script")], cwd=self.place, env=self.environment(), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=timeout, check=False)
        if done.returncode == 0:
            return None
        with open(os.path.join(self.folder, "at"), encoding="utf-8") as file:
            at = int(file.read())
        return f"{lines[at]}\n{done.stdout.split(f'$ command {at}')[-1].strip()}"

    def files(self):
        """All files below, from the study's folder on: every suffix of the path counts."""
        return [os.path.relpath(os.path.join(at, name), self.place) for at, _, names in os.walk(self.place) for name in names]


def ready_readme(reader, _):
    write_npy(reader.path("vgg.npy"), 240, 256)
    write(reader.path("names.txt"), "".join(f"picture-{row}.jpg\n" for row in range(240)))
    write(reader.path("mine.ini"), MINE)
    os.makedirs(reader.path("new-photos"))
    for folder, _, names in os.walk(reader.path("photos")):
        for name in sorted(names)[:2]:
            shutil.copy(os.path.join(folder, name), reader.path("new-photos"))


def ready_with_readmes_study(reader, readers):
    """The page goes on where README.md ends."""
    for name in ("demo", "photos", "new-photos"):
        shutil.rmtree(reader.path(name), ignore_errors=True)
        shutil.copytree(readers["README.md"].path(name), reader.path(name))


def ready_clustering(reader, readers):
    ready_with_readmes_study(reader, readers)
    folder = sorted(os.listdir(reader.path("photos")))[0]
    names = sorted(os.listdir(reader.path("photos", folder)))
    os.remove(reader.path("photos", folder, names[0]))
    shutil.copy(reader.path("photos", folder, names[1]), reader.path("photos", folder, "new " + names[1]))


def ready_backbones(reader, _):
    for folder in sorted(os.listdir(reader.path("photos")))[1:]:
        shutil.rmtree(reader.path("photos", folder))
    for name in sorted(os.listdir(reader.path("photos", *os.listdir(reader.path("photos")))))[2:]:
        os.remove(reader.path("photos", *os.listdir(reader.path("photos")), name))
    run(0, "scan", "--study", reader.path("demo"), "--images", reader.path("photos"))
    reader.random_weights_for_extract()


def ready_planning(reader, _):
    write(reader.path("mine.ini"), MINE)
    write(reader.path("large.ini"), MINE)


def ready_slurm(reader, readers):
    ready_with_readmes_study(reader, readers)
    os.symlink("demo", reader.path("STUDY"))


def ready_storage(reader, _):
    photographs = sorted(os.path.join(at, name) for at, _, names in os.walk(reader.path("photos")) for name in names)

    def write_tar(path, members):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with tarfile.open(path, "w") as tar:
            for member in members:
                tar.add(member, os.path.relpath(member, reader.path("photos")))

    write_tar(reader.path("photos.tar"), photographs)
    for number in range(100):
        write_tar(reader.path("shards", f"{number:05}.tar"), photographs[number % len(photographs):][:1])
    write_tar(reader.path("archive", "a.tar"), photographs[:5])
    shutil.copy(photographs[6], reader.path("archive"))


def ready_first_study(reader, _):
    """A table as a spreadsheet writes it, and photographs that come later."""
    photographs = sorted(os.path.relpath(os.path.join(at, name), reader.path("photos"))
                         for at, _, names in os.walk(reader.path("photos")) for name in names)
    os.makedirs(reader.path("later-photos"))
    for name in photographs[::10]:
        shutil.copy(reader.path("photos", name), reader.path("later-photos"))
    lines = [f'"{name}",{1990 + number % 7},{("Paris", "Bath")[number % 2]}' for number, name in enumerate(photographs)]
    write(reader.path("photos.csv"), "\r\n".join(["filename,year,place", *lines]) + "\r\n")


def ready_maps(reader, readers):
    """A table of places for all photographs."""
    ready_with_readmes_study(reader, readers)
    photographs = sorted(os.path.relpath(os.path.join(at, name), reader.path("photos"))
                         for at, _, names in os.walk(reader.path("photos")) for name in names)
    lines = [f'"{name}",{number % 7},{number % 5}.5' for number, name in enumerate(photographs)]
    write(reader.path("geography.csv"), "\n".join(["path,x,y", *lines]) + "\n")


def ready_coding(reader, readers):
    """What two coders sent back: the forms are made before the page makes them, and are up to date then."""
    ready_with_readmes_study(reader, readers)
    run(0, "code", "make", "--study", reader.path("demo"), "--k", "10", "--task", "fit", "--coders", "2", "--per-cluster", "20")
    for coder in ("coder1.csv", "coder2.csv"):
        form = read(glob.glob(reader.path("demo", "forms", "*", coder))[0]).decode()
        answered = re.sub(r",,\r?$", ",1,3", form, flags=re.MULTILINE)
        # The second coder thinks otherwise of two images.
        write(reader.path(coder), answered if coder == "coder1.csv" else answered.replace(",1,3", ",2,3", 2))


def ready_studies(reader, _):
    for name in ("protest.csv", "climate.csv", "faces.csv", "kappas.csv"):
        shutil.copy(os.path.join(SOURCE, "tests/data/published", name), reader.path(name))


def ready_training(reader, _):
    """The page begins with the scan."""


def ready_topics(reader, _):
    """Photographs that come later."""
    os.makedirs(reader.path("new-photos"))
    for folder, _, names in os.walk(reader.path("photos")):
        for name in sorted(names)[:1]:
            shutil.copy(os.path.join(folder, name), reader.path("new-photos"))


# What each page finds there beside the repository and photos/. The others have no command, or none that is run.
READY = {"README.md": ready_readme, "docs/backbones.md": ready_backbones, "docs/clustering.md": ready_clustering,
         "docs/first-study.md": ready_first_study,
         "docs/planning.md": ready_planning, "docs/slurm.md": ready_slurm, "docs/storage.md": ready_storage,
         "docs/maps.md": ready_maps, "docs/viewer.md": ready_with_readmes_study, "docs/training.md": ready_training,
         "docs/topics.md": ready_topics, "docs/coding.md": ready_coding, "docs/studies.md": ready_studies}
