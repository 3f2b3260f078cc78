"""Visual words and topics, as a person makes them: words, codebook, topics; stopped and resumed; with counts from elsewhere; refused."""

import collections
import csv
import math
import os
import pickle
import shutil
import signal
import subprocess
import unittest

from coterie_program import ProgramTest, command, environment, kill_once, main, make_images, png, read, run

try:
    import h5py
    import numpy
except ImportError:
    h5py = None


def rows_of(*path):
    with open(os.path.join(*path), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def symmetric_kl(a, b):
    """(KL(a, b) + KL(b, a)) / 2 of counts ; infinite where one alone is zero."""
    if ((a > 0) != (b > 0)).any():
        return math.inf
    both = a > 0
    return float(((a - b)[both] * numpy.log((a / numpy.where(both, b, 1))[both])).sum() / 2)


@unittest.skipIf(h5py is None, "python3-h5py is not installed")
class Topics(ProgramTest):
    def with_words(self, each=12, *options):
        make_images(self.path("images"), each=each)
        run(0, "scan", "--study", self.path("study"), "--images", self.path("images"))
        run(2, "words", "--study", self.path("study"), *options)
        return self.path("study")

    def test_any_ranks_and_threads_give_the_same_bytes_and_the_numbers_add_up(self):
        study = self.with_words(each=20)
        made = {"codebook": [], "bags": [], "lda": [], "online": [], "spatial": []}
        for ranks, threads in ((0, 2), (2, 1), (3, 2), (4, 1)):
            at = ("--study", study, "--threads", str(threads), "--overwrite")
            run(ranks, "codebook", *at, "--words", "12", "--weighting", "tfidf", "--histograms", "csv,tsv,npy")
            made["codebook"].append(read(os.path.join(study, "codebooks/sift-12.h5")))
            made["bags"].append(read(os.path.join(study, "features/sift-12-tfidf.h5")))
            said = run(ranks, "topics", *at, "--topics", "2,3", "--labels", "folder")
            made["lda"].append(read(os.path.join(study, "topics/sift-12-lda.h5")))
            run(ranks, "topics", *at, "--topics", "3", "--updates", "online", "--batch-documents", "16", "--max-iter", "5", "--name", "online")
            made["online"].append(read(os.path.join(study, "topics/online.h5")))
            run(ranks, "topics", *at, "--topics", "3", "--spatial", "--max-iter", "10")
            made["spatial"].append(read(os.path.join(study, "topics/sift-12-spatial-lda.h5")))
        for what, each in made.items():
            self.assertEqual([one == each[0] for one in each], [True] * 4, what)
        self.assertIn("held-out", said)
        self.check_codebook(study)
        self.check_tables(study)

    def check_codebook(self, study):
        with h5py.File(os.path.join(study, "codebooks/sift-12.h5")) as book, h5py.File(os.path.join(study, "descriptors/sift.h5")) as file:
            words, centres, rows = book["word"][()], book["words"][()].astype(float), file["descriptors"][()].astype(float)
            nearest = ((rows[:, None, :] - centres[None]) ** 2).sum(2).argmin(1)
            self.assertTrue((words == nearest).all())
            first, indptr = file["first"][()], book["indptr"][()]
            counts = numpy.zeros((len(first) - 1, 12))
            for image in range(len(counts)):
                counts[image, book["indices"][indptr[image]:indptr[image + 1]]] = book["data"][indptr[image]:indptr[image + 1]]
                expected = numpy.bincount(words[first[image]:first[image + 1]], minlength=12)
                self.assertTrue((counts[image] == expected).all())
        idf = numpy.log((1 + len(counts)) / (1 + (counts > 0).sum(0))) + 1
        tfidf = counts * idf
        tfidf /= numpy.maximum(numpy.linalg.norm(tfidf, axis=1, keepdims=True), 1e-300)
        with h5py.File(os.path.join(study, "features/sift-12-tfidf.h5")) as file:
            self.assertLess(abs(file["features"][()] - tfidf).max(), 1e-6)
        folder = os.path.join(study, "tables/histograms/sift-12-tfidf")
        self.assertLess(abs(numpy.load(os.path.join(folder, "histograms.npy")) - tfidf).max(), 1e-6)
        lines = rows_of(folder, "histograms.csv")
        self.assertLess(abs(float(lines[5]["3"]) - tfidf[5, 3]), 1e-6)

    def check_tables(self, study):
        folder = os.path.join(study, "tables/topics/sift-12-lda")
        evidence = rows_of(folder, "evidence.csv")
        self.assertEqual([row["topics"] for row in evidence], ["2", "3"])
        self.assertTrue(all(row["held_out_completion"] and row["stability"] for row in evidence))
        documents = rows_of(folder, "documents-3.csv")
        self.assertEqual(len(documents), 80)
        for row in documents:
            shares = [float(row[f"topic_{t}"]) for t in range(3)]
            self.assertAlmostEqual(sum(shares), 1, 4)
            self.assertEqual(int(row["topic"]), shares.index(max(shares)))
        self.assertAlmostEqual(sum(float(row["share"]) for row in rows_of(folder, "topics-3.csv")), 1, 4)
        labels = rows_of(folder, "folder-topics-3.csv")
        self.assertEqual(sum(int(row[f"in_topic_{t}"]) for row in labels for t in range(3)), 80)
        self.assertEqual(rows_of(folder, "folder-divergences-3.csv")[-1]["folder"], "(all)")

    def test_stopped_topics_go_on_between_iterations_on_other_ranks_with_the_same_bytes(self):
        study = self.with_words(each=20)
        run(0, "codebook", "--study", study, "--words", "20")
        asked = ("topics", "--study", study, "--topics", "12", "--tol", "0", "--max-iter", "1000", "--spatial", "--threads", "1")
        made = os.path.join(study, "topics/sift-20-spatial-lda.h5")
        begun = subprocess.Popen(command(2, *asked), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in begun.stdout:  # until a tenth of the way is done
            if b"passes/s" in line:
                break
        begun.send_signal(signal.SIGUSR1)
        text = begun.communicate(timeout=120)[0].decode()
        self.assertEqual(begun.returncode, 75, text)
        self.assertIn("stopped in good order; the same command goes on from here", text)
        with h5py.File(os.path.join(study, "topics/sift-20-spatial-lda.partial/12-all.h5")) as file:
            self.assertGreater(int(file["iteration"][0]), 0)
        run(3, *asked)  # goes on from there
        self.assertFalse(os.path.exists(os.path.join(study, "topics/sift-20-spatial-lda.partial")))
        resumed = read(made)
        os.remove(made)
        run(2, *asked)
        self.assertTrue(resumed == read(made))

    def test_killed_topics_go_on_from_the_last_state_on_other_ranks_with_the_same_bytes(self):
        study = self.with_words(each=20)
        run(0, "codebook", "--study", study, "--words", "20")
        asked = ("topics", "--study", study, "--topics", "12", "--tol", "0", "--max-iter", "400", "--spatial", "--threads", "1")
        made, state = os.path.join(study, "topics/sift-20-spatial-lda.h5"), os.path.join(study, "topics/sift-20-spatial-lda.partial/12-all.h5")
        passes = []
        for ranks in (2, 3):
            before = os.stat(state).st_mtime_ns if passes else None
            begun = subprocess.Popen(command(ranks, *asked), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            killed = kill_once(begun, lambda: os.path.exists(state) and os.stat(state).st_mtime_ns != before)
            self.assertTrue(killed, "the fit ended before it could be killed")
            self.assertFalse(os.path.exists(made))
            with h5py.File(state) as file:
                passes.append(int(file["iteration"][0]))
        self.assertLess(passes[0], passes[1])  # went on, and did not begin anew
        run(4, *asked)
        self.assertFalse(os.path.exists(os.path.dirname(state)))
        resumed = read(made)
        os.remove(made)
        run(0, *asked)
        self.assertTrue(resumed == read(made))

    def test_bags_are_features_and_what_changed_above_is_refused(self):
        study = self.with_words()
        run(0, "codebook", "--study", study, "--words", "10")
        run(2, "cluster", "--study", study, "--features", "sift-10", "--raw", "--k", "3")
        self.assertIn("is up to date", run(0, "codebook", "--study", study, "--words", "10"))
        run(0, "topics", "--study", study, "--topics", "3")
        self.assertEqual(len(rows_of(study, "tables/topics/sift-10-lda/documents-3.csv")), 48)
        run(0, "words", "--study", study, "--max-keypoints", "3", "--overwrite")
        for stale in (("topics", "--topics", "4", "--name", "other"), ("cluster", "--features", "sift-10", "--raw", "--k", "2")):
            text = run(0, stale[0], "--study", study, *stale[1:], code=2)
            self.assertIn("was made from descriptors/sift as it was before", text)
            self.assertIn("coterie codebook --study", text)
        run(0, "codebook", "--study", study, "--words", "10", "--overwrite")
        run(0, "topics", "--study", study, "--topics", "3", "--overwrite")

    def test_new_images_are_given_to_clusters_of_bags_and_to_topics(self):
        study = self.with_words()
        run(0, "codebook", "--study", study, "--words", "10", "--weighting", "tfidf")
        run(0, "cluster", "--study", study, "--features", "sift-10-tfidf", "--raw", "--k", "3")
        run(0, "topics", "--study", study, "--topics", "2,3", "--held-out", "0", "--more-seeds", "0")
        new = ("--study", study, "--images", self.path("images"))
        run(2, "assign", *new, "--k", "3", "--name", "same")  # the very images, so the very clusters
        with h5py.File(os.path.join(study, "clusterings/sift-10-tfidf-kmeans.h5")) as file:
            labels = file["k=3/labels"][()].tolist()
        self.assertEqual([int(row["label"]) for row in rows_of(study, "tables/assignments/same/assigned.csv")], labels)
        self.assertIn("say with --k which", run(0, "assign", *new, "--topic-model", "sift-10-lda", "--name", "t", code=2))
        run(2, "topics", "--study", study, "--topics", "3", "--spatial", "--pitch", "0.25", "--sigma", "0.2", "--held-out", "0", "--more-seeds", "0")
        for model in ("sift-10-lda", "sift-10-spatial-lda"):
            self.check_topics_of_the_same_images(study, new, model)

    def check_topics_of_the_same_images(self, study, new, model):
        made = []
        for ranks in (0, 2, 3, 4):
            run(ranks, "assign", *new, "--topic-model", model, "--k", "3", "--name", f"{model}{ranks}")
            made.append(read(os.path.join(study, f"tables/assignments/{model}{ranks}/documents-3.csv")))
        self.assertEqual([one == made[0] for one in made], [True] * 4)
        given = rows_of(study, f"tables/assignments/{model}0/documents-3.csv")
        known = rows_of(study, f"tables/topics/{model}/documents-3.csv")
        self.assertEqual([row["path"] for row in given], [row["path"] for row in known])
        shares = numpy.array([[[float(row[f"topic_{t}"]) for t in range(3)] for row in rows] for rows in (given, known)])
        # Inference starts anew, so that a document between two topics may come to lie nearer to the other.
        self.assertGreater((abs(shares[0] - shares[1]).max(axis=1) < 1e-5).mean(), 0.8)

    def test_masks_say_what_topics_are_of(self):
        study = self.with_words()
        run(0, "codebook", "--study", study, "--words", "10")
        # A quarter of each mask is of class 2 * 256 + 7 in two instances, the rest of class 5; the discs have none.
        for folder, _, names in os.walk(self.path("images")):
            for name in names:
                place = os.path.join(self.path("masks"), os.path.relpath(folder, self.path("images")))
                os.makedirs(place, exist_ok=True)
                with open(os.path.join(place, os.path.splitext(name)[0] + "_seg.png"), "wb") as file:
                    file.write(png(8, 8, lambda x, y: (25, 7, x) if x < 4 and y < 4 else (3, 5, 0)))
        shutil.rmtree(os.path.join(self.path("masks"), "discs"))
        asked = ("topics", "--study", study, "--topics", "2")
        self.assertIn("holds no mask of any", run(0, *asked, "--masks", self.path("images/discs"), code=2))
        run(0, *asked, "--masks", self.path("masks"))
        lines = rows_of(study, "tables/topics/sift-10-lda/classes-2.csv")
        self.assertEqual([(row["class"], row["images"], float(row["share_of_pixels"])) for row in lines], [("5", "36", 0.75), ("519", "36", 0.25)])
        theta = rows_of(study, "tables/topics/sift-10-lda/documents-2.csv")
        first = sum(float(row["topic_0"]) for row in theta if not row["path"].startswith("discs"))
        self.assertAlmostEqual(float(lines[1]["sum_topic_0"]), first / 4, 3)
        self.assertAlmostEqual(float(lines[1]["share_of_topic_0"]), 0.25, 5)
        run(0, *asked, "--masks", self.path("masks"), "--labels", "folder", "--as", "rmsander")
        self.check_original_pickles(os.path.join(study, "tables/topics/sift-10-lda"), theta, lines)

    def check_original_pickles(self, folder, theta, classes):
        """What the scripts of spatial_LDA left, by topics --as rmsander; the words' distances counted again."""
        def of(name):
            with open(os.path.join(folder, name + ".pkl"), "rb") as file:
                return pickle.load(file)

        end = "2_topics_all_keypoints_10_clusters"
        shares = of("prob_distrs_" + end)
        theta = [row for row in theta if row["topic_0"] != row["topic_1"] or row["path"] in shares]
        self.assertEqual(list(shares), [row["path"] for row in theta])  # of images without a word there is nothing
        self.assertTrue(all(shares[row["path"]].shape == (1, 2) and abs(shares[row["path"]][0, 1] - float(row["topic_1"])) < 1e-5 for row in theta))
        predicted = of("predicted_" + end)
        self.assertEqual(predicted, {row["path"]: int(row["topic"]) for row in theta})
        self.assertEqual(of("clustered_images_" + end), {t: [path for path in predicted if predicted[path] == t] for t in (0, 1)})
        counts = {t: collections.Counter(path.split("/")[0] for path in predicted if predicted[path] == t) for t in (0, 1)}
        self.assertEqual(of("num_in_each_cluster_" + end), counts)
        divergences = {row["folder"]: row for row in rows_of(folder, "folder-divergences-2.csv")}
        for name, column in (("avg_dist", "squared_l2"), ("avg_kl", "symmetric_kl")):
            for label, value in of(f"{name}_in_label_{end}").items():
                self.assertAlmostEqual(value, float(divergences[label][column]), 4)
        table = of("topic_GT_label_dist_" + end)
        self.assertEqual(table.shape, (2, 2))
        self.assertAlmostEqual(table[0, 1], float(classes[1]["sum_topic_0"]), 3)
        bags = of("feature_matrix_all_keypoints_10_clusters")
        self.assertEqual(bags.shape, (len(theta), 10))
        own = bags[[path.startswith("discs") for path in shares]]
        pairs = [(a, b) for i, a in enumerate(own) for b in own[:i]]
        for metric, distance in (("l1", lambda a, b: abs(a - b).sum()), ("l2", lambda a, b: ((a - b) ** 2).sum()), ("kl", symmetric_kl)):
            found = of(f"EVAL_kmeans_10_clusters_all_keypoints_{metric}_metric")
            expected = sum(distance(a, b) for a, b in pairs) / len(pairs)
            self.assertTrue(found["discs"] == expected or abs(found["discs"] - expected) < 1e-9 * expected, (metric, found, expected))
        plots = sorted(os.listdir(os.path.join(folder, "plots")))
        self.assertEqual(plots, [f"histogram_distribution_label_{label}_all_keypoints_10_clusters.png" for label in sorted(counts[0] | counts[1])])

    def test_counts_from_elsewhere(self):
        with open(self.path("counts.csv"), "w", encoding="utf-8") as file:
            file.write("name,a,b,c,d\n" + "".join(f"{i}.jpg,{i % 3},{i % 5},{4 - i % 5},{i % 2}\n" for i in range(40)))
        with open(self.path("shares.csv"), "w", encoding="utf-8") as file:
            file.write("name,a,b\n" + "".join(f"{i}.jpg,0.25,0.75\n" for i in range(9)))
        for name in ("counts", "shares"):
            run(0, "import", "--study", self.path("study"), "--file", self.path(name + ".csv"), "--name", name)
        at = ("topics", "--study", self.path("study"), "--topics", "2")
        run(2, *at, "--features", "counts")
        self.assertEqual(len(rows_of(self.path("study"), "tables/topics/counts-lda/documents-2.csv")), 40)
        self.assertIn("row 0 holds 0.25; topics are found in counts", run(0, *at, "--features", "shares", code=2))
        self.assertIn("--spatial needs to know where words lie", run(0, *at, "--features", "counts", "--spatial", code=2))

    def test_what_cannot_be_done_is_refused_with_the_way_out(self):
        study = self.with_words()
        at = ("--study", study)
        self.assertIn("holds no codebooks yet: run coterie codebook first", run(0, "topics", *at, code=2))
        self.assertRegex(run(0, "codebook", *at, "--words", "999999", code=2), r"--words 999999: .* holds only \d+ descriptors")
        self.assertIn("exclude each other", run(0, "codebook", *at, "--as-published", "--sample", "3", code=2))
        self.assertIn("none of csv, tsv, npy", run(0, "codebook", *at, "--histograms", "xlsx", code=2))
        said = run(0, "codebook", *at, "--as-published", "--words", "15", "--name", "study1")
        self.assertIn("15 words from 500 descriptors in 1 steps", said)
        self.assertIn("topics of only", run(0, "topics", *at, "--topics", "60"))
        self.assertIn("1 topics after", run(0, "topics", *at, "--topics", "1", "--name", "one"))
        self.assertIn("no column \"colour\"", run(0, "topics", *at, "--topics", "2", "--labels", "colour", "--name", "two", code=2))


if __name__ == "__main__":
    main()
