"""Several layers of several networks in one extraction: one decoding, an artifact for each, the same as made alone."""

import collections
import csv
import os

from coterie_program import ProgramTest, main, make_images, read, run

RANDOM = ("--weights", "random:1")
LITE0, LITE1 = "efficientnet_lite0", "efficientnet_lite1"


class Backbones(ProgramTest):
    def setUp(self):
        super().setUp()
        make_images(self.path("images"), each=5)

    def scanned(self, name):
        run(1, "scan", "--study", self.path(name), "--images", self.path("images"))
        return self.path(name)

    def features(self, study, name):
        return read(os.path.join(study, "features", name + ".h5"))

    def test_layers_of_several_networks_are_what_each_gives_alone_on_any_ranks(self):
        alone = self.scanned("alone")
        for backbone, layer in ((LITE0, "pooled"), (LITE0, "fc"), (LITE1, "")):
            run(1, "extract", "--study", alone, "--backbone", backbone, "--layer", layer, *RANDOM)
        names = [LITE0, LITE0 + "-fc", LITE1]
        for ranks in (1, 3):
            study = self.scanned(f"together-{ranks}")
            text = run(ranks, "extract", "--study", study, "--backbone", f"{LITE0},{LITE1}",
                       "--layer", f"pooled,{LITE0}:fc", *RANDOM)
            self.assertEqual(text.count("made "), 3, text)
            for name in names:
                self.assertEqual(self.features(study, name), self.features(alone, name), name)

    def test_one_copy_of_the_weights_for_all_ranks_of_a_node_changes_nothing(self):
        studies = {}
        for choice in ("yes", "no", "auto"):
            studies[choice] = self.scanned(choice)
            text = run(2, "extract", "--study", studies[choice], "--backbone", f"{LITE0},{LITE1}", *RANDOM,
                       "--share-weights", choice)
            self.assertEqual(text.count("one copy of its weights on each node"), 2 if choice == "yes" else 0, text)
        for name in (LITE0, LITE1):
            self.assertEqual(self.features(studies["yes"], name), self.features(studies["no"], name), name)
        text = run(1, "extract", "--study", studies["yes"], *RANDOM, "--layer", "fc", "--share-weights", "yes")
        self.assertNotIn("one copy", text)

    def test_only_what_is_missing_is_made(self):
        study = self.scanned("study")
        run(1, "extract", "--study", study, *RANDOM)
        before = self.features(study, LITE0)
        text = run(2, "extract", "--study", study, "--layer", "pooled,fc", *RANDOM)
        self.assertIn(LITE0 + ".h5 is up to date", text)
        self.assertEqual(text.count("made "), 1, text)
        self.assertEqual(self.features(study, LITE0), before)
        self.assertIn("would make", run(1, "extract", "--study", study, "--backbone", LITE1, *RANDOM, "--dry-run"))
        run(1, "extract", "--study", study, "--name", "other", "--preprocess", "mean=1,2,3,filter=nearest", *RANDOM)
        output = run(0, "info", "--study", study, "features/other")
        self.assertIn("preprocess.filter: nearest", output)
        self.assertIn("preprocess.mean: 1,2,3", output)

    def test_grey_pixels_go_the_way_of_features_to_the_shares_of_labels_in_clusters(self):
        study, images = self.scanned("grey"), 20
        at = ("--study", study)
        self.assertIn("--weights: grey_pixels has no weights", run(1, "extract", *at, "--backbone", "grey_pixels", *RANDOM, code=2))
        text = run(2, "extract", *at, "--backbone", "grey_pixels", "--preprocess", "size=24")
        self.assertIn("576 numbers an image", text)
        self.assertNotIn("WARNING", text)
        self.assertIn("is up to date", run(1, "extract", *at, "--backbone", "grey_pixels", "--preprocess", "size=24"))
        run(2, "reduce", *at, "--normalize", "none", "--solver", "incremental", "--batch-rows", "7", "--components", "3")
        run(2, "cluster", *at, "--algorithm", "mini-batch", "--k", "3")
        run(1, "export", *at, "--labels", "folder")
        folder = os.path.join(study, "tables/grey_pixels-pca-minibatch-k3")
        with open(os.path.join(folder, "folder-clusters.csv"), newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        with open(os.path.join(folder, "assignments.csv"), newline="", encoding="utf-8") as file:
            pairs = collections.Counter((os.path.dirname(row["path"]), int(row["label"])) for row in csv.DictReader(file))
        self.assertEqual([line["folder"] for line in lines], ["discs", "noise", "ramps", "stripes"])
        for line in lines:
            self.assertEqual(line["images"], "5")
            for k in range(3):
                self.assertEqual(int(line[f"in_cluster_{k}"]), pairs[line["folder"], k])
                self.assertAlmostEqual(float(line[f"share_{k}"]), pairs[line["folder"], k] / 5, 5)
        run(2, "assign", *at, "--images", self.path("images"), "--name", "same")  # the very images, so the very clusters
        with open(os.path.join(study, "tables/assignments/same/assigned.csv"), newline="", encoding="utf-8") as file:
            again = collections.Counter((os.path.dirname(row["path"]), int(row["label"])) for row in csv.DictReader(file))
        self.assertEqual(again, pairs)
        self.assertEqual(sum(again.values()), images)

    def test_what_cannot_be_is_answered_with_what_can(self):
        study = self.scanned("study")
        for arguments, says in (
            (("--layer", "pold"), "pooled"),
            (("--layer", "pooled", "--name", "a", "--backbone", f"{LITE0},{LITE1}"), "--name a is for one artifact"),
            (("--backbone", f"{LITE0},{LITE0}"), "twice"),
            (("--backbone", f"{LITE0},{LITE1}", "--weights", "a.pth"), "BACKBONE=FILE"),
            (("--weights", "random:one"), "random:SEED"),
            (("--precision", "fp16", "--device", "cpu", *RANDOM), "fp16"),
            (("--preprocess", "size=299", *RANDOM), "images of 224 pixels"),
        ):
            self.assertIn(says, run(2, "extract", "--study", study, *arguments, code=2))
        self.assertEqual(os.listdir(os.path.join(study, "features")) if os.path.isdir(os.path.join(study, "features")) else [], [])

    def test_info_tells_layers_and_steps(self):
        text = run(0, "info", "--backbone", LITE0)
        for words in ("pooled", "1280 numbers (default)", "bicubic", "efficientnet-lite0-57934424.pth"):
            self.assertIn(words, text)


if __name__ == "__main__":
    main()
