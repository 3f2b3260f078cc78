"""Outputs that kept each other's places, defaults that followed file times, recipes that were one and passed for two: case by case."""

import glob
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import unittest

from coterie_program import PROGRAM, SOURCE, ProgramTest, environment, main, read, run, write_names
from generation_changes import STAGES
from generation_study import Collection, check_refusal, coterie, h5py, labels_of, picture, proposals, table


def write_rows(path, count=24, columns=("kind",), seed=1):
    """Rows round three centres, with text columns that are made of the row's number."""
    dice = random.Random(seed)
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join(["name", *columns, "x", "y", "z"]) + "\n")
        for i in range(count):
            texts = [f"value {(i + shift) % (3 + shift)}" for shift in range(len(columns))]
            numbers = [f"{6 * (i % 3 == axis) + dice.gauss(0, 1):.5f}" for axis in range(3)]
            file.write(",".join([f"p{i:02}", *texts, *numbers]) + "\n")


@unittest.skipIf(h5py is None, "python3-h5py is not installed")
class CaseTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.study = self.path("study")

    def done(self, *arguments):
        return run(0, arguments[0], "--study", "study", *arguments[1:], cwd=self.folder)

    def refused(self, *arguments):
        outcome = coterie(arguments[0], "--study", "study", *arguments[1:], cwd=self.folder)
        check_refusal(outcome)
        return outcome.text

    def imported(self, **more):
        write_rows(self.path("x.csv"), **more)
        self.done("import", "--file", "x.csv", "--name", "x")

    def clustered(self, *names, k="3,4"):
        for seed, name in enumerate(names, 1):
            self.done("cluster", "--raw", "--k", k, "--n-init", "1", "--seed", str(seed), "--name", name)

    def pictured(self, count=12):
        images = Collection(self.path("images"), count)
        for stage in ("scan", "extract", "reduce", "cluster"):
            self.done(*STAGES[stage])
        return images

    def inside(self, *parts):
        """{path: bytes} of a folder of the study, its provenance left out."""
        folder = os.path.join(self.study, *parts)
        return {os.path.relpath(path, folder): read(path) for path in glob.glob(folder + "/**", recursive=True)
                if os.path.isfile(path) and os.path.basename(path) != "provenance.json"}


class Places(CaseTest):
    def test_each_selection_keeps_its_tables_and_charts(self):
        self.imported()
        self.clustered("a", "b", k="2-5")
        self.done("select", "--clustering", "a", "--bootstrap", "0", "--gap", "0")
        first = self.inside("tables", "selections", "a"), self.inside("figures", "selections", "a")
        self.assertIn("k_selection.csv", first[0])
        self.assertTrue(first[1])
        self.done("select", "--clustering", "b", "--bootstrap", "0", "--gap", "0")
        self.assertEqual((self.inside("tables", "selections", "a"), self.inside("figures", "selections", "a")), first)
        self.assertIn("is up to date", self.done("select", "--clustering", "a", "--bootstrap", "0", "--gap", "0"))
        for name in ("a", "b"):
            inertia = {row["k"]: float(row["inertia"]) for row in table(self.study, "tables/selections", name, "k_selection.csv")}
            with h5py.File(os.path.join(self.study, f"clusterings/{name}.h5"), "r") as file:
                for k, value in inertia.items():
                    self.assertAlmostEqual(value, file[f"k={k}/inertia"][0], places=5)

    def test_comparisons_of_any_name_stand_beside_one_another_and_beside_the_export(self):
        self.imported()
        self.clustered("a", "b", k="3")
        self.done("export", "--clustering", "a")
        exported = self.inside("tables", "a-k3")
        self.assertIn("assignments.csv", exported)
        for name, labels in (("c1", ()), ("c2", ("--labels", "kind")), ("assignments", ("--labels", "kind"))):
            self.done("compare", "--name", name, *labels)
        pairs = {name: table(self.study, "tables/comparisons", name, "pairs.csv") for name in ("c1", "c2", "assignments")}
        self.assertEqual([len(rows) for rows in pairs.values()], [1, 3, 3])
        self.assertEqual(self.inside("tables", "a-k3"), exported)
        self.assertEqual(len([name for name in self.inside("tables", "comparisons", "c1") if name.startswith("crosstab")]), 1)
        for name in pairs:
            self.assertTrue(os.path.exists(os.path.join(self.study, "figures/comparisons", name, "comparison.svg")), name)

    def test_columns_that_differ_in_a_blank_a_dash_and_a_slash_have_a_crosstab_each(self):
        columns = ("a b", "a-b", "a/b")
        self.imported(columns=columns)
        self.clustered("one", k="3")
        self.done("compare", "--labels", ",".join(columns), "--figures=false")
        folder = os.path.join(self.study, "tables/comparisons/comparison")
        crosstabs = [table(folder, name) for name in sorted(os.listdir(folder)) if name.startswith("crosstab-")]
        self.assertEqual(len(crosstabs), 6)
        values = {tuple(sorted(row[next(iter(row))] for row in rows)) for rows in crosstabs}
        for count in (3, 4, 5):
            self.assertIn(tuple(f"value {i}" for i in range(count)), values)

    def test_pictures_of_images_that_are_gone_do_not_stay_in_the_export(self):
        images = self.pictured()
        self.done("export", "--clustering", "kmeans", "--k", "3", "--pictures", "links")
        folder = os.path.join(self.study, "tables/kmeans-k3/pictures")
        self.assertEqual(len(glob.glob(folder + "/cluster_*/*")), 12)
        for name in ("p01.ppm", "p02.ppm"):
            os.remove(os.path.join(images.folder, name))
            del images.rows[name]
        images.write()
        self.done("scan", "--images", "images/list.csv", "--overwrite")
        text = self.done("export", "--clustering", "kmeans", "--k", "3", "--pictures", "links")
        self.assertRegex(text, r"\b2\b")
        links = glob.glob(folder + "/cluster_*/*")
        self.assertEqual(len(links), 10)
        self.assertTrue(all(os.path.exists(link) for link in links))
        self.done("export", "--clustering", "kmeans", "--k", "3")
        self.assertFalse(os.path.exists(folder))

    def test_a_copy_is_made_of_no_image_that_was_edited_in_place(self):
        images = self.pictured()
        images.edit_in_place("p03.ppm", picture(3, changed=True))
        text = self.done("export", "--clustering", "kmeans", "--k", "3", "--pictures", "copies")
        self.assertIn("p03.ppm", text)
        copies = glob.glob(os.path.join(self.study, "tables/kmeans-k3/pictures/cluster_*/*"))
        self.assertEqual(len(copies), 11)
        self.assertNotIn(picture(3, changed=True), [read(copy) for copy in copies])


