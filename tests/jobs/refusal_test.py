"""What the program answers to mistakes: one message that says what was wrong and what to do, and the right code."""

import os

from coterie_program import SOURCE, ProgramTest, main, make_images, read, run

RANDOM = ("--weights", "random:1")


class Refusals(ProgramTest):
    def refused(self, ranks, *arguments, says, code=2):
        text = run(ranks, *arguments, code=code)
        self.assertIn(says, text)
        self.assertEqual(text.count("coterie: "), 1, text)  # one message, not one from each rank

    def test_slips_of_the_keyboard_are_answered_with_what_was_meant(self):
        self.refused(0, "exract", says='did you mean "extract"?')
        self.refused(2, "extract", "--backbon", "x", says='did you mean "backbone"?')
        self.refused(0, "extract", "--study", self.path("s"), "--backbone", "resnet51", says="resnet50")
        self.refused(0, "reduce", "--study", self.path("s"), "--components", "many", says="whole number")
        self.refused(0, "scan", "--images", self.folder, says="--study DIR")
        self.refused(0, "run", self.path("none.ini"), says="none.ini")

    def test_a_stage_without_its_input_names_the_command_to_run(self):
        study = self.path("study")
        self.refused(2, "extract", "--study", study, *RANDOM, says="run coterie scan first")
        self.refused(2, "reduce", "--study", study, says="coterie extract")
        self.refused(2, "cluster", "--study", study, "--k", "3", says="coterie reduce")
        self.refused(0, "evaluate", "--study", study, says="coterie cluster")
        self.refused(0, "report", "--study", study, says="coterie cluster")

    def test_wrong_inputs_are_named(self):
        study = self.path("study")
        os.makedirs(self.path("nothing"))
        self.refused(2, "scan", "--study", study, "--images", self.path("nothing"), says="holds no image")
        self.refused(0, "scan", "--study", study, "--images", self.path("missing"), says="missing", code=1)
        make_images(self.path("images"), each=2)
        run(0, "scan", "--study", study, "--images", self.path("images"))
        with open(self.path("weights.pth"), "w", encoding="utf-8") as file:
            file.write("no weights")
        self.refused(2, "extract", "--study", study, "--weights", self.path("weights.pth"), says="weights.pth", code=1)
        tiny = os.path.join(SOURCE, "tests/data/features/tiny_zip.pth")
        self.refused(2, "extract", "--study", study, "--weights", tiny, says="tiny_zip.pth: has no tensor '_conv_stem.weight'", code=1)
        with open(self.path("cut.pth"), "wb") as file:
            file.write(read(tiny)[:-40])
        self.refused(2, "extract", "--study", study, "--weights", self.path("cut.pth"), says="cut.pth", code=1)
        self.refused(2, "extract", "--study", study, "--device", "cuda", *RANDOM, says="device cuda was asked for")
        self.refused(0, "import", "--study", study, "--file", self.path("weights.pth"), says=".npy")
        run(2, "extract", "--study", study, *RANDOM)
        run(2, "reduce", "--study", study, "--components", "4")
        self.refused(2, "cluster", "--study", study, "--k", "9", says="9")
        self.refused(2, "reduce", "--study", study, "--components", "5", says="components: 4 then, 5 now")
        run(2, "reduce", "--study", study, "--components", "5", "--overwrite")
        run(2, "cluster", "--study", study, "--k", "2")
        self.refused(0, "evaluate", "--study", study, "--labels", "foldr", says='did you mean "folder"?')
        self.refused(0, "export", "--study", study, "--k", "7", says="k = 7")

    def test_features_with_a_hole_are_refused_with_the_row(self):
        with open(self.path("x.csv"), "w", encoding="utf-8") as file:
            file.write("a,b\n1,2\n3,nan\n5,6\n")
        self.refused(0, "import", "--study", self.path("s"), "--file", self.path("x.csv"), says="row 1")

    def test_a_dry_run_and_help_touch_nothing(self):
        make_images(self.path("images"), each=1)
        self.assertIn("would make", run(2, "scan", "--study", self.path("s"), "--images", self.path("images"), "--dry-run"))
        self.assertFalse(os.path.exists(self.path("s")))
        self.assertIn("--components N", run(0, "reduce", "--help"))
        self.assertIn("verify", run(0, "--help"))
        run(0, code=2)


if __name__ == "__main__":
    main()
