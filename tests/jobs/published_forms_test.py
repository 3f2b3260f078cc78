"""export --as: tables, samples and links by the names and in the forms of published studies; scripts that load the tables."""

import csv
import glob
import json
import os
import shutil
import struct
import subprocess
import sys
import unittest

from coterie_program import ProgramTest, exported, main, make_images, read, run


def has_pandas():
    return subprocess.run([sys.executable, "-c", "import pandas, numpy"], capture_output=True, check=False).returncode == 0


class PublishedForms(ProgramTest):
    def setUp(self):
        super().setUp()
        make_images(self.path("images"), each=12)
        self.study = self.path("study")
        for command in (("scan", "--images", self.path("images")), ("extract", "--weights", "random:7"), ("reduce", "--components", "4"),
                        ("cluster", "--k", "3", "--n-init", "2", "--name", "own")):
            run(0, command[0], "--study", self.study, *command[1:])

    def export(self, *arguments):
        run(0, "export", "--study", self.study, *arguments)
        with open(exported(self.study, "assignments.csv"), newline="", encoding="utf-8") as file:
            return {line["path"]: line for line in csv.DictReader(file)}

    def table(self, name):
        return [line.split("\t") for line in read(exported(self.study, name)).decode().splitlines()]

    def size(self, name):
        return struct.unpack(">II", read(exported(self.study, name))[16:24])

    def test_label_tables_have_no_header(self):
        rows = self.export("--as", "study1")
        self.assertEqual(self.size("own_K=3_original.png"), (3060, 1080))
        self.assertEqual(self.size("own_K=3_random_order.png"), (3060, 1080))
        self.assertEqual(self.size("purelyrandom.png"), (3060, 2160))
        self.assertEqual(self.size("class_proportion_own.png"), (2268, 1962))
        table = self.table("own_K=3_label_distance.txt")
        self.assertEqual([(path, label) for path, label, _ in table], [(path, line["label"]) for path, line in rows.items()])
        self.assertTrue(all(float(distance) == float(rows[path]["distance"]) for path, _, distance in table))

    def test_samples_are_in_the_order_of_numpys_shuffle(self):
        rows = self.export("--as", "peng2021")
        self.assertEqual(self.table("3/label.txt"), [[path, line["label"]] for path, line in rows.items()])
        # numpy.random.RandomState(42).permutation(48)
        first = [27, 40, 26, 43, 24]
        paths = list(rows)
        for number, row in enumerate(first):
            name = f"{number} {paths[row].replace('/', '_')}"
            sample = exported(self.study, os.path.join("3", rows[paths[row]]["label"], name))
            self.assertEqual(read(sample), read(self.path("images", paths[row])))
        self.assertEqual(self.size("grid/3.png"), (6060, 1080))
        names = [name for name in os.listdir(os.path.dirname(exported(self.study, "assignments.csv"))) if "components" in name or "variance" in name]
        self.assertEqual(len(names), 2)
        self.assertTrue(any(name.endswith(" variance.txt") for name in names))
        run(0, "export", "--study", self.study, "--as", "study2b", "--overwrite")
        self.assertEqual([len(line) for line in self.table("components.txt")], [1280] * 4)
        ratios = [float(line[0]) for line in self.table("variance.txt")]
        self.assertEqual(ratios, sorted(ratios, reverse=True))
        self.assertTrue(glob.glob(exported(self.study, f"3/*/1 {paths[27].replace('/', '_')}")))
        said = run(0, "export", "--study", self.study, "--as", "study2a", "--overwrite")
        self.assertIn("the list of images has no columns of metadata, so label.txt has paths instead", said)
        self.assertIn("beside it lies what study2a left", said)

    def test_study_2a_has_the_tables_columns_and_its_order(self):
        paths = sorted(os.path.relpath(os.path.join(at, name), self.path("images")) for at, _, names in os.walk(self.path("images")) for name in names)
        with open(self.path("list.csv"), "w", encoding="utf-8") as file:
            file.write("path,user,randomid\n" + "".join(f"{path},u{number % 3},{700 + number}\n" for number, path in enumerate(paths)))
        study = self.path("table")
        for command in (("scan", "--images", self.path("list.csv"), "--root", self.path("images")), ("extract", "--weights", "random:7"),
                        ("cluster", "--raw", "--k", "2", "--n-init", "2"), ("export", "--as", "study2a")):
            run(0, command[0], "--study", study, *command[1:])
        table = [line.split("\t") for line in read(exported(study, "2/label.txt")).decode().splitlines()]
        self.assertEqual([line[:2] for line in table], [[f"u{number % 3}", str(700 + number)] for number in range(len(paths))])
        first = [number for number, line in enumerate(table) if line[2] == "0"][:20]
        self.assertEqual(sorted(os.listdir(exported(study, "2/0"))), sorted(f"{700 + number} {paths[number].replace('/', '_')}" for number in first))

    def test_mixtures_and_trees_have_their_own_tables(self):
        for algorithm in ("mixture", "ward"):
            run(0, "cluster", "--study", self.study, "--algorithm", algorithm, "--k", "3", "--name", algorithm)
            run(0, "export", "--study", self.study, "--clustering", algorithm, "--as", "study1", "--threshold", "0.001")
        folder = os.path.join(self.study, "tables", "mixture-k3")
        table = [line.split("\t") for line in read(os.path.join(folder, "mixture_K=3_label_gaussianmixture.txt")).decode().splitlines()]
        self.assertEqual({len(line) for line in table}, {6})
        several = [line.split("\t") for line in read(os.path.join(folder, "mixture_K=3_label_morenthan1category.txt")).decode().splitlines()]
        self.assertEqual(several, [line for line in table if sum(float(p) > 0.001 for p in line[3:]) > 1])
        tree = read(os.path.join(self.study, "tables", "ward-k3", "ward_K=3_hierarchical.txt")).decode().splitlines()
        self.assertEqual({len(line.split("\t")) for line in tree}, {2})

    def test_links_lie_in_folders_that_say_how_many(self):
        self.assertIn("own are no clusters of a map", run(0, "export", "--study", self.study, "--as", "tringn", "--to", self.path("said")))
        rows = self.export("--as", "tringn")
        data = json.loads(read(exported(self.study, "cluster_label/own.json")))["data"]
        self.assertEqual(data, [{"img_file": path, "label": line["label"], "prob": "1.0"} for path, line in rows.items()])
        for label in range(3):
            count = sum(line["label"] == str(label) for line in rows.values())
            links = glob.glob(exported(self.study, f"link/own/{label}_{count}/*"))
            self.assertEqual(len(links), count)
            self.assertTrue(all(os.path.islink(link) and os.path.exists(link) for link in links))

        self.assertEqual(self.size("cost_2D.png"), (640, 480))

    def test_a_column_for_each_cluster_holds_quoted_names(self):
        self.assertIn("coterie select makes them", run(0, "export", "--study", self.study, "--as", "luoolu"))
        run(0, "select", "--study", self.study, "--gap", "0", "--bootstrap", "0")
        rows = self.export("--as", "luoolu", "--k", "3")
        self.assertEqual(self.size("3.png"), (1800, 700))
        self.assertTrue(glob.glob(exported(self.study, "cluster_silhouette_score_*.png")))
        lines = read(exported(self.study, "cluster_result.csv")).decode().splitlines()
        self.assertEqual(lines[0], "Cluster_0,Cluster_1,Cluster_2")
        for cluster in range(3):
            column = [line.split(",")[cluster] for line in lines[1:]]
            names = ["'" + os.path.splitext(os.path.basename(path))[0] + "'" for path, line in rows.items() if line["label"] == str(cluster)]
            self.assertEqual([name for name in column if name], names)
        self.assertEqual(len(lines) - 1, max(sum(line["label"] == str(c) for line in rows.values()) for c in range(3)))

    def test_scripts_load_the_tables(self):
        os.rename(self.path("images", "discs"), self.path("images", "=discs"))  # what a spreadsheet would run
        run(0, "scan", "--study", self.study, "--images", self.path("images"), "--overwrite")
        run(0, "extract", "--study", self.study, "--weights", "random:7", "--overwrite")
        run(0, "cluster", "--study", self.study, "--raw", "--k", "3", "--n-init", "2", "--name", "raw")
        run(0, "export", "--study", self.study, "--clustering", "raw", "--to-r", "--to-python", "--write-features")
        if has_pandas():
            said = subprocess.run([sys.executable, "-c", "from load import *; print(len(assignments), features.shape, sum(assignments.path.str.startswith('=')))"],
                                  cwd=os.path.dirname(exported(self.study, "load.py")), capture_output=True, text=True, check=True)
            self.assertEqual(said.stdout.split(), ["48", "(48,", "1280)", "12"])
        if shutil.which("Rscript"):
            said = subprocess.run(["Rscript", "-e", f"source('{exported(self.study, 'load.R')}'); "
                                   "cat(nrow(assignments), nlevels(assignments$label), sum(startsWith(assignments$path, '=')))"],
                                  capture_output=True, text=True, check=True)
            self.assertEqual(said.stdout.split(), ["48", "3", "12"])
        self.assertIn(b"levels = 0:(3 - 1)", read(exported(self.study, "load.R")))

    def test_vectors_lie_in_files_that_import_reads(self):
        features = None
        for form, folder in (("study1", "img transform"), ("peng2021", "img exfeature"), ("tringn", "vectors")):
            run(0, "export", "--study", self.study, "--as", form, "--write-features", "--overwrite")
            features = read(exported(self.study, "features.npy"))[-48 * 1280 * 4:]
            place, = glob.glob(exported(self.study, folder + "/*"))
            name = "again-" + form
            run(0, "import", "--study", self.path(name), "--file", place, "--name", "vectors")
            run(0, "cluster", "--study", self.path(name), "--raw", "--k", "2", "--name", "own")
            run(0, "export", "--study", self.path(name), "--write-features")
            with open(exported(self.path(name), "assignments.csv"), newline="", encoding="utf-8") as file:
                again = [line["path"] for line in csv.DictReader(file)]
            with open(exported(self.study, "assignments.csv"), newline="", encoding="utf-8") as file:
                order = [again.index(line["path"]) for line in csv.DictReader(file)]
            rows = read(exported(self.path(name), "features.npy"))[-48 * 1280 * 4:]
            self.assertEqual(b"".join(rows[place * 5120:(place + 1) * 5120] for place in order), features, form)
            if form == "peng2021":
                self.assertIn(features, read(glob.glob(exported(self.study, "features combine/*.dat"))[0]))
                self.assertEqual(len(glob.glob(exported(self.study, "features PCA/*.dat"))), 1)

    def test_what_cannot_be_exported_is_refused_with_the_way_out(self):
        at = ("export", "--study", self.study, "--as")
        self.assertIn('did you mean "peng2021"?', run(0, *at, "peng21", code=2))
        self.assertIn("name the labels' column with --labels", run(0, *at, "rmsander", code=2))
        self.assertIn("--k 49: there are only 48 rows to group", run(0, "cluster", "--study", self.study, "--k", "3,49", "--name", "x", code=2))


if __name__ == "__main__":
    main()