class Hands(CaseTest):
    """What a person put into an output folder."""

    COMMANDS = {
        "tables/a-k3": ("export", "--clustering", "a", "--k", "3"),
        "tables/selections/a": ("select", "--clustering", "a", "--bootstrap", "0", "--gap", "0"),
        "tables/comparisons/comparison": ("compare",),
        "tables/assignments/new": ("assign", "--clustering", "a", "--k", "3", "--file", "new.csv"),
        "report": ("report", "--clustering", "a"),
    }

    def setUp(self):
        super().setUp()
        self.imported()
        self.clustered("a")
        write_rows(self.path("new.csv"), count=6, seed=2)
        for arguments in self.COMMANDS.values():
            self.done(*arguments)

    def test_an_edited_table_and_a_file_of_ones_own_are_kept_until_overwrite(self):
        for folder, arguments in self.COMMANDS.items():
            path = os.path.join(self.study, folder)
            self.assertTrue(os.path.exists(os.path.join(path, "provenance.json")), folder)
            whole = self.inside(folder)
            name = next(name for name in sorted(whole) if name.endswith((".csv", ".html")))
            for edit in ("edited", "added", "removed"):
                with self.subTest(folder=folder, edit=edit):
                    if edit == "edited":
                        with open(os.path.join(path, name), "a", encoding="utf-8") as file:
                            file.write("mine\n")
                    elif edit == "added":
                        with open(os.path.join(path, "notes.txt"), "w", encoding="utf-8") as file:
                            file.write("mine\n")
                    else:
                        os.remove(os.path.join(path, name))
                    there = self.inside(folder)
                    text = self.refused(*arguments)
                    self.assertIn(folder, text)
                    self.assertIn("ove it away", text)
                    self.assertEqual(self.inside(folder), there)
                    self.done(*arguments, "--overwrite")
                    self.assertEqual(set(self.inside(folder)), set(whole))

    def test_a_folder_that_coterie_did_not_write_is_never_replaced(self):
        for folder, arguments in self.COMMANDS.items():
            with self.subTest(folder=folder):
                path = os.path.join(self.study, folder)
                shutil.rmtree(path)
                os.makedirs(path)
                with open(os.path.join(path, "notes.txt"), "w", encoding="utf-8") as file:
                    file.write("mine\n")
                for more in ((), ("--overwrite",)):
                    self.assertIn(folder, self.refused(*arguments, *more))
                    self.assertEqual(self.inside(folder), {"notes.txt": b"mine\n"})
                os.rename(path, path + "-mine")
                self.done(*arguments)
                self.assertTrue(self.inside(folder))

    def test_an_export_elsewhere_is_owned_in_the_same_way(self):
        self.done("export", "--clustering", "a", "--to", "elsewhere")
        names = sorted(os.listdir(self.path("elsewhere")))
        self.assertEqual(names, ["a-k3", "a-k4"])
        with open(self.path("elsewhere/a-k3/notes.txt"), "w", encoding="utf-8") as file:
            file.write("mine\n")
        self.assertIn("elsewhere/a-k3", self.refused("export", "--clustering", "a", "--to", "elsewhere"))
        self.assertEqual(read(self.path("elsewhere/a-k3/notes.txt")), b"mine\n")


