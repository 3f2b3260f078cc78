"""docs/formats.md promises that h5py opens a study; this runs its very lines."""

import os
import re
import unittest

from coterie_program import ProgramTest, SOURCE, main, make_images, run

try:
    import h5py
except ImportError:
    h5py = None


@unittest.skipIf(h5py is None, "python3-h5py is not installed")
class Formats(ProgramTest):
    def test_the_lines_of_the_page_open_a_study(self):
        make_images(self.path("images"), each=4)
        study = self.path("study")
        run(0, "run", os.path.join(SOURCE, "configs/quickstart.ini"), "--study", study, "--images", self.path("images"), "--weights", "random:1",
            "--k", "10", "--components", "6")
        with open(os.path.join(SOURCE, "docs/formats.md"), encoding="utf-8") as file:
            lines = re.search(r"```python\n(.*?)```", file.read(), re.DOTALL).group(1)
        names = {}
        exec(lines.replace("STUDY", study), names)  # pylint: disable=exec-used
        self.assertEqual(len(names["labels"]), 16)
        self.assertEqual(len(names["paths"]), 16)
        self.assertEqual(names["paths"][0], b"discs/discs 0.png")
        self.assertEqual(set(names["labels"]), set(range(10)))


if __name__ == "__main__":
    main()
