"""The commands of a study, one after the other, on real files: what they make, and that ranks do not matter."""

import csv
import os
import subprocess
import unittest

from coterie_program import PROGRAM, ProgramTest, SOURCE, environment, exported, main, make_images, make_trouble, only, read, run

RANDOM = ("--backbone", "efficientnet_lite0", "--weights", "random:7")


def study(folder, images, ranks, *threads):
    run(ranks, "scan", "--study", folder, "--images", images)
    run(ranks, "extract", "--study", folder, *RANDOM, *threads)
    run(ranks, "reduce", "--study", folder, "--normalize", "l2", "--components", "8", *threads)
    run(ranks, "cluster", "--study", folder, "--k", "3,4", "--n-init", "3", "--seed", "1", *threads)
    run(ranks, "evaluate", "--study", folder, "--labels", "folder", *threads)
    run(0, "export", "--study", folder, "--k", "4", "--to", os.path.join(folder, "tables"))


class Pipeline(ProgramTest):
    def test_every_image_is_accounted_for_and_the_report_stands(self):
        images = self.path("images")
        sound = make_images(images, each=6)
        trouble = make_trouble(images)
        folder = self.path("study")
        study(folder, images, 2)
        with open(only(folder, "assignments.csv"), newline="", encoding="latin-1") as file:
            labelled = list(csv.DictReader(file))
        with open(exported(folder, "skipped.csv"), newline="", encoding="latin-1") as file:
            skipped = {row["path"].encode("latin-1"): row for row in csv.DictReader(file)}
        self.assertEqual(len(labelled) + len(skipped), sound + len(trouble))
        labelled_paths = {row["path"].encode("latin-1") for row in labelled}
        for path, status in trouble.items():
            if status == "ok":
                self.assertIn(path, labelled_paths)
            else:
                self.assertIn(path, skipped)
                self.assertTrue(skipped[path]["reason"])
                if status:
                    self.assertEqual(skipped[path]["status"], status)
        run(0, "montage", "--study", folder, "--k", "4")
        run(0, "report", "--study", folder)
        page = read(os.path.join(folder, "report/index.html")).decode()
        self.assertIn("random", page)  # the warning about the weights
        self.assertGreater(page.count("data:image/jpeg"), 10)
        self.assertIn("is up to date", run(1, "extract", "--study", folder, *RANDOM))
        self.assertIn("all 5 artifacts are sound", run(0, "verify", "--study", folder))
        self.assertIn("efficientnet_lite0-pca", run(0, "info", "--study", folder))

    def test_montage_report_and_export_show_the_same_images_under_the_same_number_and_info_is_a_page(self):
        make_images(self.path("images"), each=25)
        folder = self.path("study")
        study(folder, self.path("images"), 2)
        run(0, "montage", "--study", folder, "--k", "3", "--preset", "peng", "--tile", "8")
        run(0, "report", "--study", folder)
        run(0, "export", "--study", folder, "--k", "3", "--pictures", "sample")
        run(0, "compare", "--study", folder, "--labels", "folder", "--figures=false")
        labels = {row["path"]: row["label"] for row in self.table(folder, "tables", "efficientnet_lite0-pca-kmeans-k3", "assignments.csv")}
        report = self.table(folder, "report", "pictures.csv")
        for shown in ("nearest", "random"):
            cells = self.table(folder, "montages", "efficientnet_lite0-pca-kmeans-k3", shown + ".csv")
            picked = [(row["cluster"], row["path"]) for row in cells]
            self.assertEqual(picked, [(row["cluster"], row["path"]) for row in report if (row["k"], row["shown"]) == ("3", shown)])
            self.assertTrue(all(labels[path] == cluster for cluster, path in picked))
            self.assertEqual({row["cluster"] for row in cells}, {"0", "1", "2"})
            self.assertEqual([row["column"] for row in cells if row["cluster"] == "1"][:3], ["1", "2", "3"])
        for cluster in range(3):
            sample = os.listdir(os.path.join(folder, "tables/efficientnet_lite0-pca-kmeans-k3/pictures", f"cluster_{cluster:03}"))
            self.assertEqual(sorted(sample), sorted(path.replace("/", "_") for label, path in picked if label == str(cluster)))
            self.assertLessEqual(len(sample), 20)
        page = run(0, "info", "--study", folder)
        self.assertLess(page.count("\n"), 60, page)
        self.assertIn("made of features/efficientnet_lite0", page)
        one = run(0, "info", "--study", folder, "comparisons/comparison")
        self.assertIn("adjusted_rand", one)
        self.assertNotIn("singular_values", one)
        self.assertGreater(run(0, "info", "--study", folder, "--all").count("\n"), 150)
        self.assertIn("did you mean", run(0, "info", "--study", folder, "comparisons/comparisn", code=2))

    @staticmethod
    def table(*path):
        with open(os.path.join(*path), newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def test_any_number_of_ranks_and_threads_gives_the_same_bytes(self):
        images = self.path("images")
        make_images(images)
        first = None
        for ranks, threads in ((1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (2, 2)):
            folder = self.path(f"study-{ranks}-{threads}")
            run(ranks, "run", os.path.join(SOURCE, "configs/quickstart.ini"), "--study", folder, "--images", images, "--weights",
                "random:7", "--components", "8", "--k", "4", "--n-init", "3", "--threads", str(threads))
            names = [
                "images.h5",
                "features/efficientnet_lite0.h5",
                "reductions/efficientnet_lite0-pca.h5",
                "clusterings/efficientnet_lite0-pca-kmeans.h5",
                "evaluations/efficientnet_lite0-pca-kmeans.h5",
                "tables/efficientnet_lite0-pca-kmeans-k4/assignments.csv",
            ]
            made = {name: read(os.path.join(folder, name)) for name in names}
            first = first or made
            for name in names:
                self.assertEqual(made[name], first[name], f"{name} differs on {ranks} ranks × {threads} threads")

    def test_one_study_file_does_it_all_and_again_does_nothing(self):
        images = self.path("images")
        make_images(images, each=4)
        arguments = ("run", os.path.join(SOURCE, "configs/quickstart.ini"), "--study", self.path("study"), "--images", images,
                     "--weights", "random:1", "--k", "4", "--components", "6")
        run(2, *arguments)
        self.assertTrue(os.path.exists(self.path("study", "report/index.html")))
        self.assertTrue(os.path.exists(only(self.path("study"), "assignments.csv")))
        again = run(3, *arguments)
        for stage in ("images.h5", "efficientnet_lite0.h5", "-pca.h5", "clusterings/", "evaluations/"):
            self.assertRegex(again, f"{stage}.* is up to date")
        text = run(0, *arguments, "--dump-config")
        with open(self.path("dumped.ini"), "w", encoding="utf-8") as file:
            file.write(text)
        self.assertRegex(run(1, "run", self.path("dumped.ini")), "efficientnet_lite0.h5 is up to date")

    def test_a_requeued_job_that_overwrites_goes_on_instead_of_beginning_again(self):
        make_images(self.path("images"), each=4)
        arguments = ("run", os.path.join(SOURCE, "configs/quickstart.ini"), "--study", self.path("study"), "--images", self.path("images"),
                     "--weights", "random:1", "--k", "3", "--components", "4", "--bootstrap", "0", "--gap", "0")
        run(0, *arguments)
        job = {"env": {**environment(), "SLURM_JOB_ID": "77"}}
        self.assertEqual(self.alone(job, *arguments, "--overwrite").count("\nmade "), 7)
        job["env"]["SLURM_RESTART_COUNT"] = "1"
        self.assertEqual(self.alone(job, *arguments, "--overwrite").count(" is up to date"), 7)
        job["env"].update(SLURM_JOB_ID="78", SLURM_RESTART_COUNT="0")
        self.assertEqual(self.alone(job, *arguments, "--overwrite").count("\nmade "), 7)

    @staticmethod
    def alone(how, *arguments):
        done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, **how)
        return "\n" + done.stdout.decode()

    def test_features_made_elsewhere_go_the_same_way(self):
        rows = [[(i % 3) * 10 + (i * j % 7) / 7 for j in range(1, 9)] for i in range(60)]
        with open(self.path("vgg.csv"), "w", encoding="utf-8") as file:
            file.write("path,kind," + ",".join(f"f{j}" for j in range(8)) + "\n")
            for i, row in enumerate(rows):
                file.write(f"a/{i}.jpg,kind{i % 3}," + ",".join(map(str, row)) + "\n")
        folder = self.path("vec")
        run(0, "import", "--study", folder, "--file", self.path("vgg.csv"), "--name", "vgg")
        run(2, "reduce", "--study", folder, "--features", "vgg", "--normalize", "standard", "--variance", "0.95", "--components", "200")
        run(2, "cluster", "--study", folder, "--features", "vgg", "--raw", "--k", "3")
        self.assertRegex(run(2, "evaluate", "--study", folder, "--labels", "kind"), r"agreement with kind \(ARI\) 1\.000")
        run(0, "export", "--study", folder, "--write-features")
        self.assertEqual(len(read(only(folder, "assignments.csv")).splitlines()), 61)
        run(0, "report", "--study", folder)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    main()
