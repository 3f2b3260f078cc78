"""The commands of README.md and docs/, run as they are written, in their order, the way a reader would give them."""

import fnmatch
import glob
import os
import random
import re
import shutil
import struct
import subprocess
import tarfile
import tempfile
import time
import unittest

from coterie_program import MPI_ENVIRONMENT, PROGRAM, SOURCE, main, make_images, read, run

# What is no command: the block's first line begins so.
NO_COMMANDS = {
    ("docs/architecture.md", "images ──scan──▶"): "a drawing",
    ("docs/clustering.md", "coterie: demo/features"): "a message",
    ("docs/formats.md", "STUDY/"): "the files of a study; formats_test.py holds the page to them",
    ("docs/slurm.md", "== 2026-11-25 15:51:22 job 9"): "a log",
    ("docs/slurm.md", "spack:"): "a file for Spack",
    ("docs/training.md", "import torch"): "Python",
    ("docs/slurm.md", "oob_tcp_keepalive_time"): "a file for Open MPI",
}
# Commands that are not run: they begin so.
NOT_RUN = {
    ("README.md", "git clone URL-OF-THIS-REPOSITORY"): "fetches a repository",
    ("README.md", "tools/quickstart"): "installs packages and builds; .ci/run runs it",
    ("docs/slurm.md", "git clone URL-OF-THIS-REPOSITORY"): "fetches a repository",
    ("docs/slurm.md", "tools/build-cuda"): "fetches 2.7 GB and builds",
    ("docs/slurm.md", "srun "): "needs a node with a GPU; docs/planning.md has the same without one",
    ("docs/slurm.md", "coterie submit "): "needs what the command before it measures",
    ("docs/slurm.md", "sbatch "): "needs a cluster; tests/slurm runs the script",
    ("docs/slurm.md", "squeue "): "needs a cluster",
    ("docs/slurm.md", "tail -f slurm-NUMBER.out"): "needs a cluster, and never ends",
    ("docs/slurm.md", "slurm/stages.sh mine.ini"): "needs a cluster; its --dry-run is run here",
    ("docs/slurm.md", "source coterie-modules.sh"): "builds",
    ("docs/slurm.md", "COTERIE_SETUP="): "needs a cluster",
    ("docs/slurm.md", "apptainer build"): "builds a container from the network",
    ("docs/slurm.md", "COTERIE_CONTAINER="): "needs a cluster",
    ("docs/slurm.md", "tools/mpi 8 --host"): "needs several hosts; tests/slurm/hosts_test.py has them",
    ("docs/slurm.md", "ctest "): "another test",
    ("docs/storage.md", "mkdir -p STUDY/features && lfs setstripe"): "needs Lustre",
    ("docs/studies.md", "coterie run configs/peng2021.ini"): "a large network; .ci/run runs it",
    ("docs/studies.md", "coterie export --study peng"): "what the command before it makes",
    ("docs/training.md", "coterie train --study demo --backbone"): "takes minutes even of few images; the narrow one is run",
    ("docs/training.md", "coterie train --study demo --method vae --epochs"): "500 epochs",
}
# Options in the texts that are of other programs.
OTHERS = {
    "Slurm": "nodes ntasks-per-node cpus-per-task gpus gpus-per-node gpus-per-task signal requeue hint distribution mem mem-per-cpu mpi dependency partition "
             "batch me time",
    "MPI and HDF5": "mca bind-to oversubscribe host",
    "tar": "dereference hard-dereference sort",
    "tools": "list where print torch asan tsan tidy quick seconds oracles bench peers",
    "BeeGFS": "setpattern numtargets chunksize",
    "ctest and cmake": "test-dir verbose build target",
    "the measuring scripts of docs/benchmarks.md": "count backbones",
}
# Files and folders named in the texts that no command of a page makes: they are made where something is amiss, or by other options.
NOT_MADE = {"checkpoints/NAME.partial": "while train is at work", "figures/train/vae": "of 500 epochs",
            "features/NAME.h5.partial": "while extract is at work", "descriptors/sift.h5.partial": "while words is at work"}
TABLE_PAGES = ("README.md", "docs/clustering.md")  # where a file's name alone is one of a study, too
STUDY_FOLDERS = ("coding|answers|forms|features|checkpoints|descriptors|reductions|embeddings|clusterings|evaluations|selections|comparisons|assignments|tables|"
                 "figures|montages|report|viewer")

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


def pages():
    found = ["README.md"] + sorted("docs/" + name for name in os.listdir(os.path.join(SOURCE, "docs")) if name.endswith(".md"))
    return {name: read(os.path.join(SOURCE, name)).decode() for name in found}


def blocks(text):
    """The indented blocks of a page, each a list of lines."""
    found, inside, before = [], False, ""
    for line in text.split("\n"):
        indented = line.startswith("    ")
        if indented and not inside and not before.strip():
            found.append([])
            inside = True
        elif line.strip() and not indented:
            inside = False
        if inside and line.strip():
            found[-1].append(line[4:])
        before = line
    return found


def commands(block):
    """Its commands: a line, with those that continue it, and the text that it is given."""
    found, until = [], None
    for line in block:
        if until or (found and found[-1].endswith("\\")):
            found[-1] += "\n" + line
            until = None if line == until else until
            continue
        found.append(line)
        until = (re.search(r"<<-?'?(\w+)'?", line) or [None, None])[1]
    return [each for each in found if not each.lstrip().startswith("#")]


