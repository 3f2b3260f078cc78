"""A stage that is one file and one line of the list (toy_stage.cpp) works wherever stages do."""

import os

import coterie_program
from coterie_program import ProgramTest, main, make_images, run

coterie_program.PROGRAM = os.environ["COTERIE_TOY"]

STUDY = """[study]
study = {folder}/study
[scan]
images = {folder}/images
[extract]
weights = random:7
[reduce]
components = 4
[cluster]
k = 3,4
n-init = 2
[spread]
power = 3.0
"""


class NewStage(ProgramTest):
    def setUp(self):
        super().setUp()
        make_images(self.path("images"), each=8)
        with open(self.path("study.ini"), "w", encoding="utf-8") as file:
            file.write(STUDY.format(folder=self.folder))

    def test_it_runs_in_a_study_file_and_stands_in_help_info_and_verify(self):
        self.assertRegex(run(0, "--help"), "spread +measures how far")
        self.assertIn("--power P", run(0, "spread", "--help"))
        run(2, "run", self.path("study.ini"))
        artifact = self.path("study/spreads/efficientnet_lite0-pca-kmeans.h5")
        self.assertTrue(os.path.exists(artifact))
        self.assertIn("is up to date", run(0, "spread", "--study", self.path("study"), "--power", "3"))
        self.assertIn("power: 3 then, 4 now", run(0, "spread", "--study", self.path("study"), "--power", "4", code=2))
        output = run(0, "info", "--study", self.path("study"))
        self.assertIn("spreads/efficientnet_lite0-pca-kmeans", output)
        self.assertIn("power: 3\n", output)
        self.assertIn(f"{artifact}: sound", run(0, "verify", "--study", self.path("study")))

    def test_another_generation_above_it_is_found(self):
        run(0, "run", self.path("study.ini"))
        study = self.path("study")
        run(0, "cluster", "--study", study, "--k", "3,4", "--n-init", "1", "--seed", "9", "--overwrite")
        output = run(0, "verify", "--study", study, code=1)
        self.assertIn("spreads/efficientnet_lite0-pca-kmeans.h5 was made from clusterings/efficientnet_lite0-pca-kmeans as it was before", output)
        self.assertRegex(output, r"\n +coterie spread --study \S+ --clustering \S+ --power 3.0 --overwrite")
        self.assertIn("STALE", run(0, "info", "--study", study))

    def test_it_is_planned(self):
        text = run(0, "plan", self.path("study.ini"), "--ranks", "2")
        self.assertRegex(text, r"\n  spread +320 flop")
        self.assertRegex(text, r"\n  spreads +32 B")

    def test_a_mistake_in_its_options_is_told(self):
        self.assertIn("a number from 0.5 to 4", run(0, "spread", "--study", self.path("study"), "--power", "9", code=2))
        self.assertIn('did you mean "power"', run(0, "spread", "--study", self.path("study"), "--powr", "2", code=2))
        self.assertIn("run coterie cluster first", run(0, "spread", "--study", self.path("study"), code=2))


if __name__ == "__main__":
    main()
