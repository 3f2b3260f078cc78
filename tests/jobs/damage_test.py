"""Files that are damaged, cut short, gone or hostile: each is named with what to do, or accounted for, and nothing ends
but what it concerns."""

import os
import re
import subprocess

from coterie_program import PROGRAM, ProgramTest, environment, main, read, run
from faulty_study import FULL, FaultTest, write_npy

# Each kind of artifact: its file, the command that makes it, and commands that read it.
ARTIFACTS = {
    "images.h5": ("scan", ("extract --weights random:7", "report --clustering kmeans")),
    "features/efficientnet_lite0.h5": ("extract", ("reduce --features efficientnet_lite0 --name other", "report --clustering kmeans")),
    "features/made-elsewhere.h5": ("import", ("reduce --features made-elsewhere --name other",)),
    "reductions/efficientnet_lite0-pca.h5": ("reduce", ("cluster --reduction efficientnet_lite0-pca --k 3 --name other",)),
    "clusterings/kmeans.h5": ("cluster, k-means", ("evaluate --clustering kmeans", "montage --clustering kmeans", "export --clustering kmeans")),
    "evaluations/kmeans.h5": ("evaluate", ("report --clustering kmeans",)),
    "selections/kmeans.h5": ("select", ("report --clustering kmeans",)),
    "comparisons/comparison.h5": ("compare", ("compare --labels folder",)),
    "assignments/new.h5": ("assign", ()),
}


CUTS = (0, 1, 8, 96, 512, 1 / 3, 1 / 2, 0.999)  # bytes that are left, or the share of them


def cut(folder, path, left):
    """Cuts the artifact; returns how, in words."""
    path = os.path.join(folder, "study", path)
    whole = os.path.getsize(path)
    length = left if isinstance(left, int) else int(whole * left)
    os.truncate(path, length)
    return f"{path} cut to {length} of {whole} bytes"


class Damage(FaultTest):
    def maker(self, path):
        return r"(extract|import|extract \(or import\))" if path.startswith("features") else self.command(ARTIFACTS[path][0])[0]

    def refused(self, folder, arguments, paths, what):
        done = subprocess.run([PROGRAM, arguments[0], "--study", "study", *arguments[1:]], cwd=folder, env=environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        text = done.stdout.decode(errors="replace")
        self.assertEqual(done.returncode, 1, f"{what}: {arguments}\n{text}")
        for path in paths:
            expected = rf"study/{re.escape(path)}: .*; coterie {self.maker(path)} --overwrite makes it anew"
            self.assertRegex(text, expected, f"{what}: {arguments}")

    def test_artifacts_cut_short_are_named_with_the_command_that_makes_them_anew(self):
        refusals = 0
        for left in CUTS if FULL else CUTS[1::3]:
            folder = self.place("export")
            what = [cut(folder, path, left) for path in ARTIFACTS]
            self.refused(folder, ["verify"], ARTIFACTS, what)
            self.assertIn("commands", run(0, "info", "--study", "study", cwd=folder))
            refusals += len(ARTIFACTS)
        for number, (path, (stage, readers)) in enumerate(ARTIFACTS.items()):
            folder = self.place("export")
            whole = read(os.path.join(folder, "study", path))
            for left in reversed(CUTS) if FULL else [CUTS[-1 - number % len(CUTS)]]:
                what = cut(folder, path, left)
                name, _, _, *options = self.command(stage)
                for reader in (*(reader.split() for reader in readers), [name, *options]):
                    self.refused(folder, reader, [path], what)
                    refusals += 1
            run(0, *self.command(stage), "--overwrite", cwd=folder)
            self.assertEqual(read(os.path.join(folder, "study", path)), whole, path)
        print(f"\n{refusals} times an artifact that was cut short was refused by name; {len(ARTIFACTS)} made anew byte-equal")

    def test_one_damaged_artifact_does_not_keep_others_from_being_made(self):
        folder = self.place("export")
        with open(os.path.join(folder, "study/evaluations/kmeans.h5"), "r+b") as file:
            file.truncate(1000)
        run(0, "cluster", "--study", "study", "--features", "efficientnet_lite0", "--k", "2", "--name", "two", cwd=folder)
        self.assertIn("clusterings/two", read(os.path.join(folder, "study/manifest.json")).decode())


class Numbers(ProgramTest):
    def test_features_that_are_no_numbers_are_refused_with_file_and_row(self):
        for name, value in (("nan", float("nan")), ("inf", float("inf")), ("minus", -float("inf"))):
            for row in (0, 1050):
                path = self.path(f"{name}.npy")
                write_npy(path, 1100, 5, lambda i, j, row=row, value=value: value if (i, j) == (row, 3) else float(i))
                text = run(0, "import", "--study", self.path("study"), "--file", path, code=2)
                self.assertIn(f"{path}: row {row} (from zero) holds NaN or infinity", text)
                self.assertFalse(os.path.exists(self.path("study", "features", f"{name}.h5")))
        path = self.path("cut.npy")
        write_npy(path, 100, 5, lambda i, j: float(i))
        with open(path, "r+b") as file:
            file.truncate(1000)
        self.assertIn(f"{path}: has 1000 bytes where", run(0, "import", "--study", self.path("study"), "--file", path, code=1))


if __name__ == "__main__":
    main()