def listed(table, page, text):
    return [key for key in table if key[0] == page and text.startswith(key[1])]


def commands_of(page, text):
    """All that a reader would type, and which entries of the tables were met."""
    to_run, met = [], set()
    for block in blocks(text):
        if entries := listed(NO_COMMANDS, page, block[0]):
            met.update(entries)
            continue
        for each in commands(block):
            entries = listed(NOT_RUN, page, each)
            met.update(entries)
            if not entries:
                to_run.append(each)
    return to_run, met


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


class Docs(unittest.TestCase):
    """The texts, and the program as it is."""

    @classmethod
    def setUpClass(cls):
        cls.pages = pages()
        names = sorted(set(re.findall(r"^  ([a-z-]+(?: [a-z]+)?) {2,}\S", run(0, "--help"), re.MULTILINE)))
        cls.help = {name: run(0, *name.split(), "--help") for name in names}

    def test_commands_stand_in_indented_blocks(self):
        for page, text in self.pages.items():
            if page == "docs/formats.md":  # formats_test.py runs its Python
                text = re.sub(r"(?ms)^```(?:python|json)\n.*?^```$", "", text)
            self.assertNotRegex(text, r"(?m)^\s*(```|~~~)", f"{page}: a block between fences would not be run here")

    def test_each_entry_of_the_tables_is_of_a_page(self):
        met = set().union(*(commands_of(page, text)[1] for page, text in self.pages.items()))
        self.assertEqual(sorted({*NO_COMMANDS, *NOT_RUN} - met), [], "listed, but no page has it")

    def test_readme_lists_the_commands_of_the_program(self):
        table = self.pages["README.md"].split("\n## Commands\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| (`[a-z`, -]+`) \|", table, re.MULTILINE)
        self.assertEqual(sorted(name for row in rows for name in re.findall(r"`([a-z -]+)`", row)), sorted(self.help))

    def test_the_commands_in_the_texts_are_of_the_program(self):
        for page, text in self.pages.items():
            for name in re.findall(r"`(?:mpirun -n \d+ )?coterie ([a-z][a-z-]*)", text) + \
                    re.findall(r"^    coterie ([a-z]+)", text, re.MULTILINE):
                self.assertIn(name, [*self.help, "code"], page)

    def test_the_options_in_the_texts_are_of_a_command(self):
        known = set(re.findall(r"^  --([a-z0-9-]+)", "\n".join(self.help.values()), re.MULTILINE))
        known |= {"help", "version", *(option for options in OTHERS.values() for option in options.split())}
        for page, text in self.pages.items():
            found = set(re.findall(r"(?<![\w-])--([a-z][a-z0-9-]+)", text))
            self.assertEqual(sorted(found - known), [], page)

    def test_options_of_a_command_that_is_written_out_are_its_own(self):
        for page, text in self.pages.items():
            for name, rest in re.findall(r"`coterie (code [a-z]+|[a-z]+)([^`]*)`", text):
                known = set(re.findall(r"^  --([a-z0-9-]+)", self.help[name], re.MULTILINE))
                found = set(re.findall(r"--([a-z][a-z0-9-]+)", rest))
                self.assertTrue(name == "run" or found <= known, (page, name, found - known))


@unittest.skipUnless(weights_are_there(), f"the default weights are not there: tools/fetch_weights ({DEFAULT_WEIGHTS})")
class Commands(unittest.TestCase):
    """What a reader would type."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="coterie-test-")
        cls.readers = {}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def test_each_page_in_order(self):
        for page, text in pages().items():
            lines, _ = commands_of(page, text)
            with self.subTest(page=page):
                if not lines:
                    continue
                self.assertIn(page, READY, f"{page} has commands, and nothing that readies a place for them: {lines}")
                begin = time.monotonic()
                reader = self.readers[page] = Reader(self.folder, page)
                READY[page](reader, self.readers)
                fault = reader.give(lines)
                self.assertIsNone(fault, f"{page}: {fault}")
                print(f"{page} {len(lines)} commands {time.monotonic() - begin:.1f} s; ", end="", flush=True)
        self.check_promised_files()

    def check_promised_files(self):
        """Every file of a study that a page names has been made by somebody who followed the pages."""
        made = [name for reader in self.readers.values() for name in reader.files()]
        for page, text in pages().items():
            promised = set(re.findall(rf"(?:`|demo/)((?:{STUDY_FOLDERS})/[^`\s\",)]*)", text)) - set(NOT_MADE)
            if page in TABLE_PAGES:
                promised |= set(re.findall(r"`([\w-]+\.(?:csv|tsv|npy|png|html|json))`", text))
            for name in sorted(each for each in promised if not each.endswith(("pp", ".py"))):
                # NAME, CLUSTERING-kK and such stand for anything; of a folder any file in it will do.
                pattern = "*/" + re.sub(r"[A-Z]+", "*", name).rstrip("/")
                with self.subTest(page=page, file=name):
                    self.assertTrue(fnmatch.filter(made, pattern) or fnmatch.filter(made, pattern + "/*"),
                                    f"{page} promises {name}, which no command of the pages makes")


if __name__ == "__main__":
    main()
