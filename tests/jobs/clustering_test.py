"""The algorithms, the evidence for k, comparisons and new images, through the program, on features made here."""

import csv
import os
import random

from coterie_program import ProgramTest, main, make_images, only, read, run

RANDOM = ("--backbone", "efficientnet_lite0", "--weights", "random:7")
CENTRES = [[6, 0, 0, 0], [0, 6, 0, 0], [0, 0, 6, 0], [0, 0, 0, 6]]


def write_features(path, each=60, seed=1, centres=CENTRES):
    """A CSV of names and numbers: `each` rows round each centre. Returns {name: centre}."""
    dice, truth = random.Random(seed), {}
    with open(path, "w", encoding="utf-8") as file:
        file.write("name,kind,a,b,c,d\n")
        for i in range(each * len(centres)):
            kind = i % len(centres)
            truth[f"p{seed}/{i}.jpg"] = kind
            values = ",".join(f"{x + dice.gauss(0, 1):.6f}" for x in centres[kind])
            file.write(f"p{seed}/{i}.jpg,kind {kind},{values}\n")
    return truth


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def same_partition(first, second):
    return len(set(zip(first, second))) == len(set(first)) == len(set(second))


ALGORITHMS = {"kmeans": (), "minibatch": ("--algorithm", "mini-batch", "--batch-rows", "64"), "ward": ("--algorithm", "ward"),
              "mixture": ("--algorithm", "mixture", "--covariance", "tied")}