class Coders(CaseTest):
    """What coders sent back is to one coding, of one clustering."""

    def coded(self):
        self.pictured()
        self.done("code", "make", "--clustering", "kmeans", "--k", "3", "--per-cluster", "3", "--name", "coded")
        for coder in (1, 2):
            lines = table(self.study, "forms", "coded", f"coder{coder}.csv")
            with open(self.path(f"coder{coder}.csv"), "w", encoding="utf-8") as file:
                file.write("form,token,answer\n" + "".join(f"{line['form']},{line['token']},{1 + (coder == 2 and i == 0)}\n" for i, line in enumerate(lines)))
        self.done("code", "read", "coder1.csv", "coder2.csv")
        self.done("code", "report", "--figures=false")

    def done(self, *arguments):
        words = 2 if arguments[0] == "code" else 1
        return run(0, *arguments[:words], "--study", "study", *arguments[words:], cwd=self.folder)

    def refused(self, *arguments):
        words = 2 if arguments[0] == "code" else 1
        outcome = coterie(*arguments[:words], "--study", "study", *arguments[words:], cwd=self.folder)
        check_refusal(outcome)
        return outcome.text

    def test_a_clustering_made_again_has_other_forms(self):
        self.coded()
        self.done("cluster", "--k", "3,4", "--n-init", "3", "--seed", "5", "--name", "kmeans", "--overwrite")
        for command in (("code", "read", "coder1.csv", "coder2.csv"), ("code", "report")):
            text = self.refused(*command)
            self.assertIn("coterie code make --study study --clustering kmeans --k 3", text)
        self.assertIn("no line of these tables belongs to this coding", self.way_out(text))

    def way_out(self, text):
        """What the refusal says to run, in its order, and what the last command says: the tables are of the forms before."""
        said = ""
        for line in proposals(text):
            _, *arguments = shlex.split(line)
            said = coterie(*arguments, cwd=self.folder).text
        return said

    def test_a_form_that_was_edited_and_answers_that_were_are_refused(self):
        self.coded()
        path = os.path.join(self.study, "answers", "coded.h5")
        with h5py.File(path, "r+") as file:
            file["answer"][0] = 1
        self.assertIn("answers/coded", self.refused("code", "report", "--overwrite"))
        self.assertIn("answers/coded", self.refused("code", "read", "--answers", "coded", "coder1.csv"))
        self.done("code", "read", "coder1.csv", "coder2.csv", "--overwrite")
        self.done("code", "report", "--figures=false")

    def test_another_round_is_of_the_answers_as_they_are(self):
        self.coded()
        self.done("code", "read", "--answers", "coded", "coder1.csv")
        self.done("code", "report", "--figures=false")
        self.done("code", "read", "coder1.csv", "--coding", "coded", "--name", "coded", "--overwrite")
        self.assertIn("answers/coded", self.refused("code", "report", "--answers", "coded-round2"))
        self.done("code", "read", "--answers", "coded", "coder1.csv", "--overwrite")
        self.done("code", "report", "--answers", "coded-round2", "--figures=false")

    def test_names_given_later_are_in_the_tables(self):
        self.coded()
        write_names(os.path.join(self.study, "names.json"), self.study, "kmeans", ["cats", "", "dogs"])
        self.done("code", "report", "--figures=false")
        self.assertIn("cats", {line["name"] for line in table(self.study, "tables", "coding", "coded", "consistency.csv")})


