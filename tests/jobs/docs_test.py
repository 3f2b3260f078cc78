"""The commands of README.md and docs/, run as they are written, in their order, the way a reader would give them."""

import fnmatch
import os
import re
import shutil
import tempfile
import time
import unittest

from coterie_program import SOURCE, main, read, run
from docs_readers import DEFAULT_WEIGHTS, READY, Reader, weights_are_there

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