class Clustering(ProgramTest):
    def imported(self, **more):
        truth = write_features(self.path("x.csv"), **more)
        study = self.path("study")
        run(0, "import", "--study", study, "--file", self.path("x.csv"), "--name", "x")
        return study, truth

    def test_each_algorithm_finds_clear_clusters_and_its_tables_and_report_stand(self):
        study, truth = self.imported()
        for suffix, options in ALGORITHMS.items():
            run(2, "cluster", "--study", study, "--raw", "--k", "3-5", *options)
            name = f"x-{suffix}"
            run(2, "evaluate", "--study", study, "--clustering", name, "--labels", "kind")
            run(0, "export", "--study", study, "--clustering", name, "--k", "4", "--to", self.path(suffix))
            run(0, "report", "--study", study, "--clustering", name)
            rows = table(only(self.path(suffix), "assignments.csv"))
            self.assertTrue(same_partition([row["label"] for row in rows], [truth[row["path"]] for row in rows]), suffix)
        shares = table(only(self.path("mixture"), "assignments.csv"))
        for row in shares:
            self.assertAlmostEqual(sum(float(row[f"p{c}"]) for c in range(4)), 1, places=4)
            self.assertEqual(max(range(4), key=lambda c: float(row[f"p{c}"])), int(row["label"]))
        self.assertTrue(only(self.path("mixture"), "more_than_one.csv"))
        text = run(1, "cluster", "--study", study, "--raw", "--algorithm", "ward", "--k", "2", "--overwrite")
        self.assertIn("cuts the tree", text)
        self.assertIn("is up to date", run(2, "cluster", "--study", study, "--raw", "--algorithm", "ward", "--k", "2"))
        # A tree that was cut anew is another generation, and what was measured of the one before says so.
        output = run(0, "verify", "--study", study, code=1)
        self.assertIn("evaluations/x-ward.h5 was made from clusterings/x-ward as it was before", output)
        self.assertIn("(k: 3-5 then, 2 now)", output)
        run(2, "evaluate", "--study", study, "--clustering", "x-ward", "--labels", "kind", "--overwrite")
        run(0, "verify", "--study", study)

    def test_any_number_of_ranks_and_threads_gives_the_same_bytes(self):
        write_features(self.path("x.csv"), each=170)
        first = None
        for ranks, threads in ((1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (2, 2)):
            study = self.path(f"study-{ranks}-{threads}")
            run(0, "import", "--study", study, "--file", self.path("x.csv"), "--name", "x")
            run(ranks, "reduce", "--study", study, "--components", "3", "--whiten", "--threads", str(threads))
            for options in (*ALGORITHMS.values(), ("--warm-start", "--seeding", "parallel", "--name", "warm")):
                run(ranks, "cluster", "--study", study, "--k", "2,4,5", *options, "--threads", str(threads))
            run(ranks, "select", "--study", study, "--clustering", "x-pca-kmeans", "--labels", "kind", "--bootstrap", "4", "--gap", "3",
                "--figures=false", "--threads", str(threads))
            made = {f"{kind}/{name}": read(os.path.join(study, kind, name)) for kind in ("reductions", "clusterings", "selections")
                    for name in sorted(os.listdir(os.path.join(study, kind)))}
            made["k_selection.csv"] = read(only(study, "k_selection.csv"))
            self.assertEqual(len(made), 8)
            first = first or made
            for name, data in made.items():
                self.assertEqual(data, first[name], f"{name} differs on {ranks} ranks × {threads} threads")

    def test_select_names_the_true_k_and_says_what_is_exact_and_what_is_not(self):
        study, _ = self.imported()
        run(1, "cluster", "--study", study, "--raw", "--k", "2-8", "--n-init", "4")
        text = run(2, "select", "--study", study, "--labels", "kind", "--bootstrap", "6", "--gap", "5", "--silhouette-sample", "100")
        self.assertIn("k = 4 is named by", text)
        rows = {row["k"]: row for row in table(only(study, "k_selection.csv"))}
        self.assertEqual(rows["4"]["recommended"], "yes")
        self.assertGreater(float(rows["4"]["bootstrap_stability"]), 0.95)
        self.assertGreater(float(rows["4"]["ari_kind"]), 0.95)
        self.assertGreater(float(rows["3"]["inertia"]), float(rows["4"]["inertia"]))
        measures = {row["measure"]: row for row in table(only(study, "k_measures.csv"))}
        self.assertEqual((measures["silhouette"]["exact"], measures["silhouette"]["sample"]), ("approximate", "100"))
        self.assertEqual(measures["calinski_harabasz"]["exact"], "exact")
        self.assertEqual(measures["elbow"]["names_k"], "4")
        self.assertTrue(os.path.exists(os.path.join(study, "figures/selections/x-kmeans/elbow.svg")))
        run(0, "report", "--study", study)
        page = read(os.path.join(study, "report/index.html")).decode()
        self.assertIn("k = 4 is named by", page)
        exact = run(1, "select", "--study", study, "--bootstrap", "0", "--gap", "0", "--overwrite")
        self.assertIn("k = 4", exact)
        self.assertTrue(os.path.exists(os.path.join(study, "figures/selections/x-kmeans/silhouettes-k4.png")))

    def test_a_mixture_is_chosen_by_bic(self):
        study, _ = self.imported()
        run(2, "cluster", "--study", study, "--raw", "--k", "2-6", "--algorithm", "mixture", "--covariance", "spherical")
        text = run(1, "select", "--study", study, "--figures=false")
        self.assertIn("bic names k = 4", text)
        self.assertNotIn("bootstrap", text)

    def test_clusterings_and_labels_are_compared_in_one_matrix(self):
        study, _ = self.imported()
        run(1, "cluster", "--study", study, "--raw", "--k", "4,5", "--n-init", "3")
        run(1, "cluster", "--study", study, "--raw", "--k", "4", "--algorithm", "ward")
        text = run(0, "compare", "--study", study, "--labels", "kind")
        self.assertIn("100 % of the images in matched labels", text)
        matrix = table(os.path.join(study, "tables/comparisons/comparison/matrix.csv"))
        self.assertEqual([row["adjusted_rand"] for row in matrix], ["x-kmeans:4", "x-kmeans:5", "x-ward:4", "kind"])
        self.assertEqual(float(matrix[0]["x-ward:4"]), 1)
        self.assertLess(float(matrix[0]["x-kmeans:5"]), 1)
        cross = table(os.path.join(study, "tables/comparisons/comparison/crosstab-kind-by-x-ward-4.csv"))
        for row in cross:
            self.assertEqual(row[row["best_match"]], "60")
        self.assertTrue(os.path.exists(os.path.join(study, "figures/comparisons/comparison/comparison.png")))
        self.assertIn("is up to date", run(0, "compare", "--study", study, "--labels", "kind"))
        only = run(0, "compare", "--study", study, "--clusterings", "x-kmeans:4,x-ward", "--name", "two")
        self.assertIn("1 pairs", only)

    def test_new_rows_go_to_the_clusters_of_their_kind_and_strangers_are_flagged(self):
        study, _ = self.imported(each=150)
        truth = write_features(self.path("new.csv"), each=5, seed=2, centres=CENTRES + [[40, 40, 40, 40]])
        for suffix, options in ALGORITHMS.items():
            run(1, "cluster", "--study", study, "--raw", "--k", "4", *options)
            run(2, "assign", "--study", study, "--clustering", f"x-{suffix}", "--file", self.path("new.csv"), "--name", suffix)
            rows = table(os.path.join(study, f"tables/assignments/{suffix}/assigned.csv"))
            self.assertEqual(len(rows), 25)
            known = [row for row in rows if truth[row["path"]] < 4]
            self.assertTrue(same_partition([row["label"] for row in known], [truth[row["path"]] for row in known]), suffix)
            self.assertTrue(all(row["outlier"] == "yes" for row in rows if truth[row["path"]] == 4), suffix)
            self.assertLess(sum(row["outlier"] == "yes" for row in known), 4)
            for row in known:
                self.assertNotEqual(row["label"], row["second"])

    def test_the_studys_own_images_get_the_same_bits_again(self):
        images, study = self.path("images"), self.path("study")
        make_images(images, each=6)
        run(2, "scan", "--study", study, "--images", images)
        run(2, "extract", "--study", study, *RANDOM, "--preprocess", "filter=bilinear")
        run(1, "reduce", "--study", study, "--components", "6")
        run(1, "cluster", "--study", study, "--k", "4")
        run(0, "export", "--study", study)
        with open(os.path.join(images, "broken.png"), "wb") as file:
            file.write(b"no picture")
        run(2, "assign", "--study", study, "--images", images)
        own = {row["path"]: (row["label"], row["distance"]) for row in table(only(study, "assignments.csv"))}
        new = {row["path"]: (row["label"], row["distance"]) for row in table(os.path.join(study, "tables/assignments/images/assigned.csv"))}
        self.assertEqual(own, new)
        skipped = table(os.path.join(study, "tables/assignments/images/skipped.csv"))
        self.assertEqual([row["path"] for row in skipped], ["broken.png"])
        self.assertIn("is up to date", run(3, "assign", "--study", study, "--images", images))
        text = run(2, "assign", "--study", study, "--images", images, "--weights", "random:8", "--name", "other", code=2)
        self.assertIn("random:7", text)
        text = run(2, "assign", "--study", study, "--images", images, "--preprocess", "filter=nearest", "--name", "other", code=2)
        self.assertIn("other preprocessing", text)

    def test_what_cannot_be_is_refused_with_the_way_out(self):
        study, _ = self.imported(each=5)
        for arguments, says in (
                (("cluster", "--raw", "--k", "21"), "21"),
                (("cluster", "--raw", "--k", "21", "--algorithm", "ward"), "20 rows"),
                (("cluster", "--raw", "--k", "21", "--algorithm", "mixture"), "20"),
                (("cluster", "--raw", "--k", "2", "--algorithm", "ward", "--n-init", "3"), "--n-init means nothing to --algorithm ward"),
                (("cluster", "--raw", "--k", "2", "--algorithm", "wart"), 'did you mean "ward"?'),
                (("select",), "coterie cluster"),
                (("compare",), "coterie cluster"),
                (("assign", "--file", self.path("x.csv")), "coterie cluster")):
            self.assertIn(says, run(2, arguments[0], "--study", study, *arguments[1:], code=2))
        run(1, "cluster", "--study", study, "--raw", "--k", "2,3")
        self.assertIn("--k", run(1, "assign", "--study", study, "--file", self.path("x.csv"), code=2))
        self.assertIn("either --images", run(1, "assign", "--study", study, "--k", "2", code=2))
        self.assertIn("imported", run(1, "assign", "--study", study, "--k", "2", "--images", self.folder, code=2))
        self.assertIn("none of NAME", run(1, "compare", "--study", study, "--clusterings", "x-kmeans:two", code=2))
        self.assertIn("at least three", run(1, "select", "--study", study, "--bootstrap", "0", "--gap", "0"))

    def test_reduce_takes_the_solver_that_it_was_asked_for(self):
        study, _ = self.imported(each=20)
        for solver in ("covariance", "tsqr", "gram", "randomized", "incremental"):
            text = run(2, "reduce", "--study", study, "--components", "2", "--solver", solver, "--name", solver)
            self.assertIn(f"; solver {solver}", text)
            self.assertEqual("approximate" in text, solver in ("randomized", "incremental"))


if __name__ == "__main__":
    main()