class Defaults(CaseTest):
    def reads(self, text):
        found = re.search(r"reads (?:the )?clusterings/([\w-]+)", text)
        self.assertTrue(found, text)
        return found.group(1)

    def test_a_bare_export_says_what_it_reads_and_follows_the_choice(self):
        self.imported()
        self.clustered("a", "b", k="3,4")
        self.done("cluster", "--raw", "--algorithm", "ward", "--k", "3,4")
        text = self.done("export")
        self.assertEqual(self.reads(text), "x-ward")
        self.assertIn("newest of 3", text)
        self.assertIn("--clustering", text)
        self.done("choose", "--clustering", "a", "--k", "4")
        text = self.done("export")
        self.assertEqual(self.reads(text), "a")
        labels = labels_of(self.study, "a")[4]
        self.assertEqual([int(row["label"]) for row in table(self.study, "tables/a-k4/assignments.csv")], labels)
        self.assertFalse(os.path.exists(os.path.join(self.study, "tables/a-k3")))
        self.assertIn("a", self.done("info"))
        text = self.done("assign", "--file", "x.csv", "--name", "again")
        self.assertEqual(self.reads(text), "a")
        self.assertEqual([int(row["label"]) for row in table(self.study, "tables/assignments/again/assigned.csv")], labels)
        self.done("export", "--clustering", "b")  # another clustering has all its k
        self.assertTrue(os.path.exists(os.path.join(self.study, "tables/b-k3")) and os.path.exists(os.path.join(self.study, "tables/b-k4")))
        self.done("choose", "--clear")
        self.assertEqual(self.reads(self.done("export")), "x-ward")

    def test_a_choice_that_cannot_be_is_refused(self):
        self.imported()
        self.clustered("a")
        self.assertIn("none", self.refused("choose", "--clustering", "none", "--k", "3"))
        self.assertIn("9", self.refused("choose", "--clustering", "a", "--k", "9"))

    def test_the_first_selection_is_the_choice_until_a_person_makes_another(self):
        self.imported(count=60)
        self.clustered("a", "b", k="2-6")
        text = self.done("select", "--clustering", "a", "--bootstrap", "0", "--gap", "0", "--figures=false")
        found = re.search(r"chose (?:clusterings/)?a with k = (\d)", text)
        self.assertTrue(found, text)
        self.done("select", "--clustering", "b", "--bootstrap", "0", "--gap", "0", "--figures=false")
        self.assertEqual(self.reads(self.done("export")), "a")
        self.assertEqual(os.listdir(os.path.join(self.study, "tables")).count(f"a-k{found.group(1)}"), 1)
        self.done("choose", "--clustering", "b", "--k", "5")
        self.done("select", "--clustering", "a", "--bootstrap", "0", "--gap", "0", "--figures=false", "--overwrite")
        self.assertEqual(self.reads(self.done("export")), "b")

    def test_a_copy_whose_files_bear_other_times_takes_the_same_by_default(self):
        self.imported()
        self.clustered("a", "b", "c", k="3")
        self.done("cluster", "--raw", "--k", "3", "--seed", "9", "--name", "b", "--overwrite")
        before = self.reads(self.done("export"))
        self.assertEqual(before, "b")
        shutil.copytree(self.study, self.path("copy"))
        for age, name in enumerate(("b", "a", "c")):
            os.utime(self.path("copy/clusterings", f"{name}.h5"), (1.7e9 + age, 1.7e9 + age))
        shutil.rmtree(self.study)
        os.rename(self.path("copy"), self.study)
        self.assertEqual(self.reads(self.done("export")), before)
        self.assertEqual(self.reads(self.done("report")), before)


