"""plan and submit: what a study will take, measured here, and the Slurm job that is made of it."""

import csv
import json
import os
import re
import shutil
import stat
import subprocess

from coterie_program import PROGRAM, SOURCE, ProgramTest, main, make_images, run

STUDY = """[study]
study = {folder}/study
[scan]
images = {folder}/images
[extract]
backbone = efficientnet_lite0
weights = random:7
[reduce]
components = 8
[cluster]
k = 4,6
n-init = 2
[evaluate]
[montage]
[report]
[export]
k = 4
"""
WORDS = """[study]
study = {folder}/study
[scan]
images = {folder}/images
[words]
max-keypoints = 40
[codebook]
words = 12
[topics]
topics = 3
[cluster]
features = sift-12
raw = true
k = 3
[export]
"""
STAGES = ("scan", "extract", "reduce", "cluster", "evaluate", "montage", "report", "export")


class Plan(ProgramTest):
    def setUp(self):
        super().setUp()
        self.images = make_images(self.path("images"), each=24)
        self.study = self.path("study.ini")
        with open(self.study, "w", encoding="utf-8") as file:
            file.write(STUDY.format(folder=self.folder))

    def times(self, *more, ranks=1):
        table = self.path("times.csv")
        text = run(ranks, "plan", self.study, "--table", table, *more)
        with open(table, newline="", encoding="utf-8") as file:
            return text, {(row["stage"], int(row["ranks"])): float(row["seconds"]) for row in csv.DictReader(file)}

    def test_a_calibration_serves_any_number_of_images_and_ranks(self):
        kept = self.path("node.json")
        text, here = self.times("--calibrate", "--calibration", kept, "--ranks", "2")
        self.assertIn(f"plan for {self.images} images: 1280 numbers each, 8 of them clustered; k = 4, 6, 2 starts", text)
        self.assertEqual({stage for stage, _ in here}, set(STAGES))
        self.assertFalse(os.path.exists(self.path("study")))  # nothing of the study itself is made
        with open(kept, encoding="utf-8") as file:
            measured = json.load(file)
        self.assertEqual(measured["ranks"], 1)
        text, large = self.times("--calibration", kept, "--image-count", "100000000", "--ranks", "2048")
        self.assertGreater(large["extract", 1], 1e5 * here["extract", 1])
        self.assertLess(large["extract", 2048], large["extract", 1] / 1000)
        self.assertGreater(large["scan", 1], 1e4 * here["scan", 1])
        self.assertRegex(text, r"on 2048 ranks \w+ takes \d+ % of the time")
        self.assertRegex(text, r"features +512 GB")
        self.assertRegex(text, r"scan +\d+(\.\d)? GB")
        text, _ = self.times("--calibration", kept, "--image-count", "10000000000", "--ranks", "64")
        self.assertIn("! extract is out of reach on 64 ranks", text)
        self.assertNotIn("evaluate is out of reach", text)  # it takes a sample

    def test_study_files_of_the_project_can_be_planned_as_they_are(self):
        for name in ("quickstart", "grey_pixels"):
            config = os.path.join(SOURCE, "configs", f"{name}.ini")
            text = run(0, "plan", config, "--study", self.path(name), "--images", self.path("images"), "--ranks", "1",
                       *(("--weights", "random:7") if name == "quickstart" else ()))
            with open(config, encoding="utf-8") as file:
                for stage in re.findall(r"^\[(\w+)\]", file.read(), re.MULTILINE):
                    if stage != "study":
                        self.assertRegex(text, rf"(?m)^  {stage} ", text)

    def test_two_ranks_measure_together(self):
        _, times = self.times("--ranks", "2", ranks=2)
        self.assertTrue(all(seconds >= 0 for seconds in times.values()))
        self.assertLess(times["extract", 2], times["extract", 1])

    def test_a_calibration_of_another_study_is_refused_with_what_differs(self):
        kept = self.path("node.json")
        self.assertIn("--calibrate", run(0, "plan", self.study, "--calibration", kept, code=1))
        self.times("--calibrate", "--calibration", kept)
        text = run(0, "plan", self.study, "--calibration", kept, "--k", "5", code=2)
        self.assertIn('cluster k: measured with "4,6", asked for "5"', text)
        with open(kept, "w", encoding="utf-8") as file:
            file.write("{")
        self.assertIn("is no calibration", run(0, "plan", self.study, "--calibration", kept, code=1))

    def test_without_images_their_number_must_be_given(self):
        os.rename(self.path("images"), self.path("elsewhere"))
        self.assertIn("--image-count", run(0, "plan", self.study, code=2))
        text, times = self.times("--image-count", "1000", "--images-per-second", "50", "--ranks", "1")
        self.assertAlmostEqual(times["extract", 1], 20, places=3)
        self.assertNotIn(("scan", 1), times)

    def test_words_codebooks_and_topics_are_measured_on_the_images(self):
        with open(self.study, "w", encoding="utf-8") as file:
            file.write(WORDS.format(folder=self.folder))
        text, here = self.times("--ranks", "2", ranks=2)
        self.assertIn(f"plan for {self.images} images: 12 numbers each, 12 of them clustered; k = 3", text)
        self.assertEqual({stage for stage, _ in here}, {"scan", "words", "codebook", "topics", "cluster", "export"})
        for stage in ("words", "codebook", "topics"):
            self.assertRegex(text, rf"\n  {stage} .* flop|\n  {stage} ")
            self.assertRegex(text.split("memory of the largest")[1], rf"\n  {stage} +\d")
        for folder in ("descriptors", "codebooks", "topics"):
            self.assertRegex(text, rf"\n  {folder} +\d+(\.\d+)? [kM]B")
        self.assertNotIn("nothing is known", text)
        _, many = self.times("--ranks", "2", "--image-count", "1000000", ranks=2)
        self.assertGreater(many["words", 1], 1000 * here["words", 1])
        self.assertLess(many["topics", 2], many["topics", 1])
        os.rename(self.path("images"), self.path("elsewhere"))
        self.assertIn("words and topics can only be planned on images", run(0, "plan", self.study, "--image-count", "1000", code=2))

    def test_submit_fills_a_script_shows_it_and_submits_with_yes_alone(self):
        kept = self.path("node.json")
        self.times("--calibrate", "--calibration", kept)
        arguments = ("submit", self.study, "--calibration", kept, "--nodes", "3", "--ranks-per-node", "2", "--cpus-per-rank", "5",
                     "--partition", "short", "--time", "1-02:03:04")
        folder, called = self.path("bin"), self.path("called")
        os.makedirs(folder)
        with open(os.path.join(folder, "sbatch"), "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nprintf "%s\\n" "$@" >"{called}"\necho Submitted batch job 7\n')
        os.chmod(os.path.join(folder, "sbatch"), stat.S_IRWXU)
        where = {"env": {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}}
        text = self.run_alone(where, *arguments)
        for line in ("nodes=3", "ntasks-per-node=2", "cpus-per-task=5", "partition=short", "time=1-02:03:04", "job-name=study"):
            self.assertIn(f"\n#SBATCH --{line}\n", text)
        self.assertRegex(text, r"\n#SBATCH --mem=\d+M\n")
        self.assertIn("nothing was submitted", text)
        self.assertFalse(os.path.exists(called))
        self.assertIn("Submitted batch job 7", self.run_alone(where, *arguments, "--yes"))
        with open(called, encoding="utf-8") as file:
            self.assertEqual(file.read().splitlines(), [self.path("study.sbatch"), self.study])
        self.assertIn("about", self.run_alone(where, *arguments[:-1], "00:10:00", "--image-count", "10000000"))
        with open(os.path.join(folder, "sbatch"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexit 3\n")
        self.assertIn("sbatch ended with code 3", self.run_alone(where, *arguments, "--yes", code=1))

    def test_what_submit_offers_may_be_pasted_whatever_the_file_is_called(self):
        kept = self.path("node.json")
        self.times("--calibrate", "--calibration", kept)
        folder = self.path("bin")
        os.makedirs(folder)
        with open(os.path.join(folder, "sbatch"), "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        os.chmod(os.path.join(folder, "sbatch"), stat.S_IRWXU)
        for name in ("$(touch trap)", "a b;touch trap", "it's `touch trap` \"x\"", "-n --yes & touch trap", "*\\"):
            file = self.path(name, "study.ini")
            os.makedirs(self.path(name))
            shutil.copy(self.study, file)
            text = self.run_alone({}, "submit", file, "--calibration", kept, "--account", name, "--images", self.path("images"))
            self.assertIn('#SBATCH --account="' + name.replace("\\", "\\\\").replace('"', '\\"') + '"\n', text)
            offered = text.splitlines()[-1].split("or: ", 1)[1]
            done = subprocess.run(offered, shell=True, executable="/bin/bash", cwd=self.folder, capture_output=True, text=True, check=True,
                                  env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
            self.assertEqual(done.stdout.splitlines(), [file[:-4] + ".sbatch", file, "--images=" + self.path("images")])
        self.assertFalse(os.path.exists(self.path("trap")))

    def run_alone(self, where, *arguments, code=0):
        done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **where)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout


if __name__ == "__main__":
    main()