class Recipes(CaseTest):
    def test_what_means_the_same_is_the_same_recipe(self):
        self.imported(count=40)
        self.done("cluster", "--raw", "--k", "8-9", "--n-init", "1", "--name", "a")
        for k in ("8,9", "9,8", "8-8,9"):
            self.assertIn("is up to date", self.done("cluster", "--raw", "--k", k, "--n-init", "1", "--name", "a"), k)
        text = self.done("cluster", "--raw", "--k", "8-9", "--n-init", "1", "--tol", "0.0001", "--max-iter", "300", "--name", "a")
        self.assertIn("is up to date", text)
        self.done("reduce", "--components", "3", "--variance", "0.95")
        for variance in (".95", "0.950", "95e-2"):
            self.assertIn("is up to date", self.done("reduce", "--components", "3", "--variance", variance), variance)
        mixture = ("cluster", "--raw", "--algorithm", "mixture", "--k", "3")
        self.done(*mixture, "--regularization", "1e-6")
        self.assertIn("is up to date", self.done(*mixture, "--regularization", "0.000001", "--n-init", "1"))
        self.assertIn("k: ", self.refused("cluster", "--raw", "--k", "8", "--n-init", "1", "--name", "a"))

    def test_overwrite_makes_again(self):
        self.imported()
        for arguments in (("reduce", "--components", "2"), ("cluster", "--k", "3", "--n-init", "1"), ("evaluate", "--labels", "kind"),
                          ("compare", "--labels", "kind"),
                          ("select", "--bootstrap", "0", "--gap", "0", "--figures=false")):
            self.done(*arguments)
            self.assertIn("is up to date", self.done(*arguments))
            text = self.done(*arguments, "--overwrite")
            self.assertNotIn("is up to date", text)
            self.assertIn("made ", text)

    def test_a_column_that_is_added_wants_no_new_features(self):
        images = self.pictured()
        images.columns.append("where")
        for row in images.rows.values():
            row.append("here")
        images.write()
        self.done("scan", "--images", "images/list.csv", "--overwrite")
        for stage in ("extract", "reduce", "cluster"):
            self.assertIn("is up to date", self.done(*STAGES[stage]))
        self.done("export", "--clustering", "kmeans", "--k", "3")
        self.assertEqual({row["where"] for row in table(self.study, "tables/kmeans-k3/assignments.csv")}, {"here"})

    def test_a_dumped_configuration_says_what_each_algorithm_will_really_do(self):
        for algorithm, values in {"k-means": {"n-init": "10", "tol": "1e-4", "max-iter": "300"}, "mini-batch": {"n-init": "3", "max-iter": "100"},
                                  "mixture": {"n-init": "1", "tol": "1e-3", "max-iter": "100"}}.items():
            text = self.done("cluster", "--algorithm", algorithm, "--k", "3", "--dump-config")
            there = dict(re.findall(r"^([\w-]+) = ?(.*)$", text, re.MULTILINE))
            for name, value in values.items():
                self.assertTrue(there[name], f"{algorithm} {name}: {text}")
                self.assertEqual(float(there[name]), float(value), f"{algorithm} {name}")

    def test_the_values_of_labels_are_part_of_what_was_measured(self):
        self.imported()
        self.clustered("a", k="3")
        self.done("evaluate", "--labels", "kind")
        text = read(self.path("x.csv")).decode().replace("p01,value 1", "p01,value 2")
        with open(self.path("x.csv"), "w", encoding="utf-8") as file:
            file.write(text)
        self.assertIn("--overwrite", self.refused("import", "--file", "x.csv", "--name", "x"))
        self.done("import", "--file", "x.csv", "--name", "x", "--overwrite")
        self.refused("evaluate", "--labels", "kind")


class Runs(CaseTest):
    def test_a_study_file_runs_in_a_folder_that_is_not_there_yet(self):
        Collection(self.path("photos"), 16)
        run(0, "run", os.path.join(SOURCE, "configs/quickstart.ini"), "--images", "photos", "--weights", "random:1", "--k", "4", "--components", "4",
            cwd=self.folder)
        self.assertTrue(os.path.exists(self.path("quickstart-study/report/index.html")))

    def test_ranks_that_see_different_studies_end_with_a_message(self):
        for name in ("here", "there"):
            os.makedirs(self.path(name))
            write_rows(self.path(name, "x.csv"))
            run(0, "import", "--study", "study", "--file", "x.csv", "--name", "x", cwd=self.path(name))
        cluster = (PROGRAM, "cluster", "--study", "study", "--raw", "--k", "3", "--n-init", "1")
        both = ["-n", "1", "-wdir", self.path("here"), *cluster, ":", "-n", "1", "-wdir", self.path("there"), *cluster]
        with subprocess.Popen(["mpirun", "--oversubscribe", "--bind-to", "none", *both], env=environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as job:
            try:
                text = job.communicate(timeout=60)[0].decode(errors="replace")
            except subprocess.TimeoutExpired:
                job.terminate()  # mpirun then ends its ranks
                self.fail("no end within a minute")
        self.assertEqual(job.returncode, 1, text)
        self.assertRegex(text, r"coterie: .*rank 1")
        self.assertIn(os.uname().nodename, text)


class Records(CaseTest):
    def test_the_manifest_says_in_what_order_artifacts_were_made(self):
        self.imported()
        self.clustered("b", "a", k="3")
        text = json.dumps(json.loads(read(os.path.join(self.study, "manifest.json"))))
        self.assertLess(text.index("clusterings/b"), text.index("clusterings/a"))
        self.done("cluster", "--raw", "--k", "3", "--seed", "7", "--name", "b", "--overwrite")
        self.assertEqual(re.search(r"reads clusterings/(\w+)", self.done("export")).group(1), "b")


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    main()
